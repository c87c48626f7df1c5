import type { Algorithm } from '../credential/algorithm.ts'

/** What the configuration says to the authority. */
export interface AuthoritySettings {
  /** Where clients reach the authority; no slash at the end. */
  readonly publicUrl: string
  /** Where gateways reach the decisions. */
  readonly verifierUrl: string
  readonly credentials: {
    readonly issuer: string
    readonly audience: string
    readonly algorithm: Algorithm
    readonly maxPerGateway: number
    /** Whether credentials say where their status stands, for third parties. */
    readonly statusList: boolean
  }
  readonly oauth: {
    readonly accessTokenLifetimeMs: number
    /** How long at most a previous secret is accepted beside the one that took its place. */
    readonly maxOverlapMs: number
    readonly maxPerOrganization: number
  }
  readonly region: string
  readonly targetGeography: string
  readonly targetClusterEnvironment: string
  readonly revocationWaitMs: number
  readonly limits: {
    readonly headerBytes: number
    readonly bodyBytes: number
    /** Connections at a time, those of followers too. */
    readonly sockets: number
  }
}

/** The authority cannot start as it is told to; the message is one line for the operator. */
export class AuthorityRefused extends Error {
  override readonly name = 'AuthorityRefused'
}

/** The `aud` of administrators' tokens, which no other kind of token may have. */
export function managementAudience({ publicUrl }: AuthoritySettings): string {
  return `${publicUrl}/v1`
}
