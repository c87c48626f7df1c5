import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { frame } from '../doors/check-response.ts'
import { Pieces, type Room } from './unfinished.ts'

const headerBytes = 5

/** The message of a call that has one, whole and not compressed; `undefined` for any other bytes. */
function unframe(bytes: Buffer): Buffer | undefined {
  if (bytes.length < headerBytes || bytes[0] !== 0) return undefined
  return bytes.readUInt32BE(1) === bytes.length - headerBytes
    ? bytes.subarray(headerBytes)
    : undefined
}

/** Why there is no message: there is none that can be read, or no room for it now. */
export type MessageFlaw = 'no-message' | 'no-room'

/** Hears of what comes in a call. */
export interface MessageTaker {
  readonly bytesMax: number
  readonly room: Room
  readonly isStranger: boolean
  /** The message, or what is wrong with it, as soon as that is known. Never called for what is broken off. */
  readonly take: (message: Buffer | MessageFlaw) => void
}

/** Waits for the one message of a call and for its end. What cannot be kept is known at once, and thrown away. */
export function takeMessage(
  stream: ServerHttp2Stream,
  { bytesMax, room, isStranger, take }: MessageTaker,
): void {
  const pieces = new Pieces(room, isStranger)
  let size = 0
  let isRefused = false
  const refuse = (flaw: MessageFlaw) => {
    isRefused = true
    pieces.end()
    take(flaw)
  }
  const add = (chunk: Buffer) => {
    if (isRefused) return
    size += chunk.length
    if (size > bytesMax) refuse('no-message')
    else if (!pieces.add(chunk)) refuse('no-room')
  }
  const finish = () => {
    if (isRefused || stream.aborted) return
    take(unframe(pieces.end()) ?? 'no-message')
  }
  stream.on('data', add).on('end', finish)
  stream.on('close', () => pieces.end())
}

/** The codes of gRPC that a call is ended with here. */
export const grpcStatus = {
  ok: 0,
  invalidArgument: 3,
  notFound: 5,
  unimplemented: 12,
  unavailable: 14,
} as const

const failureHeaders = { ':status': 200, 'content-type': 'application/grpc' } as const
// As a list, and without a date, which no client of gRPC looks for: both cost Node less.
const answerHeaders = [':status', '200', 'content-type', 'application/grpc']
const withTrailers = { waitForTrailers: true, sendDate: false } as const
const goodTrailers: OutgoingHttpHeaders = { 'grpc-status': grpcStatus.ok }

function sendGoodTrailers(this: ServerHttp2Stream): void {
  this.sendTrailers(goodTrailers)
}

/** Answers a call by a message, each byte a character. */
export function answerCall(stream: ServerHttp2Stream, message: string): void {
  if (stream.destroyed || stream.closed) return
  stream.on('wantTrailers', sendGoodTrailers)
  stream.respond(answerHeaders, withTrailers)
  stream.end(frame(message), 'latin1')
}

/** Ends a call without an answer. */
export function failCall(
  stream: ServerHttp2Stream,
  status: (typeof grpcStatus)[keyof typeof grpcStatus],
): void {
  if (stream.destroyed || stream.closed) return
  stream.respond({ ...failureHeaders, 'grpc-status': status }, { endStream: true })
}

/** Tells a client that it does not speak gRPC. */
export function refuseMediaType(stream: ServerHttp2Stream): void {
  if (stream.destroyed || stream.closed) return
  stream.respond({ ':status': 415 }, { endStream: true })
}
