// Follows an authority:
//
//   disk ──▶ record ──▶ stream ──▶ lines ──▶ record
//               ▲          │ gap, other epoch
//               └──────────┴── snapshot
//
// Whatever is wrong with what comes, what is known stays in force and grows older.

import type { Clock } from '../../system/clock.ts'
import { createBackoff } from './backoff.ts'
import type { FeedConnection } from './connection.ts'
import { noteHeartbeat, noteKept, type FreshnessNotes } from './freshness.ts'
import { readLines } from './lines.ts'
import type { FeedRecord } from './record.ts'
import { FeedTrouble, type TroubleCode } from './trouble.ts'

export interface FollowerParts {
  readonly connection: FeedConnection
  readonly record: FeedRecord
  readonly notes: FreshnessNotes
  readonly clock: Clock
  readonly random: () => number
  /** Lets what is known be in force. */
  readonly release: () => Promise<void>
  readonly onConnected: () => void
  readonly onTrouble: (trouble: FeedTrouble) => void
  /** Told whenever there may be something to report. */
  readonly onProgress: () => void
}

export interface Follower {
  /** Resolves when the first standing is in force. */
  readonly started: Promise<void>
  readonly close: () => Promise<void>
}

const lineDeadlineMs = 2000
/** How long the authority is tried before a verifier starts with what it has on disk. */
const authorityFirstMs = 2000
const touchEveryMs = 5000
/** How often at least a disk is tried again that did not take what is known. */
const diskRetryMsMax = 300_000

/** Begins to follow; the record may have been loaded from the disk before. */
export function startFollower(parts: FollowerParts): Follower {
  const { record, notes, clock, release, onTrouble } = parts
  const backoff = createBackoff(parts.random)
  const closing = new AbortController()
  const started = Promise.withResolvers<void>()
  const open = () => release().then(started.resolve, started.reject)

  if (record.heartbeat) noteKept(notes, clock, record.heartbeat)
  const patience = setTimeout(() => record.position && void open(), authorityFirstMs)

  // A remedy is tried at once, but not again before something has confirmed that it was one.
  let begin = establish
  let inVain = false
  const upkeep = createUpkeep(record, clock)

  const session = async () => {
    await begin(parts)
    begin = establish
    if (!record.position) throw new TypeError('there is no position to go on from')
    const { revision, epoch } = record.position
    const seen = { epoch, auditHead: record.heartbeat?.auditHead ?? '' }
    const body = await parts.connection.feed(revision, closing.signal, seen)
    for await (const lines of readLines(body, lineDeadlineMs)) {
      const heartbeat = await record.takeLines(lines)
      if (heartbeat) {
        noteHeartbeat(notes, clock, heartbeat.at)
        backoff.reset()
        inVain = false
        clearTimeout(patience)
        await open()
        parts.onConnected()
      }
      parts.onProgress()
      await upkeep()
    }
  }
  const run = async () => {
    while (!closing.signal.aborted) {
      try {
        await session()
      } catch (error) {
        if (closing.signal.aborted) return
        const trouble = error instanceof FeedTrouble ? error : new FeedTrouble('damaged')
        onTrouble(trouble)
        const remedy = remedies.get(trouble.code)
        if (begin !== resync) begin = remedy ?? begin
        const atOnce = remedy !== undefined && !inVain
        inVain ||= remedy !== undefined
        if (!atOnce) await pause(backoff.next(trouble.retryAfterMs), closing.signal)
      }
    }
  }
  const running = run()
  return {
    started: started.promise,
    async close() {
      clearTimeout(patience)
      closing.abort()
      await parts.connection.close()
      await running
    },
  }
}

/** Writes the last heartbeat down now and then; what the disk did not take is got anew, ever more rarely. */
function createUpkeep(record: FeedRecord, clock: Clock): () => Promise<void> {
  let touchedAt = clock.monotonic()
  let triedAt = touchedAt
  let retryMs = touchEveryMs
  return async () => {
    const now = clock.monotonic()
    if (now - touchedAt < touchEveryMs) return
    touchedAt = now
    await record.touch()
    if (record.acknowledged !== undefined) retryMs = touchEveryMs
    if (record.acknowledged !== undefined || now - triedAt < retryMs) return
    triedAt = now
    retryMs = Math.min(diskRetryMsMax, retryMs * 2)
    throw new FeedTrouble('gap')
  }
}

/** Gets keys and a first standing where there are none. */
async function establish({ connection, record }: FollowerParts): Promise<void> {
  if (!record.hasKeys) await record.takeKeys(await connection.keys())
  if (record.position) return
  const { manifest, body } = await connection.snapshot(undefined)
  await record.takeSnapshot(manifest, body)
}

/** Asks for the keys too: what cannot be trusted was signed by one that came while nobody was here, perhaps. */
async function renewKeys(parts: FollowerParts): Promise<void> {
  await establish(parts)
  await parts.record.takeKeys(await parts.connection.keys())
}

/** Takes a snapshot because lines are missing; keys may have changed meanwhile too. */
async function resync({ connection, record }: FollowerParts): Promise<void> {
  await record.takeKeys(await connection.keys())
  const { position } = record
  // One of before the gap would lead to it again.
  const { manifest, body } = await connection.snapshot(position && position.revision + 1)
  await record.takeSnapshot(manifest, body)
}

/** How to begin after a trouble about which something can be done. */
const remedies: ReadonlyMap<TroubleCode, typeof establish> = new Map([
  ['gap', resync],
  ['untrusted', renewKeys],
])

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
