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
  const open = new Row()
  const sweep = setInterval(() => {
    const latest = monotonic() - milliseconds
    for (let first = open.next; first instanceof Place; first = open.next) {
      if (first.began > latest) return
      first.end()
      first.one.destroy()
    }
  }, sweepEveryMs).unref()
  return {
    of: (one) => new Place(one, open, monotonic),
    close: () => clearInterval(sweep),
  }
}

/**
 * The places in a ring, in the order in which they began. It is no `Map`, of which an outgrown table that has become
 * old keeps the next one, and so all that ever began from then on, until the next great collection of V8's.
 */
class Row {
  next: Row = this
  before: Row = this
}

class Place extends Row implements Deadline {
  readonly one: Endable
  began = 0
  readonly #all: Row
  readonly #monotonic: () => number

  constructor(one: Endable, all: Row, monotonic: () => number) {
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
