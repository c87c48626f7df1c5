import type { Clock } from '../system/clock.ts'
import { createKeySetAge, type KeySetAge } from './key-set-age.ts'

export interface RefreshParts {
  /** Fetches once; true when that gave a set to go by. */
  readonly fetch: () => Promise<boolean>
  readonly clock: Clock
  /** A number from 0 to below 1, anew each time. */
  readonly random: () => number
  /** How long what was fetched may be gone by, though not less than what three fetches take. */
  readonly expireAfterMs: number
  /** Told when what was fetched has become too old to go by, and when it is new again. */
  readonly onOutdated: (isOutdated: boolean) => void
}

/** Keeps something fetched fresh in the background. */
export interface Refresh extends Pick<KeySetAge, 'isOutdated' | 'ageMs'> {
  /** Fetches now. */
  readonly first: () => Promise<void>
  /** What was fetched is gone by from now on. */
  readonly renew: () => void
  /** Asks for an early fetch; however many ask, there is one in a cool-down. */
  readonly hurry: () => void
  readonly close: () => void
}

const everyMs = 300_000
const coolDownMs = 30_000
const retryMsMin = 1000
/** As long as nothing was fetched, nothing can be judged: that is not left to a delay that has grown. */
const firstRetryMsMax = 10_000
const expireAfterMsMin = 3 * everyMs

/** One fetch at a time: every five minutes, sooner after a failure, and once in a cool-down when hurried. */
export function createRefresh(parts: RefreshParts): Refresh {
  const { fetch, clock, random } = parts
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let failures = 0
  let hasFetched = false
  let hurriedAt = Number.NEGATIVE_INFINITY
  let closed = false
  const age = createKeySetAge({
    clock,
    expireAfterMs: Math.max(expireAfterMsMin, parts.expireAfterMs),
    onOutdated(isOutdated) {
      parts.onOutdated(isOutdated)
      if (isOutdated) hurry()
    },
  })

  const delay = () => {
    const most = hasFetched ? everyMs : firstRetryMsMax
    const base = failures === 0 ? everyMs : Math.min(most, retryMsMin * 2 ** (failures - 1))
    return base * (0.8 + 0.2 * random())
  }
  const run = async () => {
    clearTimeout(timer)
    const good = await fetch()
    failures = good ? 0 : failures + 1
    running = undefined
    if (!closed) timer = setTimeout(() => void start(), delay()).unref()
  }
  const start = () => (running ??= run())
  const hurry = () => {
    const now = clock.monotonic()
    if (closed || now - hurriedAt < coolDownMs) return
    hurriedAt = now
    void start()
  }
  return {
    first: () => start(),
    renew() {
      hasFetched = true
      if (!closed) age.renew()
    },
    hurry,
    isOutdated: age.isOutdated,
    ageMs: age.ageMs,
    close() {
      closed = true
      age.close()
      clearTimeout(timer)
    },
  }
}
