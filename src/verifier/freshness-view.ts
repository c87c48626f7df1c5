import type { Freshness } from '../decision/decide.ts'
import type { Clock } from '../system/clock.ts'
import { ageOf, freshnessOf, type FreshnessSource } from './feed/freshness.ts'

/** How old what is in force is, as of now. */
export interface FreshnessView {
  readonly state: () => Freshness
  /** `undefined` for an age that cannot be told. */
  readonly ageSeconds: () => number | undefined
}

/** Makes the view by which requests are judged; without an authority nothing is ever old but keys. */
export function createFreshnessView(
  source: FreshnessSource | undefined,
  clock: Clock,
): FreshnessView {
  if (!source) return { state: () => 'fresh', ageSeconds: () => 0 }
  const { notes, limits } = source
  return {
    state: () => freshnessOf(notes, clock, limits),
    ageSeconds() {
      const age = ageOf(notes, clock, limits.leewayMs) / 1000
      return Number.isFinite(age) ? age : undefined
    },
  }
}

export interface OutsideView {
  /** Whether there is a standing. */
  readonly isKnown: () => boolean
  readonly isOutdated: () => boolean
  readonly keysAgeMs: () => number
}

/** Makes the view that a verifier without an authority shows: fetched keys have an age, files are never old. */
export function createOutsideView({ isKnown, isOutdated, keysAgeMs }: OutsideView): FreshnessView {
  return {
    state: () => (isKnown() && !isOutdated() ? 'fresh' : 'expired'),
    ageSeconds: () => (isKnown() ? keysAgeMs() / 1000 : undefined),
  }
}
