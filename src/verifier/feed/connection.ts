// What a verifier asks of its authority. Nothing is followed anywhere else, nothing is read without an end, and
// everything but the feed itself has a deadline for the whole of it.

import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { Agent, Client, request, type Dispatcher } from 'undici'
import { parseJsonObject, type JsonObject } from '../../credential/strict-json.ts'
import type { Revision } from '../../standing/standing.ts'
import type { Enrolment } from './enrolment.ts'
import { FeedTrouble } from './trouble.ts'

/** Where the authority's audit ended, in the epoch in which that was heard; empty where nothing was. */
interface AuditSeen {
  readonly epoch: string
  readonly auditHead: string
}

export interface FeedConnection {
  readonly keys: () => Promise<JsonObject>
  /** The manifest line and the body of a snapshot that is to be no older than a revision, neither of them checked. */
  readonly snapshot: (
    atLeast: number | undefined,
  ) => Promise<{ readonly manifest: string; readonly body: Buffer }>
  /** The stream of lines after a revision; the authority is told where its audit ended when it was last heard. */
  readonly feed: (
    after: Revision,
    signal: AbortSignal,
    seen?: AuditSeen,
  ) => Promise<Dispatcher.ResponseData['body']>
  readonly report: (status: object) => Promise<void>
  readonly close: () => Promise<void>
}

export interface FeedConnectionParts {
  readonly enrolment: Enrolment
  readonly ca: Buffer | undefined
  /** The largest body of a snapshot that is taken. */
  readonly snapshotBytesMax: number
  /** Tells apart the processes that use one enrolment. */
  readonly instance: Promise<string>
  /**
   * For how long what is known may be judged by, which the authority has to know before it tells anything; `null` for
   * ever.
   */
  readonly leaseMs: number | null
}

const shortMs = 5000
const snapshotMs = 60_000
const manifestBytesMax = 16 * 1024
const keysBytesMax = 256 * 1024

interface Question {
  readonly signal: AbortSignal
  readonly headers?: Readonly<Record<string, string>>
  /** How long the answer may take to begin, where that is not soon. */
  readonly headersTimeout?: number
}

type Ask = (path: string, question: Question) => Promise<Dispatcher.ResponseData>

/** Makes the connection; nothing is asked yet. */
export function createFeedConnection(parts: FeedConnectionParts): FeedConnection {
  const options = {
    connect: { timeout: shortMs, ...(parts.ca ? { ca: parts.ca } : {}) },
    // The feed is quiet between heartbeats; its own deadline is for each line.
    bodyTimeout: 0,
    headersTimeout: shortMs,
  }
  const agent = new Agent(options)
  const own = headersOf(parts)
  const ask = createAsk(parts, own, agent)
  const reports = createReports(parts, own, options)
  const { enrolment, snapshotBytesMax } = parts
  return {
    async keys() {
      const path = `/feed/keys?first=${enrolment.feedKey}`
      const { body } = await ask(path, { signal: AbortSignal.timeout(shortMs) })
      const keys = parseJsonObject(await readAll(body, keysBytesMax))
      if (!keys) throw new FeedTrouble('not-a-feed')
      return keys
    },
    async snapshot(atLeast) {
      // A large one has to be made first.
      const { body } = await ask(`/feed/snapshot?atLeast=${atLeast ?? 0}`, {
        signal: AbortSignal.timeout(snapshotMs),
        headersTimeout: snapshotMs,
      })
      const whole = await readAll(inflated(body), snapshotBytesMax + manifestBytesMax)
      const end = whole.indexOf('\n')
      if (end === -1 || end > manifestBytesMax) throw new FeedTrouble('not-a-feed')
      return { manifest: whole.subarray(0, end).toString('latin1'), body: whole.subarray(end + 1) }
    },
    async feed(after, signal, seen) {
      const told = seen ? headersOfSeen(seen) : {}
      const { body, headers } = await ask(`/feed?after=${after}`, { signal, headers: told })
      if (String(headers['content-type']).startsWith('application/x-ndjson')) return body
      body.on('error', () => undefined).destroy()
      throw new FeedTrouble('not-a-feed')
    },
    report: reports.send,
    async close() {
      await Promise.all([agent.destroy(), reports.close()])
    },
  }
}

