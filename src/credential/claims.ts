import { isEpochSeconds, type EpochSeconds, type Lifetime } from './time.ts'
import type { JsonObject, JsonValue } from './strict-json.ts'

/** Who a token speaks for. No kind is ever taken for another. */
export type TokenKind = 'gateway' | 'client' | 'administrator'

/** The `typ` by which Warder's own tokens are told apart. */
export const ownTypes = {
  gateway: 'gateway-credential+jwt',
  client: 'at+jwt',
  administrator: 'at+jwt',
} as const

/** Every `typ` that Warder itself issues; no outside issuer's token may bear one of another kind. */
export const reservedTypes: ReadonlySet<string> = new Set([
  'gateway-credential+jwt',
  'at+jwt',
  'statuslist+jwt',
  'warder-feed+jwt',
])

/** The claims of a gateway credential, besides `jti`, which the issuer gives. */
export interface GatewayCredentialClaims {
  readonly iss: string
  readonly aud: string
  readonly jti: string
  readonly iat: EpochSeconds
  readonly authUrl: string
  readonly consoleUrl: string
  readonly apiUrl: string
  readonly httpAccessApiUrl: string
  readonly environmentId: string
  readonly environmentName: string
  readonly gatewayId: string
  readonly gatewayName: string
  readonly gatewayType: string
  readonly organizationId: string
  readonly organizationName: string
  readonly region: string
  readonly targetClusterEnvironment: string
  readonly targetGeography: string
}

/** Where the status of a credential stands, for third parties. */
export type StatusClaims = {
  readonly status?: { readonly status_list: { readonly idx: number; readonly uri: string } }
}

/** The claims of a Token Status List. */
export interface StatusListClaims {
  readonly iss: string
  readonly sub: string
  readonly iat: EpochSeconds
  readonly exp: EpochSeconds
  /** After how many seconds it should be asked for again. */
  readonly ttl: number
  readonly status_list: { readonly bits: number; readonly lst: string }
}

/** The claims of an access token, which an API credential buys. */
export interface AccessTokenClaims {
  readonly iss: string
  readonly aud: string
  readonly jti: string
  readonly iat: EpochSeconds
  readonly exp: EpochSeconds
  readonly sub: string
  readonly client_id: string
  readonly scope: string
  readonly gen: number
  /** Where it may be used from; anywhere where this is left out. */
  readonly allowed_addresses?: readonly string[]
}

/** The claims of an administrator's token, good for the management API only. */
export interface AdministratorClaims {
  readonly iss: string
  readonly aud: string
  readonly jti: string
  readonly iat: EpochSeconds
  readonly exp: EpochSeconds
  readonly sub: string
  readonly roles: readonly JsonObject[]
}

/** What every token says of itself, in form. */
export interface CommonClaims extends Lifetime {
  readonly jti: string
}

const jtiLengthMax = 256
const visibleAscii = /^[\x21-\x7e]+$/

/** The claims that bound a token, if they are well formed; a time that is there must be a time. */
export function commonClaims(payload: JsonObject): CommonClaims | undefined {
  const { jti, iat, nbf, exp } = payload
  if (typeof jti !== 'string' || jti.length > jtiLengthMax || !visibleAscii.test(jti))
    return undefined
  if (!isTimeOrAbsent(iat) || !isTimeOrAbsent(nbf) || !isTimeOrAbsent(exp)) return undefined
  return { jti, issuedAt: iat, notBefore: nbf, expiresAt: exp }
}

function isTimeOrAbsent(value: JsonValue | undefined): value is EpochSeconds | undefined {
  return value === undefined || isEpochSeconds(value)
}

/** Whether `aud` is, or contains, one of the audiences. */
export function audienceMatches(
  aud: JsonValue | undefined,
  audiences: ReadonlySet<string>,
): boolean {
  if (typeof aud === 'string') return audiences.has(aud)
  if (!Array.isArray(aud)) return false
  const list: readonly JsonValue[] = aud
  return (
    list.every((entry) => typeof entry === 'string') &&
    list.some((entry) => typeof entry === 'string' && audiences.has(entry))
  )
}

/** A `typ` as it is compared: without regard to letter case, `application/` being optional. */
export function canonicalType(typ: JsonValue | undefined): string | undefined {
  if (typeof typ !== 'string') return undefined
  const lower = typ.toLowerCase()
  return lower.startsWith('application/') ? lower.slice('application/'.length) : lower
}
