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

/**
 * Waits for the one message of a call, and for the end of it. What is too large is `undefined` at once, and what else
 * is sent of it is thrown away. A call that is broken off is not answered.
 */
export function takeMessage(
  stream: ServerHttp2Stream,
  bytesMax: number,
  take: (message: Buffer | undefined) => void,
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

/** Answers a call by a message, each byte a character. */
export function answerCall(stream: ServerHttp2Stream, message: string): void {
  if (stream.destroyed || stream.closed) return
  stream.on('wantTrailers', () => stream.sendTrailers(goodTrailers))
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
