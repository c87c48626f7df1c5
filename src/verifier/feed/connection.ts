// What a verifier asks of its authority. Nothing is followed anywhere else, nothing is read without an end, and
// everything but the feed itself has a deadline for the whole of it.

import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { Agent, request, type Dispatcher } from 'undici'
import { parseJsonObject, type JsonObject } from '../../credential/strict-json.ts'
import type { Revision } from '../../standing/standing.ts'
import type { Enrolment } from './enrolment.ts'
import { FeedTrouble } from './trouble.ts'

export interface FeedConnection {
  readonly keys: () => Promise<JsonObject>
  /** The manifest line and the body of a snapshot, neither of them checked. */
  readonly snapshot: () => Promise<{ readonly manifest: string; readonly body: Buffer }>
  /** The stream of lines after a revision. */
  readonly feed: (after: Revision, signal: AbortSignal) => Promise<Dispatcher.ResponseData['body']>
  readonly report: (status: object) => Promise<void>
  readonly close: () => Promise<void>
}

export interface FeedConnectionParts {
  readonly enrolment: Enrolment
  readonly ca: Buffer | undefined
  /** The largest body of a snapshot that is taken. */
  readonly snapshotBytesMax: number
  /** For how long what is known may be judged by, which the authority has to know before it tells anything. */
  readonly expireAfterMs: number
}

const shortMs = 5000
const snapshotMs = 60_000
const manifestBytesMax = 16 * 1024
const keysBytesMax = 256 * 1024

/** Makes the connection; nothing is asked yet. */
export function createFeedConnection(parts: FeedConnectionParts): FeedConnection {
  const { enrolment, ca, snapshotBytesMax } = parts
  const agent = new Agent({
    connect: { timeout: shortMs, ...(ca ? { ca } : {}) },
    // The feed is quiet between heartbeats; its own deadline is for each line.
    bodyTimeout: 0,
    headersTimeout: shortMs,
  })
  const credentials = {
    authorization: `Bearer ${enrolment.id}.${enrolment.secret}`,
    'warder-expire-after': `${parts.expireAfterMs}`,
  }
  const base = enrolment.authority.replace(/\/+$/, '')

  const ask = async (path: string, signal: AbortSignal, body?: string) => {
    const answer = await request(`${base}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: body === undefined ? credentials : { ...credentials, ...json },
      body: body ?? null,
      dispatcher: agent,
      signal,
    }).catch(() => {
      throw new FeedTrouble('unreachable')
    })
    if (answer.statusCode === 200 || answer.statusCode === 204) return answer
    answer.body.on('error', () => undefined).destroy()
    throw troubleOf(answer)
  }

  return {
    async keys() {
      const { body } = await ask(
        `/feed/keys?first=${enrolment.feedKey}`,
        AbortSignal.timeout(shortMs),
      )
      const keys = parseJsonObject(await readAll(body, keysBytesMax))
      if (!keys) throw new FeedTrouble('not-a-feed')
      return keys
    },
    async snapshot() {
      const { body } = await ask('/feed/snapshot', AbortSignal.timeout(snapshotMs))
      const whole = await readAll(inflated(body), snapshotBytesMax + manifestBytesMax)
      const end = whole.indexOf('\n')
      if (end === -1 || end > manifestBytesMax) throw new FeedTrouble('not-a-feed')
      return { manifest: whole.subarray(0, end).toString('latin1'), body: whole.subarray(end + 1) }
    },
    async feed(after, signal) {
      const { body, headers } = await ask(`/feed?after=${after}`, signal)
      if (String(headers['content-type']).startsWith('application/x-ndjson')) return body
      body.on('error', () => undefined).destroy()
      throw new FeedTrouble('not-a-feed')
    },
    async report(status) {
      const { body } = await ask(
        '/feed/status',
        AbortSignal.timeout(shortMs),
        JSON.stringify(status),
      )
      await body.dump()
    },
    close: () => agent.destroy(),
  }
}

const json = { 'content-type': 'application/json' }

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