type Headers = Readonly<Record<string, string>>

function headersOfSeen({ epoch, auditHead }: AuditSeen): Headers {
  return auditHead === '' ? {} : { 'warder-audit-head': auditHead, 'warder-epoch': epoch }
}

async function headersOf({ enrolment, instance, leaseMs }: FeedConnectionParts): Promise<Headers> {
  return {
    authorization: `Bearer ${enrolment.id}.${enrolment.secret}`,
    'warder-instance': await instance,
    'warder-expire-after': leaseMs === null ? 'never' : `${leaseMs}`,
  }
}

function baseOf({ enrolment }: FeedConnectionParts): string {
  return enrolment.authority.replace(/\/+$/, '')
}

function createAsk(parts: FeedConnectionParts, own: Promise<Headers>, dispatcher: Agent): Ask {
  const base = baseOf(parts)
  return async (path, { headers, ...rest }) => {
    const answer = await request(`${base}${path}`, {
      ...rest,
      headers: { ...(await own), ...headers },
      dispatcher,
    }).catch((error: unknown) => {
      throw new FeedTrouble('unreachable', undefined, error)
    })
    if (answer.statusCode === 200) return answer
    answer.body.on('error', () => undefined).destroy()
    throw troubleOf(answer)
  }
}

/** A DELETE waits for the reports of a whole fleet: they have a connection of their own, and nothing beside it. */
function createReports(
  parts: FeedConnectionParts,
  own: Promise<Headers>,
  options: Client.Options,
): { readonly send: FeedConnection['report']; readonly close: () => Promise<void> } {
  const { origin, pathname } = new URL(`${baseOf(parts)}/feed/status`)
  const client = new Client(origin, { ...options, allowH2: false })
  return {
    async send(status) {
      const headers = { ...(await own), 'content-type': 'application/json' }
      const body = JSON.stringify(status)
      await new Promise<void>((resolve, reject) => {
        let begun: Dispatcher.DispatchController | undefined
        const fail = () => {
          clearTimeout(late)
          reject(new FeedTrouble('unreachable'))
        }
        const late = setTimeout(() => {
          begun?.abort(new Error('the report took too long'))
          fail()
        }, shortMs)
        client.dispatch(
          { path: pathname, method: 'POST', headers, body },
          {
            onRequestStart(controller) {
              begun = controller
            },
            onResponseStart(controller, statusCode) {
              if (statusCode !== 204) controller.abort(new Error('the report was not taken'))
            },
            onResponseData: nothing,
            onResponseEnd() {
              clearTimeout(late)
              resolve()
            },
            onResponseError: fail,
          },
        )
      })
    },
    close: () => client.destroy(),
  }
}

const nothing = () => undefined

/** What breaks the stream breaks what is read of it too. */
function inflated(body: Readable): AsyncIterable<Buffer> {
  const gunzip = createGunzip()
  pipeline(body, gunzip, () => undefined)
  return gunzip
}

function troubleOf({ statusCode, headers }: Dispatcher.ResponseData): FeedTrouble {
  if (statusCode === 410) return new FeedTrouble('gap')
  const seconds = Number(headers['retry-after'])
  const busy = statusCode === 429 || statusCode >= 500
  if (busy) return new FeedTrouble('busy', Number.isFinite(seconds) ? seconds * 1000 : undefined)
  return new FeedTrouble(statusCode === 401 || statusCode === 403 ? 'refused' : 'not-a-feed')
}

async function readAll(body: AsyncIterable<Buffer>, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of body) {
      bytes += chunk.length
      // Leaving the loop ends the stream, compressed or not.
      if (bytes > bytesMax) throw new FeedTrouble('too-large')
      chunks.push(chunk)
    }
  } catch (error) {
    throw error instanceof FeedTrouble ? error : new FeedTrouble('damaged')
  }
  return Buffer.concat(chunks)
}
