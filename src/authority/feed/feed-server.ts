// The feed's part of the authority's listener: plain requests and one long response, with a credential of their own.
//
//   GET /feed/keys?first=THUMBPRINT · GET /feed/snapshot?atLeast=REVISION · GET /feed?after=REVISION · POST /feed/status
//   Authorization: Bearer <verifier id>.<secret>

import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseJsonObject } from '../../credential/strict-json.ts'
import type { RevokedPresented } from '../revoked-presented.ts'
import type { Use } from '../usage.ts'
import type { AuditWatch } from './audit-watch.ts'
import type { Enrolments } from './enrolments.ts'
import type { FeedFleet, FleetVerifier } from './feed-fleet.ts'
import type { FeedHub } from './feed-hub.ts'
import type { FeedKeyRotation } from './feed-key-rotation.ts'
import type { FeedSnapshots } from './feed-snapshot.ts'
import type { Scope } from './scope.ts'
import { readLease, readStatus } from './feed-status.ts'
import { never } from './lease.ts'
import type { FeedBook } from './feed-book.ts'

export interface FeedServerParts {
  readonly epoch: string
  readonly book: Pick<FeedBook, 'holds'>
  readonly enrolments: Pick<Enrolments, 'find'>
  readonly keys: Pick<FeedKeyRotation, 'announced'>
  readonly snapshots: FeedSnapshots
  readonly hub: FeedHub
  readonly fleet: FeedFleet
  readonly watchAudit: AuditWatch
  readonly onUsage: (verifier: FleetVerifier, uses: readonly Use[]) => void
  readonly onRevokedPresented: (
    verifier: FleetVerifier,
    presented: readonly RevokedPresented[],
  ) => void
}

/** Answers requests for the feed; false for any other. */
export type FeedServer = (request: IncomingMessage, response: ServerResponse) => boolean

/** Who asks: a process that uses an enrolment. */
interface Asking {
  readonly verifier: FleetVerifier
  readonly scope: Scope
}

type Handler = (
  parts: FeedServerParts,
  asking: Asking,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>

const handlers: ReadonlyMap<string, Handler> = new Map([
  ['GET /feed/keys', giveKeys],
  ['GET /feed/snapshot', giveSnapshot],
  ['GET /feed', giveFeed],
  ['POST /feed/status', takeStatus],
])
const statusBytesMax = 1024 * 1024

/** Creates the feed's part of the listener. */
export function createFeedServer(parts: FeedServerParts): FeedServer {
  return (request, response) => {
    const [path = ''] = (request.url ?? '').split('?', 1)
    if (path !== '/feed' && !path.startsWith('/feed/')) return false
    const handler = handlers.get(`${request.method} ${path}`)
    if (!handler) {
      refuse(response, 404, 'NOT_FOUND')
      return true
    }
    serve(parts, handler, request, response).catch(() => {
      if (response.headersSent) response.destroy()
      else refuse(response, 503, 'UNAVAILABLE', { 'retry-after': '1' })
    })
    return true
  }
}

async function serve(
  parts: FeedServerParts,
  handler: Handler,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const enrolled = await parts.enrolments.find(request.headers.authorization)
  if (!enrolled) {
    refuse(response, 401, 'ACCESS_FAILED', { 'www-authenticate': 'Bearer' })
    return
  }
  const verifier = { ...enrolled.verifier, instance: instanceOf(request) }
  if (parts.fleet.admits(verifier)) {
    await handler(parts, { verifier, scope: enrolled.scope }, request, response)
  } else refuse(response, 429, 'TOO_MANY_INSTANCES', { 'retry-after': '60' })
}

/** Which of those that use one enrolment; nobody else's, for who does not say. */
function instanceOf({ headers }: IncomingMessage): string {
  const said = headers['warder-instance']
  return typeof said === 'string' && /^[\w-]{1,64}$/.test(said) ? said : ''
}

function textOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined
}

function parameterOf(url: string, name: string): string | undefined {
  return new URLSearchParams(url.split('?')[1]).get(name) ?? undefined
}

async function giveKeys(
  { keys }: FeedServerParts,
  _asking: Asking,
  { url = '' }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const announced = await keys.announced(parameterOf(url, 'first'))
  if (!announced) {
    refuse(response, 404, 'NOT_FOUND')
    return
  }
  const body = JSON.stringify(announced)
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(body)
}

async function giveSnapshot(
  { snapshots }: FeedServerParts,
  { scope }: Asking,
  { url = '' }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const atLeast = Number(parameterOf(url, 'atLeast') ?? 0)
  const bytes = await snapshots(scope, Number.isSafeInteger(atLeast) ? atLeast : 0)
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': bytes.length,
    'cache-control': 'no-store',
  })
  response.end(bytes)
}

async function giveFeed(
  { hub, fleet, watchAudit }: FeedServerParts,
  { verifier, scope }: Asking,
  { url = '', headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const after = parameterOf(url, 'after') ?? ''
  if (!/^\d{1,15}$/.test(after)) {
    refuse(response, 400, 'INVALID_REQUEST')
    return
  }
  const lease = headers['warder-expire-after']
  fleet.join(verifier, lease === 'never' ? never : readLease(Number(lease)))
  const [head, epoch] = [textOf(headers['warder-audit-head']), textOf(headers['warder-epoch'])]
  if (head && /^[\w-]{43}$/.test(head)) await watchAudit({ head, epoch }, verifier)
  // Whoever may go on judging for a while must be counted for as long, even if we are gone in a moment.
  await fleet.save()
  const followed = await hub.follow({ verifier, scope, after: Number(after) }, response)
  if (!followed) refuse(response, 410, 'GONE')
}

async function takeStatus(
  { epoch, book, fleet, onUsage, onRevokedPresented }: FeedServerParts,
  { verifier }: Asking,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request)
  const members = body && parseJsonObject(body)
  const status = members && readStatus(members)
  if (!status) {
    refuse(response, 400, 'INVALID_REQUEST')
    return
  }
  const { place, ...report } = status
  // What was applied of another history, or of one that was lost, counts for nothing.
  const isOurs = place.epoch === epoch && (await book.holds(place))
  fleet.report(verifier, { ...report, isOurs })
  if (status.usage.length > 0) onUsage(verifier, status.usage)
  if (status.revokedPresented.length > 0) onRevokedPresented(verifier, status.revokedPresented)
  response.writeHead(204)
  response.end()
}

/** By events: to iterate over it would cost each report of a fleet half as much again. */
function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= statusBytesMax) chunks.push(chunk)
      else resolve(undefined)
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('close', () => reject(new Error('the report ended early')))
  })
}

function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = JSON.stringify({ code, message: 'the feed does not answer this request' })
  response.writeHead(status, {
    'content-type': 'application/json',
    connection: 'close',
    ...headers,
  })
  response.end(body)
}
