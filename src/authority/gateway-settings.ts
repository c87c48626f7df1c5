// What gateways of types LDAP and RADIUS carry of their own. Nothing here makes use of it: it is kept for the clients
// that wrote it, which expect to read it again. Secrets among it are not kept: there is no use for them here, and nobody
// may read any.

import { parseJsonObject } from '../credential/strict-json.ts'
import { ldapSettings, radiusSettings } from './gateway-settings-schemas.ts'
import { invalidData, type Members, type Refusal } from './outcome.ts'

const bytesMax = 16 * 1024

const membersOf: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['LDAP', new Set(Object.keys(ldapSettings))],
  ['RADIUS', new Set(Object.keys(radiusSettings))],
])
const secret = new Set([
  'bindPassword',
  'serviceAccountPassword',
  'defaultSharedSecret',
  'sharedSecret',
])

/** Takes the settings out of what a client wrote; what it did not mention at all stays as it was. */
export function takeSettings(
  before: string | null,
  body: { readonly type: string },
): { readonly kind: 'taken'; readonly settings: string | null } | Refusal {
  const own = membersOf.get(body.type)
  const given = Object.entries(body).filter(([name]) => own?.has(name))
  if (given.length === 0) return { kind: 'taken', settings: before }
  const settings = JSON.stringify(Object.fromEntries(given), withoutSecret)
  return Buffer.byteLength(settings) > bytesMax ? tooMuch() : { kind: 'taken', settings }
}

/** The settings as they are shown. */
export function showSettings(settings: string | null): Members {
  return settings === null ? {} : (parseJsonObject(Buffer.from(settings)) ?? {})
}

function withoutSecret(name: string, value: unknown): unknown {
  return secret.has(name) ? undefined : value
}

function tooMuch(): Refusal {
  return invalidData({
    code: 'SIZE_LIMIT_EXCEEDED',
    target: 'type',
    message: `the settings of a gateway have ${bytesMax} bytes at the most`,
    innerError: { maximumValue: bytesMax },
  })
}
