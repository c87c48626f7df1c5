// The listener of the SPOE door. What one read brings is answered by one write.

import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls'
import type { DoorSettings } from '../doors/http-door.ts'
import { createSpoeSession, type SpoeSession } from '../doors/spoe.ts'
import { createDeadlines, type Deadlines } from './deadlines.ts'
import { openJudgement, type JudgingParts } from './judging.ts'
import { strangerIdleMs } from './strangers.ts'
import type { TlsMaterial } from './thread-setup.ts'
import { secureContext } from './tls-files.ts'

export interface SpoeServerParts extends JudgingParts {
  readonly settings: DoorSettings
  readonly sockets: number
  readonly tls: TlsMaterial | undefined
  /** How long a frame may take from its first byte to its last one, and a greeting; ten seconds if not told. */
  readonly frameDeadlineMs?: number
  /** How long a connection may be idle on which no live credential was seen; ten seconds if not told. */
  readonly strangerIdleMs?: number
}

export interface SpoeServer {
  readonly server: Server | TlsServer
  /** From now on nobody is greeted any more, health checks least of all. */
  readonly drain: () => void
  /** Says goodbye on every connection, behind the answers to all that has arrived. */
  readonly endConnections: () => void
  readonly closeAllConnections: () => void
}

const idleMs = 3_650_000
const usualFrameDeadlineMs = 10_000

/** Makes the listener; it does not listen yet. */
export function createSpoeServer(parts: SpoeServerParts): SpoeServer {
  const { settings, tls, frameDeadlineMs = usualFrameDeadlineMs } = parts
  const late = createDeadlines<Socket>(parts.clock.monotonic, frameDeadlineMs)
  const connections = new Map<Socket, SpoeSession>()
  const door = { name: 'spoe', rules: settings } as const
  let draining = false

  const greet = (socket: Socket) => {
    let isStranger = true
    const met = () => {
      if (isStranger) socket.setTimeout(idleMs)
      isStranger = false
    }
    const session = createSpoeSession({
      settings,
      judge(question) {
        const { id, judge } = openJudgement(parts, door, socket, met)
        return { decision: judge(question), id }
      },
      isDraining: () => draining,
    })
    connections.set(socket, session)
    socket.once('close', () => {
      connections.delete(socket)
      late.ended(socket)
    })
    socket.setTimeout(parts.strangerIdleMs ?? strangerIdleMs)
    serve(socket, session, late)
  }
  const server = tls
    ? createTlsServer(
        { ...secureContext(tls), handshakeTimeout: frameDeadlineMs, noDelay: true },
        greet,
      )
    : createServer({ noDelay: true }, greet)
  server.maxConnections = parts.sockets
  server.on('close', late.close)
  return {
    server,
    drain() {
      draining = true
    },
    endConnections() {
      for (const [socket, session] of connections) socket.end(session.farewell())
    },
    closeAllConnections() {
      for (const socket of connections.keys()) socket.destroy()
    },
  }
}

/** Who has not greeted, has begun a frame or been said goodbye to, has until the deadline, whatever it dribbles. */
function serve(socket: Socket, session: SpoeSession, late: Deadlines<Socket>): void {
  late.begun(socket)
  socket.on('timeout', () => socket.destroy())
  // Who breaks off is gone, which `close` tells.
  socket.on('error', () => socket.destroy())
  socket.on('drain', () => socket.resume())
  socket.on('data', (chunk: Buffer) => {
    if (session.ended) return
    const { frames } = session
    const answers = session.take(chunk)
    if (session.ended) {
      socket.end(answers)
      late.begun(socket)
      return
    }
    // Who does not read its answers is not asked for more questions.
    if (answers.length > 0 && !socket.write(answers)) socket.pause()
    if (session.greeted && session.waiting === 0) late.ended(socket)
    else if (session.frames > frames || !late.isOpen(socket)) late.begun(socket)
  })
}
