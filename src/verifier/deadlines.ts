const sweepEveryMs = 1000

interface Endable {
  readonly destroy: () => unknown
}

/** What has begun and not come to its end, and is ended when that takes too long; one timer serves all of it. */
export interface Deadlines<T extends Endable> {
  /** Counts from now on, also where it counted before. */
  readonly begun: (one: T) => void
  readonly ended: (one: T) => void
  readonly isOpen: (one: T) => boolean
  readonly close: () => void
}

/** Makes the watch over things that have so many milliseconds. */
export function createDeadlines<T extends Endable>(
  monotonic: () => number,
  milliseconds: number,
): Deadlines<T> {
  const open = new Map<T, number>()
  const sweep = setInterval(() => {
    const latest = monotonic() - milliseconds
    for (const [one, at] of open) {
      // A map keeps the order in which things began.
      if (at > latest) return
      open.delete(one)
      one.destroy()
    }
  }, sweepEveryMs).unref()
  return {
    begun(one) {
      open.delete(one)
      open.set(one, monotonic())
    },
    ended: (one) => void open.delete(one),
    isOpen: (one) => open.has(one),
    close: () => clearInterval(sweep),
  }
}
