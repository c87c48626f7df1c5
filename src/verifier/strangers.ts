import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * For how long a connection may be idle on which no live credential was seen yet: anybody can open such, and hold as
 * many as there may be. No longer than one that says nothing at all.
 */
export const strangerIdleMs = 10_000

/** Tells the connections of strangers from those of gateways. */
export interface Strangers {
  /** A live credential was seen on a connection. */
  readonly met: (socket: Socket) => void
  readonly isStranger: (socket: Socket) => boolean
  /** Has a stranger's connection end soon after an answer that is still to be written, and the answer say so. */
  readonly keepBriefly: (socket: Socket, response: ServerResponse) => void
}

/** Makes the memory of one HTTP listener. */
export function createStrangers(idleMs = strangerIdleMs): Strangers {
  const known = new WeakSet<Socket>()
  const keepAlive = `timeout=${Math.floor(idleMs / 1000)}`
  return {
    met: (socket) => void known.add(socket),
    isStranger: (socket) => !known.has(socket),
    keepBriefly(socket, response) {
      if (known.has(socket) || !response.shouldKeepAlive) return
      response.setHeader('Keep-Alive', keepAlive)
      // At this moment, a little earlier, Node sets the time that all others have.
      response.once('finish', () => socket.setTimeout(idleMs))
    },
  }
}
