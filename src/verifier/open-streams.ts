// Node keeps the open streams of an HTTP/2 session in a `Map`. V8 makes the table of a Map anew again and again while
// entries come and go, and each outgrown table knows the next: one that has become old keeps all that follow, with every
// stream that was in them, until the next great collection. Carrying those streams along was a fifth of what a call cost.
// A session is given something plainer instead. That leans on what Node does not document, like `read-in-place.ts`: a
// session that is not as expected stays as it is.

import type { Http2Session } from 'node:http2'
import { types } from 'node:util'

/** Has a new session forget each stream when it closes; false where that cannot be. */
export function forgetClosedStreams(session: Http2Session): boolean {
  const state: unknown = Object.getOwnPropertySymbols(session)
    .filter(({ description }) => description === 'state')
    .map((symbol): unknown => Reflect.get(session, symbol))[0]
  if (typeof state !== 'object' || state === null || !('streams' in state)) return false
  const { streams } = state
  if (!types.isMap(streams) || streams.size > 0) return false
  state.streams = new OpenStreams()
  return true
}

/** A Map for a few entries that soon leave; it is searched from end to end. */
export class OpenStreams<Id, Stream extends object> implements Map<Id, Stream> {
  readonly #ids: Id[] = []
  readonly #streams: Stream[] = []

  readonly [Symbol.toStringTag] = 'Map'

  get size(): number {
    return this.#ids.length
  }

  get(id: Id): Stream | undefined {
    return this.#streams[this.#ids.indexOf(id)]
  }

  has(id: Id): boolean {
    return this.#ids.includes(id)
  }

  set(id: Id, stream: Stream): this {
    const at = this.#ids.indexOf(id)
    if (at === -1) {
      this.#ids.push(id)
      this.#streams.push(stream)
    } else this.#streams[at] = stream
    return this
  }

  delete(id: Id): boolean {
    const at = this.#ids.indexOf(id)
    if (at === -1) return false
    this.#ids.splice(at, 1)
    this.#streams.splice(at, 1)
    return true
  }

  clear(): void {
    this.#ids.length = 0
    this.#streams.length = 0
  }

  forEach(act: (stream: Stream, id: Id, all: Map<Id, Stream>) => void): void {
    for (const [id, stream] of this) act(stream, id, this)
  }

  entries(): MapIterator<[Id, Stream]> {
    return this.#copy().entries()
  }

  keys(): MapIterator<Id> {
    return this.#copy().keys()
  }

  values(): MapIterator<Stream> {
    return this.#copy().values()
  }

  [Symbol.iterator](): MapIterator<[Id, Stream]> {
    return this.entries()
  }

  // Whoever goes through them may end some meanwhile.
  #copy(): Map<Id, Stream> {
    const copy = new Map<Id, Stream>()
    for (const [at, id] of this.#ids.entries()) {
      const stream = this.#streams[at]
      if (stream !== undefined) copy.set(id, stream)
    }
    return copy
  }
}
