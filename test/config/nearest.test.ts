import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from '../../src/config/nearest.ts'

test('a slip of the finger is understood, another word is not', () => {
  const known = ['http', 'grpc', 'authority', 'staleAfter']
  assert.equal(nearest('gprc', known), 'grpc')
  assert.equal(nearest('htp', known), 'http')
  assert.equal(nearest('authorty', known), 'authority')
  assert.equal(nearest('staleafter', known), 'staleAfter')
  assert.equal(nearest('console', known), undefined)
  assert.equal(nearest('', known), undefined)
  assert.equal(nearest('x'.repeat(100_000), known), undefined)
})
