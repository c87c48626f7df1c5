// The listener of the SPOE door. What one read brings is answered by one write.

import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls'
import type { DoorSettings } from '../doors/http-door.ts'
import { createSpoeSession, type SpoeSession } from '../doors/spoe.ts'
import { createDeadlines, type Deadline } from './deadlines.ts'
import { openJudgement, type JudgingParts } from './judging.ts'
import { strangerIdleMs } from './strangers.ts'
import type { TlsMaterial } from './thread-setup.ts'
import { secureContext } from './tls-files.ts'
import type { Room } from './unfinished.ts'

export interface SpoeServerParts extends JudgingParts {
  readonly settings: DoorSettings
  readonly sockets: number
  /** Where what is not whole yet is kept, of all listeners of the thread. */
  readonly room: Room
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
  const late = createDeadlines(parts.clock.monotonic, frameDeadlineMs)
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
    const held = createHeld(parts.room)
    const deadline = late.of(socket)
    connections.set(socket, session)
    socket.once('close', () => {
      connections.delete(socket)
      deadline.end()
      held.become(0, true)
    })
    socket.setTimeout(parts.strangerIdleMs ?? strangerIdleMs)
    serve(socket, { session, deadline, hold: (bytes) => held.become(bytes, isStranger) })
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

/** What one connection keeps of a frame that is not whole, and of answers that it does not read. */
function createHeld(room: Room) {
  let held = 0
  return {
    become(bytes: number, isStranger: boolean): boolean {
      if (bytes > held && !room.take(bytes - held, isStranger)) return false
      if (bytes < held) room.give(held - bytes)
      held = bytes
      return true
    },
  }
}

interface Served {
  readonly session: SpoeSession
  /** For a frame that has begun. */
  readonly deadline: Deadline
  /** Has so much be kept; false if there is no room for it. */
  readonly hold: (bytes: number) => boolean
}

/** Who has not greeted, has begun a frame or been said goodbye to, has until the deadline, whatever it dribbles. */
function serve(socket: Socket, { session, deadline, hold }: Served): void {
  deadline.begin()
  socket.on('timeout', () => socket.destroy())
  // Who breaks off is gone, which `close` tells.
  socket.on('error', () => socket.destroy())
  socket.on('drain', () => {
    hold(session.waiting)
    socket.resume()
  })
  socket.on('data', (chunk: Buffer) => {
    if (session.ended) return
    const { frames } = session
    const answers = session.take(chunk)
    // Who does not read its answers is not asked for more questions.
    if (answers.length > 0 && !socket.write(answers)) socket.pause()
    const hasRoom = hold(session.waiting + socket.writableLength)
    if (!hasRoom && socket.writableLength > 0) {
      socket.destroy()
      return
    }
    if (session.ended || !hasRoom) {
      socket.end(session.farewell())
      socket.resume()
      deadline.begin()
      return
    }
    if (session.greeted && session.waiting === 0) deadline.end()
    else if (session.frames > frames || !deadline.isOpen) deadline.begin()
  })
}
