import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mintGatewayCredential } from '../../src/credential/mint.ts'
import { createProofCache } from '../../src/decision/proof-cache.ts'
import { createAdmission } from '../../src/verifier/admission.ts'
import { gatewayClaims, keys } from '../credential/installation.ts'
import { environmentId, gatewayDoor, judgeBy, view } from '../doors/live-view.ts'
import { manualClock } from '../manual-clock.ts'

const request = { method: 'GET', target: '/', host: 'a', scheme: 'http', address: undefined }
const missing = { kind: 'credential-missing' } as const
const mint = async (key = keys.EdDSA) =>
  mintGatewayCredential(gatewayClaims({ environmentId }), key)

/** Judges by a budget of its own that time adds nothing to. */
function judgeInTime() {
  const admit = createAdmission(manualClock().monotonic)
  const judge = judgeBy(gatewayDoor, { ...view, cache: createProofCache(100), admit })
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
