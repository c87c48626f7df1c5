import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFreshnessView } from '../../src/verifier/freshness-view.ts'
import {
  createFreshnessNotes,
  freshnessOf,
  noteHeartbeat,
  noteKept,
} from '../../src/verifier/feed/freshness.ts'
import { manualClock, type ManualClock } from '../manual-clock.ts'

// How old what is known is, by clocks that are set by hand.

const limits = { staleAfterMs: 15_000, expireAfterMs: 3_600_000, leewayMs: 60_000 }
const minute = 60_000

function heardNow() {
  const clock = manualClock()
  const notes = createFreshnessNotes()
  noteHeartbeat(notes, clock, clock.wall())
  return { clock, notes }
}

/** A clock whose wall stands still while the other one goes on. */
function withoutWall(clock: ManualClock, milliseconds: number): void {
  const wall = clock.wall()
  clock.advance(milliseconds)
  clock.setWall(wall)
}

test('what has never been heard of has expired', () => {
  const view = createFreshnessView({ notes: createFreshnessNotes(), limits }, manualClock())
  assert.deepEqual([view.state(), view.ageSeconds()], ['expired', undefined])
})

test('what is known is fresh, then stale, then expired, to the millisecond', () => {
  const { clock, notes } = heardNow()
  for (const [age, state] of [
    [0, 'fresh'],
    [15_000, 'fresh'],
    [15_001, 'stale'],
    [3_600_000, 'stale'],
    [3_600_001, 'expired'],
  ] as const) {
    const other = heardNow()
    other.clock.advance(age)
    assert.equal(freshnessOf(other.notes, other.clock, limits), state)
  }
  assert.equal(freshnessOf(notes, clock, limits), 'fresh')
})

test('a wall clock that stands still or is set back holds no age up', () => {
  const { clock, notes } = heardNow()
  withoutWall(clock, 2 * 60 * minute)
  assert.equal(freshnessOf(notes, clock, limits), 'expired')
})

test('a process that was stopped finds by the wall clock how old what it knows is', () => {
  const { clock, notes } = heardNow()
  clock.setWall(clock.wall() + 2 * 60 * minute)
  assert.equal(freshnessOf(notes, clock, limits), 'expired')
})

test('a heartbeat that comes late is as old as its signature, and by one clock alone too', () => {
  const clock = manualClock()
  const notes = createFreshnessNotes()
  noteHeartbeat(notes, clock, clock.wall() - 2 * 60 * minute)
  assert.equal(freshnessOf(notes, clock, limits), 'expired')
  noteHeartbeat(notes, clock, clock.wall() + minute)
  clock.setWall(clock.wall() + 60 * minute + 1)
  assert.equal(freshnessOf(notes, clock, limits), 'expired', 'by when it came')
})

test('an age below zero is expired, but for what clocks may differ', () => {
  const clock = manualClock()
  const notes = createFreshnessNotes()
  noteHeartbeat(notes, clock, clock.wall() + minute)
  assert.equal(freshnessOf(notes, clock, limits), 'fresh')
  noteHeartbeat(notes, clock, clock.wall() + minute + 1)
  assert.equal(freshnessOf(notes, clock, limits), 'expired')
  noteHeartbeat(notes, clock, clock.wall())
  clock.setWall(clock.wall() - minute - 1)
  assert.equal(freshnessOf(notes, clock, limits), 'expired')
})

test('a restart makes nothing younger', () => {
  const clock = manualClock()
  const notes = createFreshnessNotes()
  const kept = { arrivedWall: clock.wall() - 59 * minute, at: clock.wall(), expireAfterMs: 1e9 }
  noteKept(notes, clock, kept)
  assert.equal(freshnessOf(notes, clock, limits), 'stale')
  withoutWall(clock, 2 * minute)
  assert.equal(freshnessOf(notes, clock, limits), 'expired')
})
