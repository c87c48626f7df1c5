import type { Duplex } from 'node:stream'
import { errorBody } from './dispatch.ts'
import { unreadable } from './outcome.ts'

const statusOf: ReadonlyMap<unknown, 400 | 408 | 431> = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
])
const reasons = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
}

/** Answers what is no request, in the shape of every other error, and closes the connection. */
export function closeBroken(error: Error, socket: Duplex): void {
  const code = 'code' in error ? error.code : undefined
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = statusOf.get(code) ?? 400
  const body = JSON.stringify(errorBody(unreadable(status)).body)
  socket.end(
    [
      `HTTP/1.1 ${status} ${reasons[status]}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Cache-Control: no-store',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}
