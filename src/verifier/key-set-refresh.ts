import type { Clock } from '../system/clock.ts'

export interface RefreshParts {
  /** Fetches once; true when that gave a good set. */
  readonly fetch: () => Promise<boolean>
  readonly clock: Clock
  /** A number from 0 to below 1, anew each time. */
  readonly random: () => number
}

/** Keeps something fetched fresh in the background. */
export interface Refresh {
  /** Fetches now. */
  readonly first: () => Promise<void>
  /** Asks for an early fetch; however many ask, there is one in a cool-down. */
  readonly hurry: () => void
  readonly close: () => void
}

const everyMs = 300_000
const coolDownMs = 30_000
const retryMsMin = 1000

/** One fetch at a time: every five minutes, sooner after a failure, and once in a cool-down when hurried. */
export function createRefresh({ fetch, clock, random }: RefreshParts): Refresh {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let failures = 0
  let hurriedAt = Number.NEGATIVE_INFINITY
  let closed = false

  const delay = () => {
    const base = failures === 0 ? everyMs : Math.min(everyMs, retryMsMin * 2 ** (failures - 1))
    return base * (0.8 + 0.2 * random())
  }
  const run = async () => {
    clearTimeout(timer)
    failures = (await fetch()) ? 0 : failures + 1
    running = undefined
    if (!closed) timer = setTimeout(() => void start(), delay()).unref()
  }
  const start = () => (running ??= run())
  return {
    first: () => start(),
    hurry() {
      const now = clock.monotonic()
      if (closed || now - hurriedAt < coolDownMs) return
      hurriedAt = now
      void start()
    },
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}
