// The HTTP listener of the doors. Everything that Node leaves to its defaults and a gateway or an attacker would
// notice is set here on purpose.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { epochSeconds } from '../credential/time.ts'
import { decide, failToDecide, type View } from '../decision/decide.ts'
import { isFirstSeen } from '../decision/proof-cache.ts'
import type { Question } from '../decision/question.ts'
import type { BodyDoor } from '../doors/body-door.ts'
import type { HttpDoor } from '../doors/http-door.ts'
import { createBodyAnswerer } from './body-answer.ts'
import { afterBody } from './hook-body.ts'
import { HookRequest } from './hook-request.ts'
import type { JudgingParts } from './judging.ts'
import type { RequestFlaw, RequestHead } from './request-head.ts'
import { createStrangers, type Strangers } from './strangers.ts'
import type { HookLimits, TlsMaterial } from './thread-setup.ts'
import { secureContext } from './tls-files.ts'
import { createWaitingLine, type WaitingLine } from './waiting-line.ts'
import type { Room } from './unfinished.ts'

export interface HookServerParts extends JudgingParts {
  /** By path, without the query. */
  readonly doors: ReadonlyMap<string, HttpDoor>
  /** The door for every target that begins with a text, where the target itself is part of the question. */
  readonly prefixed?: { readonly prefix: string; readonly door: HttpDoor } | undefined
  /** Doors that are asked by a body, for every other path. */
  readonly bodyDoors?: readonly BodyDoor[]
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
}

// Longer than any gateway keeps an idle connection (Envoy: one hour): who closes first makes the other lose a request.
// Strangers have no such time.
const keepAliveMs = 3_650_000
const headersDeadlineMs = 10_000
const requestDeadlineMs = 30_000
const lingerMs = 500

/** Makes the listener; it does not listen yet. */
export function createHookServer(parts: HookServerParts): HookServer {
  const options = optionsOf(parts.limits)
  let draining = false
  const { bodyDoors = [] } = parts
  const strangers = createStrangers(parts.strangerIdleMs)
  const judging = { ...parts, strangers, waiting: createWaitingLine(parts.clock.monotonic) }
  const answerBody = createBodyAnswerer({ ...judging, bodyBytes: parts.limits.bodyBytes })
  const lastAnswers = new WeakMap<Socket, ServerResponse>()
  const answerPrefixed = (door: HttpDoor, request: HookRequest, response: ServerResponse) =>
    afterBody(request, response, parts.limits, () => {
      answer(judging, door, request, response)
      if (!response.shouldKeepAlive) lastAnswers.set(request.socket, response)
    })
  const handle = (request: HookRequest, response: ServerResponse) => {
    // Completed after it was told 408: it has had its answer, and is no question any more.
    if (request.socket.writableEnded) return
    const prefixed = prefixedDoor(request, parts)
    const flaw = flawOf(request, prefixed !== undefined)
    const path = pathOf(request)
    const door = parts.doors.get(path)
    const bodyDoor = (door ?? prefixed) ? undefined : bodyDoors.find(({ serves }) => serves(path))
    const isLast = isLastOf(request.head, { isPrefixed: prefixed !== undefined, bodyDoor })
    if (flaw || draining || isLast) response.shouldKeepAlive = false
    if (flaw) writeFlaw(flaw, response)
    else if (prefixed) answerPrefixed(prefixed, request, response)
    else if (bodyDoor) answerBody(bodyDoor, path, request, response)
    else if (door) answer(judging, door, request, response)
    else writeNotFound(request, response, strangers)
    if (!response.shouldKeepAlive) lastAnswers.set(request.socket, response)
  }

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
  return {
    server,
    drain() {
      draining = true
    },
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
  anyMethod: boolean,
): RequestFlaw | undefined {
  // The parser takes 0.9 and 2.0 too, by the rules of 1.1.
  if (httpVersionMajor !== 1) return 'version'
  if (head.flaw) return head.flaw
  if (url?.startsWith('/') !== true) return 'target'
  return method === 'TRACE' && !anyMethod ? 'method' : undefined
}

/** What is announced and never comes would swallow the next question on the connection, unless it is waited for. */
function isLastOf(
  { isLast, forNode }: RequestHead,
  {
    isPrefixed,
    bodyDoor,
  }: { readonly isPrefixed: boolean; readonly bodyDoor: BodyDoor | undefined },
): boolean {
  return bodyDoor ? forNode.upgrade !== undefined : isLast && !isPrefixed
}

function prefixedDoor({ url }: HookRequest, { prefixed }: HookServerParts): HttpDoor | undefined {
  return prefixed && url?.startsWith(prefixed.prefix) ? prefixed.door : undefined
}

interface Answering extends JudgingParts {
  readonly strangers: Strangers
  readonly waiting: WaitingLine
}

interface Asked {
  readonly door: HttpDoor
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** `undefined` where reading it failed. */
  readonly question: Question | undefined
}

/** Answers a request: at once where its credentials are known, else once there is time to prove them. */
function answer(
  parts: Answering,
  door: HttpDoor,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const view = parts.view()
  const question = readQuestion(door, request)
  const asked = { door, request, response, question }
  if (question && isFirstSeen(question, view.cache)) answerLater(parts, asked)
  else decideAndWrite(parts, asked, view)
}

function answerLater(parts: Answering, asked: Asked): void {
  const waits = parts.waiting.add(() => {
    const { socket } = asked.request
    // Who has gone, or was told that it took too long, is answered no more.
    if (!socket.writableEnded && !socket.destroyed) decideAndWrite(parts, asked, parts.view())
  })
  if (!waits) decideAndWrite(parts, asked, { ...parts.view(), admit: never })
}

const never = () => false

function decideAndWrite(
  { clock, nextDecisionId, observer, strangers }: Answering,
  { door, request, response, question }: Asked,
  view: View,
): void {
  const began = clock.monotonic()
  const now = epochSeconds(clock.wall() / 1000)
  const decision = question ? decide(question, door.rules, view, now) : failToDecide(view)
  const took = clock.monotonic() - began
  const id = nextDecisionId()
  // In an outage strangers may be allowed too, for another reason.
  if (decision.reason === 'allowed') strangers.met(request.socket)
  else strangers.keepBriefly(request.socket, response)
  door.write(decision, id, response)
  observer.decided(door.name, decision, id, request.socket.remoteAddress)
  observer.took(took)
}

function readQuestion(door: HttpDoor, request: IncomingMessage): Question | undefined {
  try {
    return door.read(request)
  } catch {
    return undefined
  }
}

function pathOf({ url = '' }: IncomingMessage): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
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

const notFound = Buffer.from(
  JSON.stringify({ code: 'NOT_FOUND', message: 'no door answers at this path' }),
)

function writeNotFound(
  { socket }: IncomingMessage,
  response: ServerResponse,
  { keepBriefly }: Strangers,
): void {
  keepBriefly(socket, response)
  response.writeHead(404, [
    'Content-Length',
    `${notFound.length}`,
    'Content-Type',
    'application/json; charset=utf-8',
  ])
  response.end(notFound)
}

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
