// What a verifier trusts, for benchmarks that judge tokens in their own process.

import { createProfile } from '../src/credential/key-ring.ts'
import { importKeySet } from '../src/credential/key-set.ts'
import { createStanding, isRevision, type Standing } from '../src/standing/standing.ts'
import { audience, issuer, publicKeySet, type Algorithm } from './material.ts'

/** A standing in which the tokens of an algorithm are trusted and nothing is revoked. */
export async function standingOf(algorithm: Algorithm): Promise<Standing> {
  const revision = 1
  const keySet = await importKeySet(publicKeySet(algorithm), ['RS256', 'ES256', 'EdDSA'])
  if (!keySet || !isRevision(revision)) throw new TypeError('no keys')
  const profile = createProfile({
    kind: 'gateway',
    typ: undefined,
    audiences: new Set([audience]),
    gatewayClaim: undefined,
    own: true,
  })
  return createStanding({
    revision,
    issuers: [{ name: issuer, profiles: [profile], keys: keySet.keys }],
    revokedTables: [],
    accepted: undefined,
    gateways: new Map(),
    environments: new Map(),
    clients: new Map(),
    marks: new Map(),
  })
}
