import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createProfile, type ProfileFacts } from '../../src/credential/key-ring.ts'
import { mintGatewayCredential } from '../../src/credential/mint.ts'
import type { Freshness, View } from '../../src/decision/decide.ts'
import { createProofCache } from '../../src/decision/proof-cache.ts'
import { createStanding, patchStanding, type Standing } from '../../src/standing/standing.ts'
import { credentialAudience, gatewayClaims, keys } from '../credential/installation.ts'
import { gatewayDoor, judgeBy, liveToken, view } from '../doors/live-view.ts'

const request = { method: 'GET', target: '/', host: 'a', scheme: 'http', address: undefined }

/** What is decided about a token, and why. */
function decided(by: View, token = liveToken): readonly [string, string] {
  const gateway = { kind: 'token', token } as const
  const client = { kind: 'credential-missing' } as const
  const { kind, reason } = judgeBy(gatewayDoor, by)({ gateway, client, request })
  return [kind, reason]
}

test('AT-51: a standing that has expired answers as configured, and one that is stale still counts', () => {
  const allowed = ['allow', 'allowed']
  for (const [expired, wanted] of [
    ['unavailable', ['unavailable', 'state-expired']],
    ['deny', ['deny', 'denied-in-outage']],
    ['allow', allowed],
  ] as const) {
    const outage = { noState: 'unavailable', expired, internalError: 'unavailable' } as const
    const at = (freshness: Freshness): View => ({ ...view, freshness, outage })
    assert.deepEqual(decided(at('expired')), wanted)
    for (const freshness of ['fresh', 'stale'] as const) {
      assert.deepEqual(decided(at(freshness)), allowed)
      assert.deepEqual(decided(at(freshness), 'x'), ['deny', 'token-malformed'])
    }
  }
  // Where it goes on, it makes up for nothing that it refuses.
  assert.deepEqual(decided({ ...view, freshness: 'expired' }, 'x'), ['deny', 'token-malformed'])
})

const { standing: first } = view
assert.ok(first)

test('AT-48: of an issuer that was never read nothing is told, and it is answered as configured', () => {
  const { revision } = first
  const issuers = first.issuers.map((issuer) => ({ ...issuer, isUnread: true }))
  const unread = patchStanding(first, { revision, issuers })
  for (const [noState, wanted] of [
    ['unavailable', ['unavailable', 'keys-unread']],
    ['deny', ['deny', 'denied-in-outage']],
    ['allow', ['allow', 'allowed-in-outage']],
  ] as const) {
    const outage = { noState, expired: 'unavailable', internalError: 'unavailable' } as const
    const by: View = { ...view, cache: createProofCache(10), outage }
    assert.deepEqual(decided(by), ['allow', 'allowed'])
    assert.deepEqual(decided({ ...by, standing: unread }), wanted)
    // What is no token, or of nobody, is refused as ever.
    assert.deepEqual(decided({ ...by, standing: unread }, 'x'), ['deny', 'token-malformed'])
    assert.deepEqual(decided({ ...by, standing: first }), ['allow', 'allowed'])
  }
})

const accepting = (changes: Partial<ProfileFacts>) =>
  first.issuers.map((issuer) => ({
    ...issuer,
    profiles: issuer.profiles.map((profile) => createProfile({ ...profile, ...changes })),
  }))

test('AT-21: a token that is known is judged by what its issuer may say now, not by what it might', async () => {
  const token = await mintGatewayCredential(gatewayClaims(), keys.EdDSA)
  const cache = createProofCache(10)
  const at = (standing: Standing) => decided({ ...view, standing, cache }, token)
  // What is trusted besides an authority changes without its revision.
  const { revision } = first
  const following = (issuers = first.issuers) => patchStanding(first, { revision, issuers })
  const for_ = (...audiences: readonly string[]) =>
    following(accepting({ audiences: new Set(audiences) }))

  assert.deepEqual(at(first), ['allow', 'allowed'])
  for (const [standing, wanted] of [
    [for_(credentialAudience, 'https://another.test'), ['allow', 'allowed']],
    [for_('https://another.test'), ['deny', 'audience-refused']],
    [following(), ['allow', 'allowed']],
    [following(accepting({ typ: 'another+jwt' })), ['deny', 'type-refused']],
    [following([]), ['deny', 'issuer-unknown']],
    [createStanding(first), ['allow', 'allowed']],
  ] as const) {
    assert.deepEqual(at(standing), wanted)
    assert.deepEqual(at(standing), wanted)
  }
})
