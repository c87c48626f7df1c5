// How old what is known is: the greatest of the time since the last heartbeat came, on the monotonic clock and on the
// wall, and the time since the authority signed it. So neither a process that was stopped, nor a clock that was set,
// nor heartbeats that waited in a buffer make old knowledge young. An age that is negative by more than clocks may
// differ is no age at all, and counts as expired.
//
// The main thread notes heartbeats in shared memory; each thread that answers judges by it for itself.

import type { Freshness } from '../../decision/decide.ts'
import type { Clock } from '../../system/clock.ts'

export interface FreshnessLimits {
  readonly staleAfterMs: number
  readonly expireAfterMs: number
  /** How far clocks may differ. */
  readonly leewayMs: number
}

/**
 * The shared notes: when the last heartbeat came, by both clocks, when it was signed, and for how long it may be gone by
 * where that is less than is configured.
 */
export type FreshnessNotes = Float64Array<SharedArrayBuffer>

/** How threads know for themselves how old what they judge by is. */
export interface FreshnessSource {
  readonly notes: FreshnessNotes
  readonly limits: FreshnessLimits
}

const arrivedMonotonic = 0
const arrivedWall = 1
const signedAt = 2
const expireAfter = 3
const cells = 4

/** Makes notes of a verifier that has heard nothing yet. */
export function createFreshnessNotes(): FreshnessNotes {
  const bytes = cells * Float64Array.BYTES_PER_ELEMENT
  return new Float64Array(new SharedArrayBuffer(bytes)).fill(Number.NEGATIVE_INFINITY)
}

/** Notes that the authority confirmed, at `at` of its own clock, that what is known is current. */
export function noteHeartbeat(notes: FreshnessNotes, clock: Clock, at: number): void {
  notes[expireAfter] = Number.POSITIVE_INFINITY
  notes[signedAt] = at
  notes[arrivedWall] = clock.wall()
  notes[arrivedMonotonic] = clock.monotonic()
}

/**
 * Notes a confirmation that an earlier process had. A restart makes nothing younger, nor lets it live longer than the
 * authority was told when it gave it.
 */
export function noteKept(
  notes: FreshnessNotes,
  clock: Clock,
  kept: { readonly arrivedWall: number; readonly at: number; readonly expireAfterMs: number },
): void {
  notes[expireAfter] = kept.expireAfterMs
  notes[signedAt] = kept.at
  notes[arrivedWall] = kept.arrivedWall
  notes[arrivedMonotonic] = clock.monotonic() - Math.max(0, clock.wall() - kept.arrivedWall)
}

/** The age of what is known, in milliseconds; `Infinity` for none, `NaN` for one that cannot be. */
export function ageOf(notes: FreshnessNotes, clock: Clock, leewayMs: number): number {
  const [since = 0, arrived = 0, signed = 0] = notes
  const wall = clock.wall()
  const ages = [clock.monotonic() - since, wall - arrived, wall - signed]
  const impossible = ages.some((age) => age < -leewayMs)
  return impossible ? Number.NaN : Math.max(0, ...ages)
}

/** How fresh what is known is. */
export function freshnessOf(
  notes: FreshnessNotes,
  clock: Clock,
  { staleAfterMs, expireAfterMs, leewayMs }: FreshnessLimits,
): Freshness {
  const age = ageOf(notes, clock, leewayMs)
  if (!(age <= Math.min(expireAfterMs, notes[expireAfter] ?? 0))) return 'expired'
  return age > staleAfterMs ? 'stale' : 'fresh'
}
