const sweepEveryMs = 1000

interface Endable {
  readonly destroy: () => unknown
}

/** How long one thing may take. */
export interface Deadline {
  /** Counts from now on, also where it counted before. */
  begin(): void
  end(): void
  readonly isOpen: boolean
}

/** What has begun and not come to its end, and is ended when that takes too long; one timer serves all of it. */
export interface Deadlines {
  readonly of: (one: Endable) => Deadline
  readonly close: () => void
}

/** Makes the watch over things that have so many milliseconds. */
export function createDeadlines(monotonic: () => number, milliseconds: number): Deadlines {
  const all = new Neighbour()
  const sweep = setInterval(() => {
    const latest = monotonic() - milliseconds
    for (let first = all.next; first instanceof Place; first = all.next) {
      if (first.began > latest) return
      first.end()
      first.one.destroy()
    }
  }, sweepEveryMs).unref()
  return {
    of: (one) => new Place(one, all, monotonic),
    close: () => clearInterval(sweep),
  }
}

/**
 * Those that have begun make a ring, in the order in which they did. A `Map` would keep what has come to its end: see
 * `open-streams.ts`.
 */
class Neighbour {
  next: Neighbour = this
  before: Neighbour = this
}

class Place extends Neighbour implements Deadline {
  readonly one: Endable
  began = 0
  readonly #all: Neighbour
  readonly #monotonic: () => number

  constructor(one: Endable, all: Neighbour, monotonic: () => number) {
    super()
    this.one = one
    this.#all = all
    this.#monotonic = monotonic
  }

  get isOpen(): boolean {
    return this.next !== this
  }

  begin(): void {
    this.end()
    this.began = this.#monotonic()
    const { before } = this.#all
    this.before = before
    this.next = this.#all
    before.next = this
    this.#all.before = this
  }

  end(): void {
    this.before.next = this.next
    this.next.before = this.before
    this.next = this.before = this
  }
}
