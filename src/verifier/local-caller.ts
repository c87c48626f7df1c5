// Who asks from this very machine, and is no page in a browser. The address alone does not tell: a page from anywhere can
// have its own name lead to 127.0.0.1 (DNS rebinding), or post here under its own origin.

import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/** Why a request is not one of a program on this machine; `undefined` when it is. */
export function localFlaw(request: IncomingMessage): string | undefined {
  const { socket, headers } = request
  if (!isLocal(socket)) return 'explain is answered to this machine only'
  if (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined) {
    return 'explain is not answered to pages in a browser'
  }
  // No page reaches a Unix socket, and over TLS none under another name: the certificate is not for it.
  const isNamed = isUnix(socket) || 'encrypted' in socket || namesListener(request)
  return isNamed ? undefined : 'explain is asked by the address that it listens on, or by localhost'
}

const isUnix = ({ remoteAddress }: Socket) => remoteAddress === undefined

function isLocal(socket: Socket): boolean {
  return isUnix(socket) || /^(::1$|(::ffff:)?127\.)/.test(socket.remoteAddress ?? '')
}

/** Whether the one Host is the address at which this connection came in, or `localhost`; no other name, with any port. */
function namesListener({ socket, headersDistinct }: IncomingMessage): boolean {
  const [host = '', ...more] = headersDistinct['host'] ?? []
  const [, bracketed, plain] =
    /^(?:\[([\da-f]*:[\d.:a-f]+)\]|([^:[\]]+))(?::\d{1,5})?$/.exec(host) ?? []
  if (more.length > 0) return false
  const address = socket.localAddress?.replace(/^::ffff:(?=\d+\.)/, '')
  if (bracketed !== undefined) return bracketed === address
  return plain !== undefined && (plain.toLowerCase() === 'localhost' || plain === address)
}
