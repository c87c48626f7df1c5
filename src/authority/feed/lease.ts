// For how long a verifier may go on judging by what it knows, counted from the last moment at which it can have heard
// from us. A clock that was set must not end a lease early, so that it runs by two: the wall clock, by which it is
// written down, and the monotonic one.

import type { Clock } from '../../system/clock.ts'

/** The lease of who never stops, and when it ends. */
export const never = Number.MAX_SAFE_INTEGER

/** The lease of a verifier that has not been told how long to go on. */
export const usualLeaseMs = 3_600_000

/** When a lease ends, in milliseconds of either clock. */
export interface LeaseEnd {
  readonly wall: number
  readonly monotonic: number
}

/** How far clocks may run apart within a lease. */
export const driftMs = 5000

/** The end of a lease of so many milliseconds that begins now. */
export function leaseFromNow(clock: Clock, leaseMs: number): LeaseEnd {
  return { wall: until(clock.wall(), leaseMs), monotonic: until(clock.monotonic(), leaseMs) }
}

/** The end of a lease that was written down. */
export function leaseUntil(clock: Clock, wall: number): LeaseEnd {
  return { wall, monotonic: clock.monotonic() + (wall - clock.wall()) }
}

/** The wall clock's time at which a lease ends by both clocks; in the past for one that has. */
export function endOf({ wall, monotonic }: LeaseEnd, clock: Clock): number {
  return Math.max(wall, clock.wall() + (monotonic - clock.monotonic()))
}

function until(now: number, leaseMs: number): number {
  return leaseMs === never ? never : now + leaseMs + driftMs
}
