import { Gathered } from '../doors/gathered.ts'
import type { HookLimits } from './thread-setup.ts'

/**
 * What a thread may keep of all questions together that have not come to their end. Most come whole in one read, so this
 * is for those that are slow: fifty of the longest at once, and an amount that a thread can have in any container.
 */
const usualBytesMax = 64 * 1024 * 1024
const largestAtOnce = 4
/** Of which anybody may take this share; the rest is for connections on which a live credential was seen. */
const strangersShare = 0.5

/** The room of a thread for what is unfinished. */
export interface Room {
  /** Takes so many bytes, unless there is no room for them. */
  readonly take: (bytes: number, isStranger: boolean) => boolean
  readonly give: (bytes: number) => void
}

/** The longest message of a call: a request's headers take more room in it than on the wire, with some overhead. */
export function messageBytesMax({
  bodyBytes,
  headerBytes,
}: Pick<HookLimits, 'bodyBytes' | 'headerBytes'>): number {
  return bodyBytes + 4 * headerBytes
}

/** Makes the room of one thread. */
export function createRoom(limits: Pick<HookLimits, 'bodyBytes' | 'headerBytes'>): Room {
  const bytesMax = Math.max(usualBytesMax, largestAtOnce * messageBytesMax(limits))
  const strangersMax = bytesMax * strangersShare
  let used = 0
  return {
    take(bytes, isStranger) {
      if (used + bytes > (isStranger ? strangersMax : bytesMax)) return false
      used += bytes
      return true
    },
    give(bytes) {
      used -= bytes
    },
  }
}

const nothing: Buffer = Buffer.alloc(0)

/** The pieces of one question that is not whole yet. */
export class Pieces {
  readonly #room: Room
  readonly #isStranger: boolean
  #first: Buffer | undefined
  #all: Gathered | undefined
  #size = 0

  constructor(room: Room, isStranger: boolean) {
    this.#room = room
    this.#isStranger = isStranger
  }

  /** Keeps a piece, unless there is no room for it. */
  add(piece: Buffer): boolean {
    if (!this.#room.take(piece.length, this.#isStranger)) return false
    this.#size += piece.length
    // What comes in one piece is not copied.
    if (!this.#first) this.#first = piece
    else {
      this.#all ??= gatheredFrom(this.#first)
      this.#all.add(piece)
    }
    return true
  }

  /** Lets go of all that was kept, and gives it. */
  end(): Buffer {
    const bytes = this.#all?.bytes ?? this.#first ?? nothing
    this.#room.give(this.#size)
    this.#size = 0
    this.#first = undefined
    this.#all = undefined
    return bytes
  }
}

function gatheredFrom(first: Buffer): Gathered {
  const all = new Gathered()
  all.add(first)
  return all
}
