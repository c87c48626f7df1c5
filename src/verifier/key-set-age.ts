// How old a key set is that is fetched: the greater of what both clocks say, so that neither a machine that was suspended
// nor a clock that was set makes it young.

import type { Clock } from '../system/clock.ts'

export interface KeySetAgeParts {
  readonly clock: Clock
  /** How old a set may become. */
  readonly expireAfterMs: number
  /** Told when the set has become too old to go by, and when it is new again. */
  readonly onOutdated: (isOutdated: boolean) => void
}

/** The age of a key set. */
export interface KeySetAge {
  /** The set was fetched just now. */
  readonly renew: () => void
  readonly isOutdated: () => boolean
  /** Zero for a set that was never fetched: nothing counts by it. */
  readonly ageMs: () => number
  readonly close: () => void
}

const lookEveryMs = 1000

/** Watches the age of a key set that was not fetched yet. */
export function createKeySetAge({ clock, expireAfterMs, onOutdated }: KeySetAgeParts): KeySetAge {
  let fetched: { readonly wall: number; readonly monotonic: number } | undefined
  let isOutdated = false
  const become = (now: boolean) => {
    if (isOutdated === now) return
    isOutdated = now
    onOutdated(now)
  }
  const ageMs = () => {
    if (!fetched) return 0
    const { wall, monotonic } = fetched
    return Math.max(0, clock.monotonic() - monotonic, clock.wall() - wall)
  }
  const looking = setInterval(() => {
    if (ageMs() > expireAfterMs) become(true)
  }, lookEveryMs)
  looking.unref()
  return {
    renew() {
      fetched = { wall: clock.wall(), monotonic: clock.monotonic() }
      become(false)
    },
    isOutdated: () => isOutdated,
    ageMs,
    close: () => clearInterval(looking),
  }
}
