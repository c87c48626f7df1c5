// What gateways of types LDAP and RADIUS carry of their own. Nothing here makes use of it: it is kept for the clients
// that wrote it, which expect to read it again. With secrets in it, it is kept twice: without them in the clear, and
// whole, encrypted, for who may manage the gateway.

import { parseJsonObject } from '../credential/strict-json.ts'
import type { Schema } from '../store/schema.ts'
import type { Role } from './operation.ts'
import { ldapSettings, radiusSettings } from './gateway-settings-schemas.ts'
import { invalidData, type Members, type Refusal } from './outcome.ts'
import type { Roots } from './roots.ts'
import { sealBytes, unsealBytes } from './sealed.ts'
import { AuthorityRefused } from './settings.ts'

/** Settings as they are kept. */
export type KeptSettings = Pick<Schema['gateways'], 'settings' | 'sealedSettings' | 'settingsKey'>
type KeptOf = KeptSettings & Pick<Schema['gateways'], 'id'>

const bytesMax = 16 * 1024
const purpose = 'encrypt gateway settings'
/** No settings. */
export const noSettings: KeptSettings = { settings: null, sealedSettings: null, settingsKey: null }

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
  { id, ...before }: KeptOf,
  body: { readonly type: string },
  roots: Roots,
): { readonly kind: 'taken'; readonly kept: KeptSettings } | Refusal {
  const own = membersOf.get(body.type)
  const given = Object.entries(body).filter(([name]) => own?.has(name))
  if (given.length === 0) {
    const { settings, sealedSettings, settingsKey } = before
    return { kind: 'taken', kept: { settings, sealedSettings, settingsKey } }
  }
  const whole = JSON.stringify(Object.fromEntries(given))
  if (Buffer.byteLength(whole) > bytesMax) return tooMuch()
  const settings = JSON.stringify(Object.fromEntries(given), withoutSecret)
  if (settings === whole) return { kind: 'taken', kept: { ...noSettings, settings } }
  const under = roots.derive(roots.current, purpose)
  if (!under) throw new AuthorityRefused('there is no key to encrypt settings with')
  const sealedSettings = sealBytes(Buffer.from(whole), under, nameOf(id))
  return { kind: 'taken', kept: { settings, sealedSettings, settingsKey: roots.current } }
}

/** The settings as anybody may see them. */
export function openSettings({ settings }: Pick<KeptSettings, 'settings'>): Members {
  return settings === null ? {} : (parseJsonObject(Buffer.from(settings)) ?? {})
}

/** The settings as somebody may see them who has a role. */
export function settingsFor(role: Role, kept: KeptOf, roots: Roots): Members {
  const { id, sealedSettings, settingsKey } = kept
  const manages = role === 'organization-admin' || role === 'environment-admin'
  const under = settingsKey === null ? undefined : roots.derive(settingsKey, purpose)
  if (!manages || !under || sealedSettings === null) return openSettings(kept)
  const whole = unsealBytes(sealedSettings, under, nameOf(id))
  return (whole && parseJsonObject(whole)) ?? openSettings(kept)
}

function withoutSecret(name: string, value: unknown): unknown {
  return secret.has(name) ? undefined : value
}

function nameOf(id: string): string {
  return `gateways ${id}`
}

function tooMuch(): Refusal {
  return invalidData({
    code: 'SIZE_LIMIT_EXCEEDED',
    target: 'type',
    message: `the settings of a gateway have ${bytesMax} bytes at the most`,
    innerError: { maximumValue: bytesMax },
  })
}
