import assert from 'node:assert/strict'
import { test } from 'node:test'
import { revocationId } from '../../src/credential/revocation-id.ts'
import { epochSeconds } from '../../src/credential/time.ts'
import { admitsAll, decide, type View } from '../../src/decision/decide.ts'
import { createProofCache } from '../../src/decision/proof-cache.ts'
import { createRevokedSet } from '../../src/standing/revoked-set.ts'
import { createStanding, patchStanding } from '../../src/standing/standing.ts'
import { createPrng } from '../prng.ts'
import { factsOf, keys, leeway, makeToken, newModel, revisionOf } from './model.ts'

const now = 1_790_000_000
const request = { method: 'GET', target: '/', host: 'a', scheme: 'http', address: undefined }

test('AT-23: a verification that began before a revocation does not open the door again once it ends', (t) => {
  const random = createPrng(t)
  const model = newModel(now)
  const set = createRevokedSet()
  set.add(revocationId('https://warder.test', 'another'), 'segment')
  const before = createStanding(factsOf(model, revisionOf(1), set.tables))
  const cache = createProofCache(100)
  const token = liveToken(() => makeToken(random, now, random(1000)))
  const question = {
    gateway: { kind: 'token', token: token.text },
    client: { kind: 'credential-missing' },
    request,
  } as const
  const rules = { require: 'gateway', environment: undefined } as const
  const view: View = {
    standing: before,
    freshness: 'fresh',
    cache,
    leeway,
    outage: { noState: 'unavailable', expired: 'unavailable', internalError: 'unavailable' },
    // Asked when verification begins: the writer, on its own thread, revokes from here on.
    admission: {
      ...admitsAll,
      admit() {
        set.add(revocationId(token.key.issuer, token.jti), 'segment')
        return true
      },
    },
  }
  assert.equal(decide(question, rules, view, epochSeconds(now)).kind, 'deny')
  // Neither by the standing of before nor by the next is what was kept of it good.
  const after = patchStanding(before, factsOf(model, revisionOf(2), set.tables))
  for (const standing of [before, after]) {
    const again = decide(question, rules, { ...view, standing }, epochSeconds(now))
    assert.deepEqual([again.kind, again.reason], ['deny', 'credential-revoked'])
  }
})

function liveToken(make: () => ReturnType<typeof makeToken>) {
  for (;;) {
    const token = make()
    const isOurs = token.key === keys[0] && token.kind === 'gateway' && !token.forged
    if (isOurs && token.exp === undefined && (token.nbf ?? 0) <= now) return token
  }
}
