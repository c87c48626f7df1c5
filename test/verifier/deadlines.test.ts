import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDeadlines } from '../../src/verifier/deadlines.ts'
import { keptOf } from './kept.ts'

test('what takes too long is ended, once', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let now = 0
  const pass = (milliseconds: number) => {
    now += milliseconds
    t.mock.timers.tick(milliseconds)
  }
  const ended: string[] = []
  const deadlines = createDeadlines(() => now, 5000)
  t.after(deadlines.close)
  const [early, again, late, done] = ['early', 'again', 'late', 'done'].map((name) =>
    deadlines.of({ destroy: () => ended.push(name) }),
  )
  assert.ok(early && again && late && done)
  for (const one of [early, again, done]) one.begin()
  pass(2000)
  again.begin()
  late.begin()
  done.end()
  assert.deepEqual([done.isOpen, again.isOpen], [false, true])
  pass(2000)
  assert.deepEqual(ended, [])
  pass(1000)
  assert.deepEqual(ended, ['early'])
  assert.equal(early.isOpen, false)
  late.end()
  pass(2000)
  assert.deepEqual(ended, ['early', 'again'])
  pass(9000)
  assert.deepEqual(ended, ['early', 'again'])
  late.begin()
  late.end()
  late.end()
  early.begin()
  pass(5000)
  assert.deepEqual(ended, ['early', 'again', 'early'])
})

test('what has come to its end is forgotten', (t) => {
  const deadlines = createDeadlines(() => 0, 5000)
  t.after(deadlines.close)
  const kept = keptOf((thing) => {
    const deadline = deadlines.of({ destroy: () => thing })
    deadline.begin()
    return () => deadline.end()
  })
  assert.ok(kept < 100, `${kept} bytes are kept of each`)
})
