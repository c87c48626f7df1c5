// What stands between a listener's sockets and Node's HTTP: as long as every read of a connection is one plain request,
// it is answered on the spot, for little more than the reading and the writing cost. At the first doubt the connection is
// handed to Node with the bytes that raised it, for good.

import type { Socket } from 'node:net'
import { headerLine, type DoorAnswer } from '../doors/door-answer.ts'
import { STATUS_CODES } from '../system/http.ts'
import { encodingOf, lengthOf, type Exchange } from './exchange.ts'
import { readPlain, type PlainRequest } from './plain-request.ts'
import { readInPlace } from './read-in-place.ts'
import type { Strangers } from './strangers.ts'

/** The part of a listener that a lane needs. */
export interface LaneParts {
  readonly headerBytes: number
  /** Answers a plain request, now or later; false where nothing here does. */
  readonly take: (request: PlainRequest, exchange: Exchange) => boolean
  /** Takes over a connection. */
  readonly toNode: (socket: Socket) => void
  /** A connection on which nothing came in time. */
  readonly tooSlow: (socket: Socket) => void
  readonly strangers: Strangers
  readonly isDraining: () => boolean
  readonly wall: () => number
  readonly monotonic: () => number
  /** How long a connection may be idle: at first, of a stranger, and of who is known. */
  readonly idleMs: {
    readonly first: () => number
    readonly stranger: number
    readonly known: number
  }
}

/** The connections of a listener that Node's HTTP has not seen. */
export interface FastLane {
  readonly add: (socket: Socket) => void
  /** Ends those that have been answered. */
  readonly endIdle: () => void
  readonly endAll: () => void
  /** Looks after its connections no more. */
  readonly stop: () => void
}

const sweepEveryMs = 500

/** Makes the lane of one listener. */
export function createFastLane(parts: LaneParts): FastLane {
  const open = new Set<LaneConnection>()
  const lane: Lane = {
    ...parts,
    endingOf: createEndings(parts),
    now: parts.monotonic(),
    left: (one) => void open.delete(one),
  }
  const sweep = setInterval(() => {
    lane.now = parts.monotonic()
    for (const connection of open) connection.endIfIdle()
  }, sweepEveryMs).unref()
  return {
    add: (socket) => void open.add(new LaneConnection(socket, lane)),
    endIdle() {
      for (const connection of open) if (connection.isIdle) connection.socket.destroySoon()
    },
    endAll() {
      for (const { socket } of open) socket.destroy()
    },
    stop: () => clearInterval(sweep),
  }
}

interface Lane extends LaneParts {
  /** As of the latest sweep, which is exact enough to tell who is idle, and costs nothing to read. */
  now: number
  readonly endingOf: (fate: Fate) => string
  /** A connection is the lane's no more. */
  readonly left: (connection: LaneConnection) => void
}

/** A connection of the lane, which is also the exchange of the request that it has at the moment. */
class LaneConnection implements Exchange {
  readonly socket: Socket
  readonly #lane: Lane
  #isKnown = false
  #isFresh = true
  #idleSince: number
  /** Whether a request is not answered yet, and whether the answer is to be without its body. */
  #isAsked = false
  #isHead = false
  /** What came before a request was answered, and waits until it is. */
  #early: Buffer | undefined
  #isNodes = false

