import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { frame } from '../doors/check-response.ts'

const headerBytes = 5

/** The message of a call that has one, whole and not compressed; `undefined` for any other bytes. */
function unframe(bytes: Buffer): Buffer | undefined {
  if (bytes.length < headerBytes || bytes[0] !== 0) return undefined
  return bytes.readUInt32BE(1) === bytes.length - headerBytes
    ? bytes.subarray(headerBytes)
    : undefined
}

/** Hears of what comes in a call. */
export interface MessageTaker {
  /** The message; `undefined` where there is none, or one that is too large. Never called for what is broken off. */
  readonly take: (message: Buffer | undefined) => void
  /** The client has said all. */
  readonly ended: (stream: ServerHttp2Stream) => void
}

/** Waits for the one message of a call and for its end. What is too large is known at once, and thrown away. */
export function takeMessage(
  stream: ServerHttp2Stream,
  bytesMax: number,
  { take, ended }: MessageTaker,
): void {
  let chunks: Buffer[] = []
  let size = 0
  stream.on('data', (chunk: Buffer) => {
    const before = size
    size += chunk.length
    if (size <= bytesMax) chunks.push(chunk)
    else if (before <= bytesMax) {
      chunks = []
      take(undefined)
    }
  })
  stream.on('end', () => {
    ended(stream)
    if (size > bytesMax || stream.aborted) return
    const [first] = chunks
    take(unframe(first && chunks.length === 1 ? first : Buffer.concat(chunks)))
  })
}

/** The codes of gRPC that a call is ended with here. */
export const grpcStatus = { ok: 0, invalidArgument: 3, notFound: 5, unimplemented: 12 } as const

const answerHeaders = { ':status': 200, 'content-type': 'application/grpc' } as const
const withTrailers = { waitForTrailers: true } as const
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
  stream.respond({ ...answerHeaders, 'grpc-status': status }, { endStream: true })
}

/** Tells a client that it does not speak gRPC. */
export function refuseMediaType(stream: ServerHttp2Stream): void {
  if (stream.destroyed || stream.closed) return
  stream.respond({ ':status': 415 }, { endStream: true })
}
