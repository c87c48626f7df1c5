// The gRPC listener, on Node's HTTP/2. A call is
//
//   client → headers (POST, path, metadata) · data: 0, length in four bytes, message · end
//   server → headers · data: 0, length, message · trailers: grpc-status
//
// What is wrong with a `Check` is answered by a refusal inside of a good call: a gateway that lets requests pass when a
// call fails must not be brought to it by what its clients send. docs/design/0006-grpc.md has the limits and why.

import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type ServerHttp2Stream,
} from 'node:http2'
import { epochSeconds, type EpochSeconds } from '../credential/time.ts'
import { decide, failToDecide, type View } from '../decision/decide.ts'
import type { Decision } from '../decision/decision.ts'
import type { Asked, CheckDoor } from '../doors/grpc.ts'
import { asksOfKnownService, healthMessages } from '../doors/grpc-health.ts'
import type { Clock } from '../system/clock.ts'
import {
  answerCall,
  failCall,
  grpcStatus,
  refuseMediaType,
  takeMessage,
  type MessageFlaw,
} from './grpc-call.ts'
import { createDeadlines } from './deadlines.ts'
import type { ThreadObserver } from './observer.ts'
import { forgetClosedStreams } from './open-streams.ts'
import { strangerIdleMs } from './strangers.ts'
import type { HookLimits, TlsMaterial } from './thread-setup.ts'
import { secureContext } from './tls-files.ts'
import { messageBytesMax, type Room } from './unfinished.ts'

export interface GrpcServerParts {
  readonly door: CheckDoor
  /** What is known now. */
  readonly view: () => View
  readonly clock: Clock
  readonly nextDecisionId: () => string
  readonly limits: HookLimits
  /** Where what is not whole yet is kept, of all listeners of the thread. */
  readonly room: Room
  readonly tls: TlsMaterial | undefined
  /** How long a connection may be idle on which no live credential was seen; ten seconds if not told. */
  readonly strangerIdleMs?: number
  /** How long a call may take, from its headers until its answer was taken; ten seconds if not told. */
  readonly callDeadlineMs?: number
  /** Told of every decision once it is written. */
  readonly observer: Pick<ThreadObserver, 'decided' | 'took'>
}

export interface GrpcServer {
  readonly server: Http2Server | Http2SecureServer
  /** Tells every client to open a new connection for what it asks next. */
  readonly drain: () => void
  /** Ends all connections without a word. */
  readonly endAll: () => void
}

// Idle connections of gateways are kept for as long as the other side is there, which the system finds out.
const keepAliveProbeMs = 60_000
const prefaceDeadlineMs = 10_000
const usualCallDeadlineMs = 10_000
// What Node bears; it can be made to say less, but not to bear less.
const metadataBytesMax = 64 * 1024
// What Envoy keeps in flight on a connection; each call may leave a message unfinished.
const streamsMax = 100

type Session = NonNullable<ServerHttp2Stream['session']>
/** The other side of a connection. */
interface Peer {
  readonly source: string | undefined
  /** A live credential was seen. */
  met: boolean
}
type Handler = (stream: ServerHttp2Stream, rawHeaders: readonly string[]) => void

