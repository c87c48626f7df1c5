import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStateSeal } from '../../src/doors/sideband-state.ts'

test('a state opens for everybody with the key, in its own environment, for ten minutes', () => {
  const now = 1_790_000_000_000
  const key = Buffer.alloc(32, 1)
  const one = createStateSeal({ key, salt: Buffer.alloc(16, 1) })
  const other = createStateSeal({ key, salt: Buffer.alloc(16, 2) })
  const stranger = createStateSeal({ key: Buffer.alloc(32, 2), salt: Buffer.alloc(16, 1) })
  const what = { method: 'GET', url: 'https://a.test/x?y', address: '192.0.2.1' }
  const state = one.seal(what, 'env', now) ?? ''
  const wanted = {
    method: 'GET',
    target: '/x?y',
    host: 'a.test',
    scheme: 'https',
    address: '192.0.2.1',
  }
  assert.deepEqual(other.open(state, 'env', now), wanted)
  assert.deepEqual(one.open(state, 'env', now + 600_000), wanted)
  assert.equal(one.open(state, 'env', now + 600_001), undefined)
  assert.equal(one.open(state, 'env', now - 60_001), undefined)
  assert.equal(one.open(state, 'other', now), undefined)
  assert.equal(stranger.open(state, 'env', now), undefined)
  assert.notEqual(one.seal(what, 'env', now), state)
  assert.doesNotMatch(Buffer.from(state, 'base64url').toString('latin1'), /GET|a\.test|192/)
  for (let at = 0; at < state.length; at++) {
    const letter = state[at] === 'A' ? 'B' : 'A'
    const altered = state.slice(0, at) + letter + state.slice(at + 1)
    assert.equal(one.open(altered, 'env', now), undefined, `letter ${at}`)
    assert.equal(one.open(state.slice(0, at), 'env', now), undefined, `cut at ${at}`)
  }
  assert.equal(one.open(state, 'en', now), undefined)
  assert.equal(one.seal({ ...what, url: `https://a/${'x'.repeat(20_000)}` }, 'env', now), undefined)
})
