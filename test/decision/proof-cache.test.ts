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
