import type { Clock } from '../src/system/clock.ts'

/** A clock that stands still until it is told: `advance` moves both times, `setWall` only what the wall shows. */
export interface ManualClock extends Clock {
  advance(milliseconds: number): void
  setWall(milliseconds: number): void
}

/** Makes a clock for tests; the wall shows 2025-11-24T16:00:00Z unless told otherwise. */
export function manualClock(start = 1_764_000_000_000): ManualClock {
  let wall = start
  let monotonic = 0
  return {
    wall: () => wall,
    monotonic: () => monotonic,
    advance(milliseconds) {
      wall += milliseconds
      monotonic += milliseconds
    },
    setWall(milliseconds) {
      wall = milliseconds
    },
  }
}
