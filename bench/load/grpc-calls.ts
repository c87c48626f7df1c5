import type { ClientHttp2Session } from 'node:http2'
import type { BenchRequest } from '../target.ts'

/** A call that is ready to be sent, again and again. */
export interface Call {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** Makes a call of a request. */
export function callOf({ path, headers, message = '' }: BenchRequest): Call {
  const bytes = Buffer.from(message, 'base64')
  const head = Buffer.alloc(5)
  head.writeUInt32BE(bytes.length, 1)
  const fixed = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' }
  return {
    headers: { ':path': path, ...fixed, ...headers },
    body: Buffer.concat([head, bytes]),
  }
}

/** Makes a call; `done` hears whether it was answered by an allow. */
export function makeCall(
  session: ClientHttp2Session,
  { headers, body }: Call,
  done: (allowed: boolean) => void,
): void {
  const stream = session.request(headers)
  let allowed = false
  let good = false
  stream.on('data', (chunk: Buffer) => {
    // A status of zero comes first in a CheckResponse, and has no bytes.
    allowed ||= chunk[5] === 0x0a && chunk[6] === 0
  })
  stream.on('trailers', (trailers) => {
    good = trailers['grpc-status'] === '0'
  })
  stream.on('error', () => undefined)
  stream.on('close', () => done(allowed && good))
  stream.end(body)
}
