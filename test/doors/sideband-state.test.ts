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
  const bytes = Buffer.from(state, 'base64url')
  for (let index = 0; index < bytes.length; index++) {
    const altered = Buffer.from(bytes)
    altered[index] = (altered[index] ?? 0) ^ 1
    assert.equal(one.open(altered.toString('base64url'), 'env', now), undefined, `byte ${index}`)
    const cut = bytes.subarray(0, index).toString('base64url')
    assert.equal(one.open(cut, 'env', now), undefined, `cut at ${index}`)
  }
  assert.equal(one.seal({ ...what, url: `https://a/${'x'.repeat(20_000)}` }, 'env', now), undefined)
})
