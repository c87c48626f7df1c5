import type { Server, Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import type { TlsMaterial } from './thread-setup.ts'
import { secureContext } from './tls-files.ts'

/**
 * Makes what gives a server other certificates for the connections that come. Where it knows its clients by CAs and these
 * change, all connections end: those that are there were let in by the CAs of before, and so would be those whose
 * handshake has begun.
 */
export function tlsRenewal(
  server: Server,
  first: TlsMaterial | undefined,
): (tls: TlsMaterial) => void {
  if (!first || !(server instanceof TlsServer)) return () => undefined
  const open = new Set<Socket>()
  let { clientCa } = first
  if (clientCa) {
    // Those of before the handshake, of which the server itself tells nothing later.
    server.on('connection', (socket: Socket) => {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
    })
  }
  return (tls) => {
    server.setSecureContext(secureContext(tls))
    // On its way to a thread a buffer has become plain bytes, which cannot compare themselves.
    if (clientCa && tls.clientCa && Buffer.compare(clientCa, tls.clientCa) !== 0) {
      for (const socket of open) socket.destroy()
    }
    clientCa = tls.clientCa
  }
}
