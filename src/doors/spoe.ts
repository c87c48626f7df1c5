// HAProxy's SPOE, from the side of the agent. One connection:
//
//   HAPROXY-HELLO → AGENT-HELLO, then any number of NOTIFY → ACK, in any order, until somebody says DISCONNECT
//   HAPROXY-HELLO with `healthcheck` → AGENT-HELLO and the end
//
// An ACK sets variables of the transaction, which HAProxy calls by the prefix that its configuration gives them
// (`txn.warder.allow`). What cannot be decided, read or understood sets `allow` to false: an ACK that sets nothing
// would leave it to HAProxy.

import type { Decision } from '../decision/decision.ts'
import type { Question } from '../decision/question.ts'
import { Gathered } from './gathered.ts'
import type { DoorSettings } from './http-door.ts'
import { createActionWriter } from './spoe-answer.ts'
import { readHello, statuses, writeDisconnect, writeHello } from './spoe-hello.ts'
import { createSpoeQuestionReader } from './spoe-question.ts'
import { frameTypes, SpoeReader, SpoeWriter, wholeFrame } from './spoe-wire.ts'

/** A decision with the id under which it is known. */
interface Judged {
  readonly decision: Decision
  readonly id: string
}

export interface SpoeParts {
  readonly settings: DoorSettings
  readonly judge: (question: Question) => Judged
  /** Whether no more connections are wanted; health checks then fail. */
  readonly isDraining: () => boolean
}

/** One connection of HAProxy. */
export interface SpoeSession {
  /** Takes what has arrived, and gives what is to be sent. */
  readonly take: (chunk: Buffer) => Buffer
  /** The frame that says goodbye. */
  readonly farewell: () => Buffer
  /** Whether the connection is to be closed once everything is sent. */
  readonly ended: boolean
  readonly greeted: boolean
  /** How much has arrived of a frame that is not whole. */
  readonly waiting: number
  /** How many frames have arrived whole. */
  readonly frames: number
}

const helloSizeMax = 16_380
// What HAProxy sends with a buffer of 128 KiB.
const frameSizeMax = 131_068
const frameSizeLeast = 7
const lengthBytes = 4
const empty: Buffer = Buffer.alloc(0)
/** What is written in one turn is taken in the same, so that all connections of a thread write here. */
const out = new SpoeWriter(4096)

/** Makes the session of a connection. */
export function createSpoeSession(parts: SpoeParts): SpoeSession {
  const talk = createConversation(parts)
  const rest = new Gathered()
  let frames = 0

  /** Takes the frames that are whole from a place on, up to the place that it gives. */
  const takeFrames = (bytes: Buffer, from: number): number => {
    let at = from
    while (!talk.ended) {
      const length = frameLength(bytes, at, talk.sizeMax)
      if (length === undefined) return at
      if (length < 0) talk.end(-length)
      else talk.take(bytes, at + lengthBytes, at + lengthBytes + length)
      frames++
      at += lengthBytes + length
    }
    return bytes.length
  }
  /** Adds to the frame that has begun what belongs to it, and takes it once it is whole; gives where it ends. */
  const endFrame = (chunk: Buffer): number => {
    let at = 0
    while (rest.length > 0 && at < chunk.length) {
      const piece = chunk.subarray(at, at + missingOf(rest))
      rest.add(piece)
      at += piece.length
      if (takeFrames(rest.bytes, 0) > 0) rest.clear()
    }
    return at
  }
  return {
    take(chunk) {
      if (talk.ended) return empty
      out.clear()
      const at = takeFrames(chunk, rest.length === 0 ? 0 : endFrame(chunk))
      if (at < chunk.length) rest.add(chunk.subarray(at))
      return out.length === 0 ? empty : out.take()
    },
    farewell() {
      out.clear()
      if (!talk.ended) talk.end(statuses.normal)
      return out.take()
    },
    get ended() {
      return talk.ended
    },
    get greeted() {
      return talk.greeted
    },
    get waiting() {
      return rest.length
    },
    get frames() {
      return frames
    },
  }
}

/** Makes what is said frame by frame. */
function createConversation({ settings, judge, isDraining }: SpoeParts) {
  const notify = createNotifyAnswerer({ settings, judge })
  const state = { sizeMax: helloSizeMax, greeted: false, ended: false }

  const end = (status: number) => {
    writeDisconnect(out, status)
    state.ended = true
  }
  const greet = (payload: SpoeReader) => {
    const hello = readHello(payload)
    if (typeof hello === 'number') end(hello)
    else if (isDraining()) end(statuses.normal)
    else {
      state.sizeMax = Math.min(frameSizeMax, hello.sizeMax)
      writeHello(out, state.sizeMax)
      state.greeted = true
      state.ended = hello.isHealthCheck
    }
  }
  const take = (bytes: Buffer, from: number, to: number) => {
    const ids = from + 5
    const frame = new SpoeReader(bytes, from, to)
    const type = frame.byte()
    const isWhole = bytes.readUInt32BE(frame.at) === wholeFrame
    frame.at = ids
    frame.varint()
    frame.varint()
    if (type === frameTypes.haproxyDisconnect) end(statuses.normal)
    else if (frame.failed) end(statuses.invalid)
    else if (!isWhole) end(statuses.fragmented)
    else if (type === frameTypes.notify && state.greeted) notify(frame, ids, state.sizeMax)
    else if (type === frameTypes.haproxyHello && !state.greeted) greet(frame)
    else end(statuses.invalid)
  }
  return {
    take,
    end,
    get sizeMax() {
      return state.sizeMax
    },
    get greeted() {
      return state.greeted
    },
    get ended() {
      return state.ended
    },
  }
}

/** How many bytes more the frame needs, or its length does, of which something has arrived. */
function missingOf({ length, bytes }: Gathered): number {
  return (length < lengthBytes ? lengthBytes : lengthBytes + bytes.readUInt32BE(0)) - length
}

/** The length of the frame at a place; `undefined` if it has not arrived whole, or minus the status that ends it all. */
function frameLength(bytes: Buffer, at: number, sizeMax: number): number | undefined {
  const left = bytes.length - at - lengthBytes
  if (left < 0) return undefined
  const length = bytes.readUInt32BE(at)
  if (length > sizeMax) return -statuses.tooBig
  if (length < frameSizeLeast) return -statuses.invalid
  return length > left ? undefined : length
}

/** Makes the part that answers a NOTIFY, whose ids begin at a place, by an ACK of a bounded size. */
function createNotifyAnswerer({ settings, judge }: Omit<SpoeParts, 'isDraining'>) {
  const readQuestion = createSpoeQuestionReader(settings)
  const writeActions = createActionWriter(out)
  return (frame: SpoeReader, ids: number, sizeMax: number) => {
    const { at } = frame
    const question = readQuestion(frame)
    const { decision, id } = judge(question ?? unreadable)
    const start = out.length
    out.uint32(0)
    out.byte(frameTypes.ack)
    out.uint32(wholeFrame)
    out.copy(frame.bytes, ids, at)
    const head = out.length
    // Garbage is never let through, whatever is configured for an outage; nor is what does not fit.
    writeActions(decision, id, !question)
    if (out.length - start - lengthBytes > sizeMax) {
      out.length = head
      writeActions(decision, id, true)
    }
    out.bytes.writeUInt32BE(out.length - start - lengthBytes, start)
  }
}

const unreadable: Question = Object.freeze({
  gateway: Object.freeze({ kind: 'credential-malformed' }),
  client: Object.freeze({ kind: 'credential-malformed' }),
  request: undefined,
})
