import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as hold, boolean, property, string, uniqueArray } from 'fast-check'
import { prove } from '../../src/credential/proof.ts'
import { epochSeconds } from '../../src/credential/time.ts'
import { nobody } from '../../src/decision/identity.ts'
import { createProofCache, type KeptProof } from '../../src/decision/proof-cache.ts'
import { createRevokedSet } from '../../src/standing/revoked-set.ts'
import { createStanding } from '../../src/standing/standing.ts'
import { factsOf, keys, leeway, newModel, revisionOf } from './model.ts'

const now = 1_790_000_000
const { tables } = createRevokedSet()
const { ring, stamp } = createStanding(factsOf(newModel(now), revisionOf(1), tables))
const typ = 'gateway-credential+jwt'
const claims = {
  iss: 'https://warder.test',
  aud: 'urn:gateways',
  jti: 'one',
  iat: now,
  gateway: 'g-1',
  environmentId: 'e-1',
}

function keptOf(token: string, isLive: boolean): KeptProof {
  const signed = keys[0]?.sign(claims, { typ }) ?? ''
  const proof = prove(signed, ring, epochSeconds(now), leeway)
  assert.ok(typeof proof === 'object', JSON.stringify(proof))
  return { token, proof, identity: nobody, goodIn: isLive ? stamp : undefined }
}

test('AT-18: two tokens never share what is kept of one, however alike they end', () => {
  const beginnings = uniqueArray(string({ maxLength: 8 }), { minLength: 2, maxLength: 2 })
  const ends = string({ minLength: 32, maxLength: 48 })
  hold(
    property(beginnings, ends, boolean(), ([one = '', other = ''], end, isLive) => {
      const cache = createProofCache(10)
      const kept = keptOf(one + end, isLive)
      cache.keep(kept)
      assert.equal(cache.find(kept.token), kept)
      assert.equal(cache.peek(kept.token), kept)
      assert.equal(cache.find(other + end), undefined)
      assert.equal(cache.peek(other + end), undefined)
      cache.forget(kept.token)
      assert.equal(cache.find(kept.token), undefined)
    }),
  )
})

test('what is taken out is gone, and counted no more, be it the last or not', () => {
  const names = ['a', 'b', 'c'].map((name) => name.repeat(40))
  const nothing = names.map(() => undefined)
  for (const refusedMax of [1, 2, 3]) {
    const cache = createProofCache(10 * refusedMax)
    for (const [at, name] of names.entries()) {
      cache.keep(keptOf(name, true))
      cache.keep(keptOf(name, false))
      assert.equal(cache.find(name)?.goodIn, undefined)
      assert.equal(cache.entries, Math.min(at + 1, refusedMax))
    }
    for (const name of names) cache.forget(name)
    assert.deepEqual(
      names.map((name) => cache.find(name)),
      nothing,
    )
    assert.equal(cache.entries, 0)
    const again = keptOf(names[0] ?? '', true)
    cache.keep(again)
    assert.equal(cache.find(again.token), again)
    assert.equal(cache.entries, 1)
  }
})

test('to take the last one out takes no longer, however many there might be', () => {
  const cache = createProofCache(500_000)
  const kept = keptOf('a'.repeat(40), true)
  const began = performance.now()
  for (let count = 0; count < 100; count++) {
    cache.keep(kept)
    cache.forget(kept.token)
  }
  // A millisecond each where all places are made anew.
  const took = performance.now() - began
  assert.ok(took < 30, `${took} ms`)
})