  constructor(accepted: Socket, lane: Lane) {
    this.socket = readInPlace(accepted, this.#onRead) ?? accepted
    this.#lane = lane
    this.#idleSince = lane.monotonic()
    for (const [event, listener] of this.#listeners()) this.socket.on(event, listener)
  }

  #listeners() {
    return [
      ['data', this.#onData],
      ['end', this.#onEnd],
      ['drain', this.#onDrain],
      ['close', this.#onClose],
      ['error', ignore],
    ] as const
  }

  get isOver(): boolean {
    return this.socket.writableEnded || this.socket.destroyed
  }

  /** Whether something was answered, and nothing is to be answered now. */
  get isIdle(): boolean {
    return !this.#isFresh && !this.#isAsked
  }

  readonly met = (): void => {
    if (this.#isKnown) return
    this.#isKnown = true
    this.#lane.strangers.met(this.socket)
  }

  send(answer: DoorAnswer): void {
    const { socket } = this
    const isLast = this.#lane.isDraining()
    const length = lengthOf(answer)
    const ending = this.#lane.endingOf(isLast ? 'ends' : this.#isKnown ? 'known' : 'stranger')
    const text = headOf(answer, length) + ending + (this.#isHead ? '' : answer.body)
    this.#isAsked = false
    if (!socket.write(text, encodingOf(answer, length))) socket.pause()
    if (isLast) socket.destroySoon()
    if (this.#early && !this.isOver) this.#goOn(this.#early)
  }

  #goOn(early: Buffer): void {
    this.#early = undefined
    this.#onData(early)
    if (!this.#isNodes && !this.socket.writableNeedDrain) this.socket.resume()
  }

  readonly #onRead = (bytes: Buffer): boolean => {
    if (this.#isNodes) return false
    this.#onData(bytes)
    return true
  }

  /** The bytes are another read's once this returns. */
  readonly #onData = (chunk: Buffer): void => {
    if (this.socket.writableEnded) return
    if (this.#isAsked) {
      this.#early = Buffer.from(chunk)
      this.socket.pause()
      return
    }
    const request = readPlain(chunk, this.#lane.headerBytes)
    if (!request || !this.#take(request)) this.#handOver(Buffer.from(chunk))
  }

  #take(request: PlainRequest): boolean {
    this.#isAsked = true
    this.#isHead = request.method === 'HEAD'
    if (!this.#lane.take(request, this)) return false
    this.#isFresh = false
    this.#idleSince = this.#lane.now
    return true
  }

  #handOver(bytes: Buffer): void {
    const { socket } = this
    this.#isNodes = true
    this.#lane.left(this)
    for (const [event, listener] of this.#listeners()) socket.off(event, listener)
    this.#lane.toNode(socket)
    socket.emit('data', bytes)
    if (socket.isPaused()) socket.resume()
  }

  readonly #onEnd = (): void => {
    this.socket.end()
  }

  readonly #onDrain = (): void => {
    if (!this.#early) this.socket.resume()
  }

  endIfIdle(): void {
    const { idleMs, now, tooSlow } = this.#lane
    // Time enough for who goes by what the answer said, whenever the sweep comes by.
    const idle = now - this.#idleSince - sweepEveryMs
    if (this.#isFresh) {
      if (idle > idleMs.first()) tooSlow(this.socket)
    } else if (idle > (this.#isKnown ? idleMs.known : idleMs.stranger)) this.socket.destroy()
  }

  readonly #onClose = (): void => this.#lane.left(this)
}

const ignore = () => undefined

/** What becomes of a connection after an answer. */
type Fate = 'known' | 'stranger' | 'ends'

const kept = (idleMs: number) =>
  `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(idleMs / 1000)}\r\n\r\n`

/** Makes the ends of heads, which change with every second. */
function createEndings({ wall, idleMs }: LaneParts): (fate: Fate) => string {
  let second = Number.NaN
  let endings: Readonly<Record<Fate, string>>
  return (fate) => {
    const now = Math.floor(wall() / 1000)
    if (now !== second) {
      second = now
      const date = `Date: ${new Date(now * 1000).toUTCString()}\r\n`
      endings = {
        known: date + kept(idleMs.known),
        stranger: date + kept(idleMs.stranger),
        ends: `${date}Connection: close\r\n\r\n`,
      }
    }
    return endings[fate]
  }
}

/** The head of an answer, without its end. */
function headOf({ status, lines }: DoorAnswer, length: number): string {
  return (startLines.get(status) ?? startLine(status)) + lengthLine(length) + lines
}

const startLine = (status: number) => `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
const startLines = new Map(
  Object.keys(STATUS_CODES).map((status) => [Number(status), startLine(Number(status))]),
)
const noLength = headerLine('Content-Length', '0')
const lengthLine = (length: number) =>
  length === 0 ? noLength : headerLine('Content-Length', `${length}`)
