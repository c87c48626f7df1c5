import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mintAccessToken, mintGatewayCredential } from '../../src/credential/mint.ts'
import type { View } from '../../src/decision/decide.ts'
import { createProofCache } from '../../src/decision/proof-cache.ts'
import { patchStanding } from '../../src/standing/standing.ts'
import { createAdmission } from '../../src/verifier/admission.ts'
import { accessClaims, gatewayClaims, keys } from '../credential/installation.ts'
import { environmentId, gatewayDoor, judgeBy, view } from '../doors/live-view.ts'
import { manualClock } from '../manual-clock.ts'

const request = { method: 'GET', target: '/', host: 'a', scheme: 'http', address: undefined }
const missing = { kind: 'credential-missing' } as const
// Of all signatures those of RS256 are the quickest to check.
const mint = async (key = keys.RS256) =>
  mintGatewayCredential(gatewayClaims({ environmentId }), key)

/** Judges by a budget of its own that time adds nothing to, and keeps so many proofs. */
function judgeInTime(kept = 100, otherwise: Partial<View> = {}) {
  const admission = createAdmission(manualClock().monotonic)
  const judge = judgeBy(gatewayDoor, {
    ...view,
    cache: createProofCache(kept),
    admission,
    ...otherwise,
  })
  return (token: string) =>
    judge({ gateway: { kind: 'token', token }, client: missing, request }).reason
}

test('what names no key that is trusted uses up none of the time for tokens that were not seen before', async () => {
  const judge = judgeInTime()
  const foreign = await mint(keys.ES256)
  for (let count = 0; count < 6000; count++) {
    assert.equal(judge('x'), 'token-malformed')
    assert.equal(judge(foreign), 'key-unknown')
  }
  assert.equal(judge(await mint()), 'allowed')
})

test('forged signatures beyond that time are told to come back, and so is whoever was not seen before', async () => {
  const judge = judgeInTime()
  const live = await mint()
  assert.equal(judge(live), 'allowed')
  const forged = (await mint()).replace(/[^.]{8}$/, 'AAAAAAAA')
  const reasons = Array.from({ length: 5001 }, () => judge(forged))
  assert.deepEqual(new Set(reasons.slice(0, 4999)), new Set(['signature-invalid']))
  assert.deepEqual(new Set(reasons.slice(4999)), new Set(['overloaded']))
  assert.equal(judge(await mint()), 'overloaded')
  assert.equal(judge(live), 'allowed')
})

test('tokens that are live use up none of that time where they have waited, however many come at once', async () => {
  const judge = judgeInTime(1, { hasWaited: true })
  // Where one alone is kept, each of two is seen for the first time again and again.
  const [one, other] = [await mint(), await mint()]
  for (let count = 0; count < 3000; count++) {
    assert.equal(judge(one), 'allowed')
    assert.equal(judge(other), 'allowed')
  }
})

test('where nobody waits, live tokens that were not seen before use it up like all', async () => {
  const judge = judgeInTime(1)
  const [one, other] = [await mint(), await mint()]
  for (let count = 0; count < 2500; count++) {
    assert.equal(judge(one), 'allowed')
    assert.equal(judge(other), 'allowed')
  }
  assert.equal(judge(one), 'overloaded')
})

test('what a trusted key signed and is not live does use it up', async () => {
  const judge = judgeInTime(100, { hasWaited: true })
  const dead = await mintGatewayCredential(
    gatewayClaims({ environmentId, aud: 'https://another.example' }),
    keys.RS256,
  )
  const reasons = Array.from({ length: 5000 }, () => judge(dead))
  assert.deepEqual(new Set(reasons), new Set(['audience-refused']))
  assert.equal(judge(dead), 'overloaded')
})

test('a token that is proved and refused uses it up too, even where it has waited', async () => {
  const { standing } = view
  assert.ok(standing)
  const [one, other] = [gatewayClaims({ environmentId }), gatewayClaims({ environmentId })]
  const gateways = new Map([one, other].map(({ gatewayId }) => [gatewayId, 'disabled'] as const))
  const known = patchStanding(standing, { revision: standing.revision, gateways })
  const judge = judgeInTime(1, { hasWaited: true, standing: known })
  const tokens = [
    await mintGatewayCredential(one, keys.RS256),
    await mintGatewayCredential(other, keys.RS256),
  ]
  for (let count = 0; count < 2500; count++) {
    for (const token of tokens) assert.equal(judge(token), 'gateway-disabled')
  }
  assert.equal(judge(tokens[0] ?? ''), 'overloaded')
})

test('a token of the wrong kind is checked once, however often it is brought', async () => {
  const judge = judgeInTime()
  const client = await mintAccessToken(accessClaims(), keys.RS256)
  for (let count = 0; count < 6000; count++) assert.equal(judge(client), 'kind-refused')
  assert.equal(judge(await mint()), 'allowed')
})
