import { algorithms } from '../credential/algorithm.ts'
import { ownTypes } from '../credential/claims.ts'
import { createProfile, type Issuer, type Profile } from '../credential/key-ring.ts'
import { importKeySet } from '../credential/key-set.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../credential/strict-json.ts'

/** A name under which the authority issues, with the keys that sign for it: plain data. */
export interface SnapshotIssuer {
  readonly name: string
  /** A JWK set of public keys. */
  readonly jwks: JsonObject
  /** The `aud` of gateway credentials. */
  readonly gatewayAudiences: readonly string[]
  /** The `aud` of access tokens: one of each organization. */
  readonly clientAudiences: readonly string[]
}

/** Makes issuers of what is known of them; throws where a key cannot be used. */
export async function importIssuers(issuers: Iterable<SnapshotIssuer>): Promise<readonly Issuer[]> {
  return Promise.all(
    [...issuers].map(async (issuer) => {
      const set = await importKeySet(issuer.jwks, algorithms)
      if (!set || set.unusable.length > 0) throw new TypeError('a key cannot be used')
      return { name: issuer.name, profiles: profilesOf(issuer), keys: set.keys }
    }),
  )
}

/** What an issuer's tokens must look like. */
export function profilesOf({
  gatewayAudiences,
  clientAudiences,
}: SnapshotIssuer): readonly Profile[] {
  return [
    ownProfile('gateway', gatewayAudiences),
    ...(clientAudiences.length > 0 ? [ownProfile('client', clientAudiences)] : []),
  ]
}

function ownProfile(kind: 'gateway' | 'client', audiences: readonly string[]): Profile {
  return createProfile({
    kind,
    typ: ownTypes[kind],
    audiences: new Set(audiences),
    gatewayClaim: undefined,
    own: true,
  })
}

/** Reads an issuer that was written down; `undefined` when any of it is not as it has to be. */
export function readIssuer(value: JsonValue | undefined): SnapshotIssuer | undefined {
  if (!isJsonObject(value)) return undefined
  const { name, jwks, gatewayAudiences, clientAudiences } = value
  const named = typeof name === 'string' && name !== '' && isJsonObject(jwks)
  if (!named || !isTexts(gatewayAudiences) || !isTexts(clientAudiences)) return undefined
  return { name, jwks, gatewayAudiences, clientAudiences }
}

function isTexts(value: JsonValue | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((text: JsonValue) => typeof text === 'string')
}
