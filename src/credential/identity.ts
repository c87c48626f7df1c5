import { rangeOf, type AddressRange } from './address-range.ts'
import { isJsonObject, type JsonObject, type JsonValue } from './strict-json.ts'
import { isUuid } from './uuid.ts'

const textLengthMax = 1024

/** The gateway that a token speaks for. */
export interface GatewayIdentity {
  readonly id: string
  readonly name: string
  readonly environmentId: string
  /** Empty where an outside issuer does not say. */
  readonly type: string
}

/** Reads the documented claims of a credential of this installation. */
export function ownGateway(payload: JsonObject): GatewayIdentity | undefined {
  const { jti, organizationId, gatewayId: id, environmentId, iat } = payload
  const { gatewayName: name, gatewayType: type, environmentName, organizationName } = payload
  const { authUrl, consoleUrl, region, targetClusterEnvironment, targetGeography } = payload
  if (!isUuid(jti) || !isUuid(organizationId) || !isUuid(id) || !isUuid(environmentId)) {
    return undefined
  }
  const places = [authUrl, consoleUrl, region, targetClusterEnvironment, targetGeography]
  if (!places.every(isText) || !isText(environmentName) || !isText(organizationName)) {
    return undefined
  }
  return isText(name) && isText(type) && iat !== undefined
    ? { id, environmentId, name, type }
    : undefined
}

const isText = (value: JsonValue | undefined) => typeof value === 'string'

/** Reads the gateway of an outside issuer's token: the claim that is named, else `gatewayId`, else `sub`. */
export function outsideGateway(
  payload: JsonObject,
  claim: string | undefined,
): GatewayIdentity | undefined {
  const id = textClaim(payload, claim ?? firstOf(payload, 'gatewayId', 'sub'))
  const environmentId = textOrAbsent(payload, 'environmentId')
  if (id === undefined || environmentId === undefined) return undefined
  const type = textClaim(payload, 'gatewayType') ?? ''
  return { id, name: textClaim(payload, 'gatewayName') ?? '', environmentId, type }
}

/** The API client that a token speaks for. */
export interface ClientIdentity {
  readonly id: string
  readonly subject: string
  readonly scope: string
  /** Raised to end all tokens of an API credential; outside issuers have none. */
  readonly generation: number
  /** Where the token may be used from; `undefined` for anywhere. */
  readonly addresses: readonly AddressRange[] | undefined
}

/** Reads the client of an access token of this installation. */
export function ownClient(payload: JsonObject): ClientIdentity | undefined {
  const { scope, gen, allowed_addresses: allowed } = payload
  const id = textClaim(payload, 'client_id')
  const subject = textClaim(payload, 'sub')
  const generation =
    typeof gen === 'number' && Number.isSafeInteger(gen) && gen >= 0 ? gen : undefined
  const whole = payload['iat'] !== undefined && payload['exp'] !== undefined
  if (!whole || id === undefined || subject === undefined) return undefined
  if (generation === undefined || typeof scope !== 'string') return undefined
  if (allowed === undefined) return { id, subject, scope, generation, addresses: undefined }
  const addresses = addressRanges(allowed)
  return addresses && { id, subject, scope, generation, addresses }
}

/** The ranges of a claim, which must be a list of them: one that cannot be read bounds nothing. */
function addressRanges(value: JsonValue): readonly AddressRange[] | undefined {
  if (!Array.isArray(value)) return undefined
  const list: readonly JsonValue[] = value
  const ranges = list.flatMap((text) => (typeof text === 'string' ? (rangeOf(text) ?? []) : []))
  return ranges.length === list.length && ranges.length > 0 ? ranges : undefined
}

/** Reads the client of an outside issuer's token, which must say when it was issued and when it expires. */
export function outsideClient(payload: JsonObject): ClientIdentity | undefined {
  const id = textClaim(payload, firstOf(payload, 'client_id', 'sub'))
  const subject = textOrAbsent(payload, 'sub')
  const bounded = payload['exp'] !== undefined && payload['iat'] !== undefined
  if (!bounded || id === undefined || subject === undefined) return undefined
  const scope = textClaim(payload, 'scope') ?? ''
  return { id, subject: subject || id, scope, generation: 0, addresses: undefined }
}

/** Reads the roles of an administrator's token. */
export function administratorRoles(payload: JsonObject): readonly JsonObject[] | undefined {
  const { roles } = payload
  if (!Array.isArray(roles) || payload['exp'] === undefined || payload['iat'] === undefined) {
    return undefined
  }
  const list: readonly JsonValue[] = roles
  return list.every(isJsonObject) ? list : undefined
}

/** A claim that is text of bounded length, or `undefined`. */
function textClaim(payload: JsonObject, name: string): string | undefined {
  const value = payload[name]
  const fits = typeof value === 'string' && value.length > 0 && value.length <= textLengthMax
  return fits ? value : undefined
}

/** The first of two claims that is there: one that is malformed is not passed over. */
function firstOf(payload: JsonObject, first: string, second: string): string {
  return payload[first] === undefined ? second : first
}

/** A claim that may be absent, which is empty text, but not malformed. */
function textOrAbsent(payload: JsonObject, name: string): string | undefined {
  return payload[name] === undefined ? '' : textClaim(payload, name)
}