/** Makes the listener; it does not listen yet. */
export function createGrpcServer(parts: GrpcServerParts): GrpcServer {
  const sessions = new Map<Session, Peer>()
  const calls = createDeadlines(parts.clock.monotonic, parts.callDeadlineMs ?? usualCallDeadlineMs)
  let draining = false
  const handlers = new Map<string, Handler>([
    ['/envoy.service.auth.v3.Authorization/Check', createCheck(parts, sessions)],
    [
      '/grpc.health.v1.Health/Check',
      createHealthCheck(() => !draining && canDecide(parts.view()), parts.room),
    ],
  ])
  const options = {
    settings: { maxConcurrentStreams: streamsMax, maxHeaderListSize: metadataBytesMax },
    maxHeaderListPairs: 128,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveProbeMs,
  }
  const server = parts.tls
    ? createSecureServer({
        ...options,
        ...secureContext(parts.tls),
        handshakeTimeout: prefaceDeadlineMs,
      })
    : createServer(options)
  server.maxConnections = parts.limits.sockets
  server.on('session', (session) => {
    forgetClosedStreams(session)
    sessions.set(session, { source: session.socket.remoteAddress, met: false })
    session.setTimeout(parts.strangerIdleMs ?? strangerIdleMs, () => session.close())
    const late = setTimeout(() => session.destroy(), prefaceDeadlineMs).unref()
    session.once('remoteSettings', () => clearTimeout(late))
    session.once('close', () => {
      clearTimeout(late)
      sessions.delete(session)
    })
  })
  server.on('stream', (stream: ServerHttp2Stream, headers, _flags, rawHeaders) => {
    // Whoever breaks off a call needs no answer.
    stream.on('error', ignore)
    const deadline = calls.of(stream)
    deadline.begin()
    stream.on('close', () => deadline.end())
    const handle = handlers.get(headers[':path'] ?? '')
    if (!isGrpc(headers['content-type'])) refuseMediaType(stream)
    else if (!handle || headers[':method'] !== 'POST') failCall(stream, grpcStatus.unimplemented)
    else handle(stream, rawHeaders)
  })
  server.on('sessionError', ignore)
  server.on('close', calls.close)
  return {
    server,
    drain() {
      draining = true
      for (const session of sessions.keys()) session.close()
    },
    endAll() {
      for (const session of sessions.keys()) session.destroy()
    },
  }
}

function ignore(): void {}

const isGrpc = (type = '') => /^application\/grpc(?:\+proto)?(?:;|$)/.test(type)

function createCheck(parts: GrpcServerParts, sessions: ReadonlyMap<Session, Peer>): Handler {
  const { door, view: look, clock, nextDecisionId, observer, room } = parts
  const bytesMax = messageBytesMax(parts.limits)
  return (stream, rawHeaders) => {
    const { session } = stream
    const peer = session && sessions.get(session)
    const take = (message: Buffer | MessageFlaw) => {
      const began = clock.monotonic()
      const view = look()
      const asked = typeof message === 'string' ? undefined : readSafely(door, rawHeaders, message)
      const id = nextDecisionId()
      if (!asked) {
        answerCall(
          stream,
          door.refuse(id, message === 'no-room' ? 'overloaded' : 'question-incomplete'),
        )
        // There may be room by the time of the next connection.
        if (message === 'no-room') session?.close()
        return
      }
      const decision = decideOn(asked, door, view, epochSeconds(clock.wall() / 1000))
      const took = clock.monotonic() - began
      answerCall(stream, door.write(decision, id, asked === 'failed' ? undefined : asked.removed))
      if (peer?.met === false && decision.reason === 'allowed') {
        peer.met = true
        session?.setTimeout(0)
      }
      observer.decided(door.name, decision, id, peer?.source)
      observer.took(took)
    }
    takeMessage(stream, { bytesMax, room, isStranger: peer?.met !== true, take })
  }
}

function readSafely(
  door: CheckDoor,
  rawHeaders: readonly string[],
  message: Buffer,
): Asked | 'failed' | undefined {
  try {
    return door.read(rawHeaders, message)
  } catch {
    return 'failed'
  }
}

function decideOn(
  asked: Asked | 'failed',
  { rules }: CheckDoor,
  view: View,
  now: EpochSeconds,
): Decision {
  return asked === 'failed' ? failToDecide(view) : decide(asked.question, rules, view, now)
}

const canDecide = ({ standing, freshness, outage }: View) =>
  standing !== undefined && (freshness !== 'expired' || outage.expired === 'allow')

const healthBytesMax = 1024

function createHealthCheck(isServing: () => boolean, room: Room): Handler {
  return (stream) => {
    const take = (message: Buffer | MessageFlaw) => {
      const isKnown = typeof message === 'string' ? undefined : asksOfKnownService(message)
      if (message === 'no-room') failCall(stream, grpcStatus.unavailable)
      else if (isKnown === undefined) failCall(stream, grpcStatus.invalidArgument)
      else if (!isKnown) failCall(stream, grpcStatus.notFound)
      else answerCall(stream, isServing() ? healthMessages.serving : healthMessages.notServing)
    }
    takeMessage(stream, { bytesMax: healthBytesMax, room, isStranger: true, take })
  }
}
