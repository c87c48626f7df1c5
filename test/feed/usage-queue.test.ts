import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createUsageQueue } from '../../src/verifier/feed/usage-queue.ts'

const usesMax = 50_000
const usesAtOnce = 2000
const usesOf = (count: number, jti: string) =>
  Array.from({ length: count }, () => ({ jti, source: '192.0.2.1', count: 1, at: 1 }))

test('what cannot be told waits for its turn, and beyond a bound is dropped and counted', () => {
  const queue = createUsageQueue()
  assert.equal(queue.used(usesOf(usesMax, 'a')), 0)
  assert.equal(queue.used(usesOf(3, 'b')), 3)
  const batch = queue.take()
  assert.equal(batch.usage.length, usesAtOnce)
  queue.used(usesOf(usesAtOnce, 'c'))
  queue.giveBack(batch)
  const told: string[] = []
  while (!queue.isEmpty()) told.push(...queue.take().usage.map(({ jti }) => jti))
  assert.equal(told.length, usesMax)
  assert.deepEqual([...new Set(told)], ['a'])
})

test('a batch that is given back is told again, before what came later', () => {
  const queue = createUsageQueue()
  queue.used(usesOf(1, 'a'))
  const batch = queue.take()
  assert.equal(queue.isEmpty(), true)
  queue.used(usesOf(1, 'b'))
  queue.giveBack(batch)
  assert.deepEqual(
    queue.take().usage.map(({ jti }) => jti),
    ['a', 'b'],
  )
})
