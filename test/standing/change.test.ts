import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as check, constantFrom, dictionary, jsonValue, property, string } from 'fast-check'
import { parseJsonObject, type JsonObject } from '../../src/credential/strict-json.ts'
import { epochSeconds } from '../../src/credential/time.ts'
import { changePayload, readChange, type ChangeFacts } from '../../src/standing/change.ts'

const issuer = {
  name: 'https://warder.test',
  jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'AA' }] },
  gatewayAudiences: ['https://warder.test'],
  clientAudiences: ['urn:tenant'],
}
const one: readonly ChangeFacts[] = [
  {
    kind: 'credential-revoked',
    issuer: 'https://warder.test',
    jti: 'id',
    kid: 'key',
    gatewayId: 'gateway',
    environmentId: 'environment',
    exp: undefined,
  },
  { kind: 'mark-set', subject: { kind: 'client', id: 'client' }, notBefore: epochSeconds(5) },
  { kind: 'gateway-state', gatewayId: 'g', environmentId: 'e', state: 'disabled' },
  { kind: 'environment-state', environmentId: 'e', state: 'deleted' },
  { kind: 'client-state', clientId: 'c', deleted: false, generation: 3 },
  { kind: 'issuer-added', issuer },
  { kind: 'key-added', issuer: 'https://warder.test', jwk: { kty: 'OKP' } },
  { kind: 'key-retired', issuer: 'https://warder.test', kid: 'key' },
]
const place = { epoch: 'epoch', revision: 813, previous: 812, at: 1_764_000_000_000 }

function written(facts: ChangeFacts): JsonObject {
  const text = JSON.stringify({ ...changePayload(facts), ...place, kind: facts.kind })
  const read = parseJsonObject(Buffer.from(text))
  assert.ok(read)
  return read
}

for (const facts of one) {
  test(`a ${facts.kind} change reads back as it was written`, () => {
    assert.deepEqual(readChange(written(facts)), { ...facts, ...place })
  })

  test(`a ${facts.kind} change that lacks a member, or has a wrong one, is refused`, () => {
    const payload = written(facts)
    for (const name of Object.keys(payload)) {
      const { [name]: _, ...without } = payload
      assert.equal(readChange(without), undefined, name)
      for (const wrong of [null, [], {}, '']) {
        assert.equal(readChange({ ...payload, [name]: wrong }), undefined, name)
      }
    }
  })
}

test('a change of an unknown kind, and one that goes back, is refused', () => {
  const [facts] = one
  assert.ok(facts)
  const payload = written(facts)
  assert.equal(readChange({ ...payload, kind: 'constructor' }), undefined)
  assert.equal(readChange({ ...payload, revision: 812 }), undefined)
  assert.equal(readChange({ ...payload, exp: -1 }), undefined)
})

test('whatever JSON arrives, reading a change refuses it or gives one, and never throws', () => {
  const kinds = constantFrom(...one.map(({ kind }) => kind), 'other')
  check(
    property(kinds, dictionary(string(), jsonValue()), (kind, members) => {
      const parsed = parseJsonObject(Buffer.from(JSON.stringify({ ...members, ...place, kind })))
      if (parsed) readChange(parsed)
    }),
  )
})
