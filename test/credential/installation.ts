import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto'
import type { Algorithm } from '../../src/credential/algorithm.ts'
import type {
  AccessTokenClaims,
  AdministratorClaims,
  GatewayCredentialClaims,
} from '../../src/credential/claims.ts'
import { ownTypes } from '../../src/credential/claims.ts'
import {
  createKeyRing,
  createProfile,
  type KeyRing,
  type Profile,
} from '../../src/credential/key-ring.ts'
import { importKeySet } from '../../src/credential/key-set.ts'
import type { SigningKey } from '../../src/credential/mint.ts'
import { epochSeconds, type EpochSeconds } from '../../src/credential/time.ts'

// One installation with a key of each algorithm, and the ring that trusts it.

export const issuer = 'https://warder.test'
export const credentialAudience = 'https://api.warder.test'
export const clientAudience = 'urn:warder:tenant-1'
export const managementAudience = 'https://warder.test/v1'
export const now: EpochSeconds = epochSeconds(1_790_000_000)

export const profiles: readonly Profile[] = [
  profile('gateway', credentialAudience),
  profile('client', clientAudience),
]
export const administratorProfile = profile('administrator', managementAudience)

function profile(kind: Profile['kind'], audience: string): Profile {
  const audiences = new Set([audience])
  return createProfile({ kind, typ: ownTypes[kind], audiences, gatewayClaim: undefined, own: true })
}

export interface TestKey extends SigningKey {
  readonly publicKey: KeyObject
}

const pairs = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
}

export const keys: Readonly<Record<Algorithm, TestKey>> = {
  RS256: { kid: 'key-rs256', algorithm: 'RS256', ...pairs.RS256 },
  ES256: { kid: 'key-es256', algorithm: 'ES256', ...pairs.ES256 },
  EdDSA: { kid: 'key-eddsa', algorithm: 'EdDSA', ...pairs.EdDSA },
}

/** The public half of keys, as a JWK set. */
export function jwksOf(list: readonly TestKey[]) {
  return {
    keys: list.map(({ kid, algorithm, publicKey }) => ({
      ...publicKey.export({ format: 'jwk' }),
      kid,
      alg: algorithm,
      use: 'sig',
    })),
  }
}

/** A ring that trusts the installation's keys for the given profiles. */
export async function ringOf(
  list: readonly TestKey[] = Object.values(keys),
  accepted: readonly Profile[] = profiles,
): Promise<KeyRing> {
  const set = await importKeySet(JSON.parse(JSON.stringify(jwksOf(list))), [
    'RS256',
    'ES256',
    'EdDSA',
  ])
  if (!set || set.unusable.length > 0) throw new TypeError('the test keys cannot be imported')
  return createKeyRing(1, [{ name: issuer, profiles: accepted, keys: set.keys }])
}

/** The claims of a credential as the authority would mint it. */
export function gatewayClaims(
  changes: Partial<GatewayCredentialClaims> = {},
): GatewayCredentialClaims {
  return {
    iss: issuer,
    aud: credentialAudience,
    jti: randomUUID(),
    iat: epochSeconds(now - 3600),
    authUrl: issuer,
    consoleUrl: `${issuer}/console/`,
    apiUrl: `${issuer}/v1`,
    httpAccessApiUrl: 'https://verifier.warder.test',
    environmentId: randomUUID(),
    environmentName: 'Production',
    gatewayId: randomUUID(),
    gatewayName: 'Edge, Zürich',
    gatewayType: 'API_GATEWAY_INTEGRATION',
    organizationId: randomUUID(),
    organizationName: 'Example',
    region: 'local',
    targetClusterEnvironment: 'default',
    targetGeography: 'NA',
    ...changes,
  }
}

/** The claims of an access token as the token endpoint would mint it. */
export function accessClaims(changes: Partial<AccessTokenClaims> = {}): AccessTokenClaims {
  return {
    iss: issuer,
    aud: clientAudience,
    jti: randomUUID(),
    iat: epochSeconds(now - 60),
    exp: epochSeconds(now + 3540),
    sub: 'client-1',
    client_id: 'client-1',
    scope: 'payments:read payments:write',
    gen: 0,
    ...changes,
  }
}

/** The claims of an administrator's token. */
export function administratorClaims(
  changes: Partial<AdministratorClaims> = {},
): AdministratorClaims {
  return {
    iss: issuer,
    aud: managementAudience,
    jti: randomUUID(),
    iat: now,
    exp: epochSeconds(now + 900),
    sub: 'admin-1',
    roles: [{ role: 'organization-admin' }],
    ...changes,
  }
}
