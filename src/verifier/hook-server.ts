// The HTTP listener of the doors. Everything that Node leaves to its defaults and a gateway or an attacker would
// notice is set here on purpose.

import type { Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { jsonLine, type DoorAnswer } from '../doors/door-answer.ts'
import { createServer } from '../system/http.ts'
import { answerGathered, answerWhole } from './body-answer.ts'
import { NodeExchange, type Exchange } from './exchange.ts'
import { createFastLane, type FastLane } from './fast-lane.ts'
import { createHookAnswerer } from './hook-answer.ts'
import { afterBody } from './hook-body.ts'
import { HookRequest, pathOf } from './hook-request.ts'
import type { JudgingParts } from './judging.ts'
import type { PlainRequest } from './plain-request.ts'
import type { RequestFlaw, RequestHead } from './request-head.ts'
import { createRoutes, type Route, type RoutesParts } from './routes.ts'
import { createStrangers, strangerIdleMs, type Strangers } from './strangers.ts'
import type { HookLimits, TlsMaterial } from './thread-setup.ts'
import { secureContext } from './tls-files.ts'
import type { Room } from './unfinished.ts'

export interface HookServerParts extends JudgingParts, RoutesParts {
  readonly limits: HookLimits
  /** Where what is not whole yet is kept, of all listeners of the thread. */
  readonly room: Room
  readonly tls: TlsMaterial | undefined
  /** How long a connection may be idle on which no live credential was seen; ten seconds if not told. */
  readonly strangerIdleMs?: number
}

export interface HookServer {
  readonly server: Server | TlsServer
  /** From now on every answer ends its connection. */
  readonly drain: () => void
  /** Ends the connections on which nothing is being answered. */
  readonly endIdle: () => void
  readonly endAll: () => void
}

// Longer than any gateway keeps an idle connection (Envoy: one hour): who closes first makes the other lose a request.
// Strangers have no such time.
const keepAliveMs = 3_650_000
const headersDeadlineMs = 10_000
const requestDeadlineMs = 30_000
const lingerMs = 500

/** Makes the listener; it does not listen yet. */
export function createHookServer(parts: HookServerParts): HookServer {
  let draining = false
  const isDraining = () => draining
  const strangers = createStrangers(parts.strangerIdleMs)
  const answering = {
    ...parts,
    bodyBytes: parts.limits.bodyBytes,
    strangers,
    isDraining,
    routeOf: createRoutes(parts),
    answerHook: createHookAnswerer(parts),
  }
  const server = createNodeServer(answering)
  const lane = putLaneBefore(server, answering)
  return {
    server,
    drain() {
      draining = true
    },
    endIdle() {
      server.closeIdleConnections()
      lane.endIdle()
    },
    endAll() {
      server.closeAllConnections()
      lane.endAll()
    },
  }
}

interface Answering extends HookServerParts {
  readonly bodyBytes: number
  readonly strangers: Strangers
  readonly isDraining: () => boolean
  readonly routeOf: ReturnType<typeof createRoutes>
  readonly answerHook: ReturnType<typeof createHookAnswerer>
}

/** Answers what comes in one plain read before Node has looked at it. */
function putLaneBefore(server: Server | TlsServer, parts: Answering): FastLane {
  const event = 'setSecureContext' in server ? 'secureConnection' : 'connection'
  const toNode = server.listeners(event).at(-1)
  if (!toNode) throw new TypeError('the server takes no connections')
  const { limits, strangers, isDraining } = parts
  const lane = createFastLane({
    headerBytes: limits.headerBytes,
    take: (request, exchange) => takePlain(parts, request, exchange),
    toNode: (socket) => Reflect.apply(toNode, server, [socket]),
    tooSlow: (socket) => refuseConnection(timedOut, socket),
    strangers,
    isDraining,
    wall: parts.clock.wall,
    monotonic: parts.clock.monotonic,
    idleMs: {
      first: () => server.headersTimeout,
      stranger: parts.strangerIdleMs ?? strangerIdleMs,
      known: keepAliveMs,
    },
  })
  server.off(event, toNode)
  server.on(event, lane.add)
  server.once('close', lane.stop)
  return lane
}

function takePlain(parts: Answering, request: PlainRequest, exchange: Exchange): boolean {
  const route = parts.routeOf(request.url)
  if (!route || request.body.length > parts.bodyBytes) return false
  if (route.kind === 'body') {
    const { method, url, rawHeaders, body } = request
    answerWhole(parts, route.door, { method, path: pathOf(url), rawHeaders, body }, exchange)
    return true
  }
  if (isLastOf(request.head, route)) return false
  parts.answerHook(route.door, request, exchange)
  return true
}

/** Makes the server of Node's that reads what is not plain. */
function createNodeServer(parts: Answering): Server | TlsServer {
  const lastAnswers = new WeakMap<Socket, ServerResponse>()
  const handle = (request: HookRequest, response: ServerResponse) => {
    // Completed after it was told 408: it has had its answer, and is no question any more.
    if (request.socket.writableEnded) return
    const route = parts.routeOf(request.url)
    const flaw = flawOf(request, route)
    if (flaw || parts.isDraining() || isLastOf(request.head, route)) {
      response.shouldKeepAlive = false
    }
    const noteLast = () => {
      if (!response.shouldKeepAlive) lastAnswers.set(request.socket, response)
    }
    if (flaw) writeFlaw(flaw, response)
    else answerRoute(parts, route, { request, response, noteLast })
    noteLast()
  }
  const options = optionsOf(parts.limits)
  const server = parts.tls
    ? createTlsServer(
        { ...options, ...secureContext(parts.tls), handshakeTimeout: headersDeadlineMs },
        handle,
      )
    : createServer(options, handle)
  server.maxHeadersCount = 0
  server.maxConnections = parts.limits.sockets
  // Node would answer 100 Continue before anything is decided; the final answer is all that a gateway can use.
  server.on('checkContinue', handle)
  server.on('checkExpectation', handle)
  server.on('clientError', (error, socket: Socket) => {
    // What follows the last answer of a connection gets none, not even that it was no request.
    const last = lastAnswers.get(socket)
    if (!last) refuseConnection(error, socket)
    else if (last.writableEnded) socket.destroySoon()
  })
  return server
}

interface Asked {
  readonly request: HookRequest
  readonly response: ServerResponse
  /** To be told once more where only the body shows whether this is the last answer of the connection. */
  readonly noteLast: () => void
}

function answerRoute(
  parts: Answering,
  route: Route | undefined,
  { request, response, noteLast }: Asked,
): void {
  const exchange = new NodeExchange(response, parts.strangers)
  switch (route?.kind) {
    case undefined:
      exchange.send(notFound)
      break
    case 'hook':
      parts.answerHook(route.door, request, exchange)
      break
    case 'prefixed':
      afterBody(request, response, parts.limits, () => {
        parts.answerHook(route.door, request, exchange)
        noteLast()
      })
      break
    case 'body':
      answerGathered(parts, route.door, request, response)
      break
  }
}

function optionsOf(limits: HookLimits) {
  return {
    maxHeaderSize: limits.headerBytes,
    keepAliveTimeout: keepAliveMs,
    headersTimeout: headersDeadlineMs,
    requestTimeout: requestDeadlineMs,
    connectionsCheckingInterval: 1000,
    IncomingMessage: HookRequest,
    // HookRequest checks it, and how many there are.
    requireHostHeader: false,
    optimizeEmptyRequests: true,
    noDelay: true,
  }
}

function flawOf(
  { head, httpVersionMajor, url, method }: HookRequest,
  route: Route | undefined,
): RequestFlaw | undefined {
  // The parser takes 0.9 and 2.0 too, by the rules of 1.1.
  if (httpVersionMajor !== 1) return 'version'
  if (head.flaw) return head.flaw
  if (!url.startsWith('/')) return 'target'
  return method === 'TRACE' && route?.kind !== 'prefixed' ? 'method' : undefined
}

/** What is announced and never comes would swallow the next question on the connection, unless it is waited for. */
function isLastOf({ isLast, forNode }: RequestHead, route: Route | undefined): boolean {
  switch (route?.kind) {
    case 'body':
      return forNode.upgrade !== undefined
    case 'prefixed':
      return false
    case 'hook':
    case undefined:
      return isLast
  }
}

const flawStatus: Readonly<Record<RequestFlaw, number>> = {
  host: 400,
  target: 400,
  framing: 400,
  version: 505,
  method: 405,
}

function writeFlaw(flaw: RequestFlaw, response: ServerResponse): void {
  const allow = flaw === 'method' ? ['Allow', 'GET, HEAD, POST'] : []
  response.writeHead(flawStatus[flaw], ['Content-Length', '0', ...allow])
  response.end()
}

const notFound: DoorAnswer = {
  status: 404,
  lines: jsonLine,
  body: JSON.stringify({ code: 'NOT_FOUND', message: 'no door answers at this path' }),
}

const timedOut = Object.assign(new Error('nothing came in time'), {
  code: 'ERR_HTTP_REQUEST_TIMEOUT',
})
const parserStatus = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
])

/** Answers what was no request, and reads on for a moment: a close with bytes unread would cost the sender the answer. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  // The parser says so again for everything that comes after.
  if (socket.writableEnded) return
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const status = parserStatus.get(error.code ?? '') ?? '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  const cut = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(cut))
}
