import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/system/clock.ts'

test('the system clock tells the wall time in milliseconds and a monotonic time that goes on', async () => {
  const before = Date.now()
  const wall = systemClock.wall()
  assert.ok(wall >= before && wall <= Date.now())

  const start = systemClock.monotonic()
  await new Promise((resolve) => setImmediate(resolve))
  assert.ok(systemClock.monotonic() > start)
})
