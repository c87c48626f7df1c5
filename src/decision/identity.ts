import type { Proof } from '../credential/proof.ts'

/** Who a proof speaks for, each in visible ASCII without a comma, empty where it does not say. */
export interface Identity {
  readonly gatewayId: string
  readonly gatewayName: string
  readonly environmentId: string
  readonly credentialId: string
  readonly subject: string
  readonly scope: string
}

export const nobody: Identity = Object.freeze({
  gatewayId: '',
  gatewayName: '',
  environmentId: '',
  credentialId: '',
  subject: '',
  scope: '',
})

/** Reads a proof's identity. */
export function identify(proof: Proof): Identity {
  const identity = { ...nobody, credentialId: safe(proof.jti) }
  switch (proof.kind) {
    case 'gateway':
      identity.gatewayId = safe(proof.gateway.id)
      identity.gatewayName = safe(proof.gateway.name)
      identity.environmentId = safe(proof.gateway.environmentId)
      return Object.freeze(identity)
    case 'client':
      identity.subject = safe(proof.client.subject)
      identity.scope = safeList(proof.client.scope)
      return Object.freeze(identity)
    case 'administrator':
      return nobody
  }
}

/** The gateway's identity with that of the client behind it. */
export function joinIdentities(gateway: Identity, client: Identity): Identity {
  return { ...gateway, subject: client.subject, scope: client.scope }
}

// Gateways join, cut or reject what is not plain; percent-encoding keeps any name in one header value.
const unsafe = /[^\x21-\x24\x26-\x2b\x2d-\x7e]/gu

function safe(text: string): string {
  return text.replace(unsafe, (character) => encodeURIComponent(character))
}

/** Words stay apart by single spaces, as in the claim. */
function safeList(text: string): string {
  return text.split(' ').filter(Boolean).map(safe).join(' ')
}
