import { generateKeyPairSync, randomUUID } from 'node:crypto'
import {
  createKeyRing,
  createProfile,
  type Issuer,
  type KeyRing,
} from '../../src/credential/key-ring.ts'
import { importKeySet } from '../../src/credential/key-set.ts'
import type { JsonValue } from '../../src/credential/strict-json.ts'
import { ownTypes } from '../../src/credential/claims.ts'
import type { Signer, Target } from './forge.ts'
import {
  accessClaims,
  administratorClaims,
  administratorProfile,
  clientAudience,
  credentialAudience,
  gatewayClaims,
  issuer,
  keys,
  now,
  profiles,
} from './installation.ts'

// An installation under attack: its own keys, and three outside issuers of which one has a key of the same name.

const other = signer('https://other.test', keys.RS256.kid, generateKeyPairSync('rsa', rsa()))
const partners = signer('https://partners.test', 'partners-1', generateKeyPairSync('ec', p256()))
const single = signer('https://single.test', undefined, generateKeyPairSync('ed25519'))

/** Every key that signs in a recipe; `unknown` poses as the installation, and nobody trusts it. */
export const signers: Readonly<Record<string, Signer>> = {
  RS256: { issuer, ...keys.RS256 },
  ES256: { issuer, ...keys.ES256 },
  EdDSA: { issuer, ...keys.EdDSA },
  other,
  partners,
  single,
  unknown: signer(issuer, keys.ES256.kid, generateKeyPairSync('ec', p256())),
}

function rsa() {
  return { modulusLength: 2048 }
}
function p256() {
  return { namedCurve: 'P-256' }
}

type Pair = Pick<Signer, 'privateKey' | 'publicKey'>

function signer(name: string, kid: string | undefined, pair: Pair): Signer {
  const type = pair.publicKey.asymmetricKeyType
  const algorithm = type === 'rsa' ? 'RS256' : type === 'ec' ? 'ES256' : 'EdDSA'
  return { issuer: name, kid, algorithm, ...pair }
}

/** What the recipes are forged against. */
export const target: Target = {
  now,
  signers,
  honest: (kind, { issuer: iss, kid, algorithm: alg }) => ({
    header: { alg, ...(kid !== undefined && { kid }), typ: types[kind] ?? '' },
    payload: { ...claims[kind]?.(), iss },
  }),
}

const types: Readonly<Record<string, string>> = { ...ownTypes, 'status-list': 'statuslist+jwt' }

const claims: Readonly<Record<string, () => Record<string, string | number | readonly {}[]>>> = {
  gateway: () => ({ ...gatewayClaims() }),
  client: () => ({ ...accessClaims() }),
  administrator: () => ({ ...administratorClaims(), roles: [{ role: 'organization-admin' }] }),
  'status-list': () => ({ sub: `${issuer}/status`, iat: now, exp: now + 600, jti: randomUUID() }),
}

/** Whom the doors trust. */
export const doorIssuers: readonly Issuer[] = [
  await trust([signers['RS256'], signers['ES256'], signers['EdDSA']], profiles),
  await trust([other], [outside('gateway', credentialAudience)]),
  await trust([partners], [outside('client', clientAudience)]),
  await trust([single], [outside('gateway', credentialAudience)]),
]

/** The rings of the doors and of the management API. */
export const rings: Readonly<Record<'door' | 'management', KeyRing>> = {
  door: createKeyRing(1, doorIssuers),
  management: createKeyRing(1, [
    await trust([signers['RS256'], signers['ES256'], signers['EdDSA']], [administratorProfile]),
  ]),
}

function outside(kind: 'gateway' | 'client', audience: string): Issuer['profiles'][number] {
  const audiences = new Set([audience])
  return createProfile({ kind, typ: undefined, audiences, gatewayClaim: undefined, own: false })
}

async function trust(
  list: readonly (Signer | undefined)[],
  accepted: Issuer['profiles'],
): Promise<Issuer> {
  const jwks = {
    keys: list.map((key) => ({ ...key?.publicKey.export({ format: 'jwk' }), ...named(key) })),
  }
  const json: JsonValue = JSON.parse(JSON.stringify(jwks))
  const set = await importKeySet(json, ['RS256', 'ES256', 'EdDSA'])
  if (set?.unusable.length !== 0) throw new TypeError('the test keys cannot be imported')
  return { name: list[0]?.issuer ?? '', profiles: accepted, keys: set.keys }
}

function named(key: Signer | undefined) {
  return key?.kid === undefined ? {} : { kid: key.kid }
}
