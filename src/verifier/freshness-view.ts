import type { Freshness } from '../decision/decide.ts'
import type { Clock } from '../system/clock.ts'
import { ageOf, freshnessOf, type FreshnessSource } from './feed/freshness.ts'

/** How old what is in force is, as of now. */
export interface FreshnessView {
  readonly state: () => Freshness
  /** `undefined` for an age that cannot be told. */
  readonly ageSeconds: () => number | undefined
}

/** Makes the view; without a source nothing is ever old. */
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
