/** How long to wait before the next attempt. */
export interface Backoff {
  /** The next wait, in milliseconds; at least what the other side asked for. */
  readonly next: (askedMs?: number) => number
  /** Starts over after a success. */
  readonly reset: () => void
}

const firstMs = 250
/** Short enough for a fleet to be fresh again soon after an outage, however long that was. */
const longestMs = 4000
const askedMsMax = 60_000

/** Doubling waits, each spread over half of itself, so that a fleet does not come back as one. */
export function createBackoff(random: () => number): Backoff {
  let failures = 0
  return {
    next(askedMs = 0) {
      const whole = Math.min(longestMs, firstMs * 2 ** failures)
      failures++
      return Math.max(Math.min(askedMs, askedMsMax), whole * (0.5 + 0.5 * random()))
    },
    reset() {
      failures = 0
    },
  }
}
