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
import { FeedTrouble } from './trouble.ts'

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

/** Begins to follow; the record may have been loaded from the disk before. */
export function startFollower(parts: FollowerParts): Follower {
  const { record, notes, clock, release, onTrouble } = parts
  const backoff = createBackoff(parts.random)
  const closing = new AbortController()
  const started = Promise.withResolvers<void>()
  const open = () => release().then(started.resolve, started.reject)

  if (record.heartbeat) noteKept(notes, clock, record.heartbeat)
  const patience = setTimeout(() => record.position && void open(), authorityFirstMs)

  const session = async () => {
    await establish(parts)
    const after = record.position?.revision
    if (after === undefined) throw new TypeError('there is no position to go on from')
    const body = await parts.connection.feed(after, closing.signal)
    let touchedAt = clock.monotonic()
    for await (const lines of readLines(body, lineDeadlineMs)) {
      const heartbeat = await record.takeLines(lines)
      if (heartbeat) {
        noteHeartbeat(notes, clock, heartbeat.at)
        backoff.reset()
        clearTimeout(patience)
        await open()
        parts.onConnected()
      }
      parts.onProgress()
      if (clock.monotonic() - touchedAt < touchEveryMs) continue
      touchedAt = clock.monotonic()
      await record.touch()
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
        const mended = await mend(parts, trouble).catch(onTroubleOf(onTrouble))
        if (!mended) await pause(backoff.next(trouble.retryAfterMs), closing.signal)
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

/** Gets keys and a first standing where there are none. */
async function establish({ connection, record }: FollowerParts): Promise<void> {
  if (!record.hasKeys) await record.takeKeys(await connection.keys())
  if (record.position) return
  const { manifest, body } = await connection.snapshot(undefined)
  await record.takeSnapshot(manifest, body)
}

/** Does what can be done at once about a trouble; says whether that may have helped. */
async function mend(parts: FollowerParts, { code }: FeedTrouble): Promise<boolean> {
  if (code === 'gap') return resync(parts)
  // Signed by a key that came while nobody was here, perhaps.
  if (code === 'untrusted') return parts.record.takeKeys(await parts.connection.keys())
  return false
}

/** Takes a snapshot because lines are missing; keys may have changed meanwhile too. */
async function resync({ connection, record }: FollowerParts): Promise<true> {
  await record.takeKeys(await connection.keys())
  const { manifest, body } = await connection.snapshot(record.position?.revision)
  await record.takeSnapshot(manifest, body)
  return true
}

const onTroubleOf = (tell: (trouble: FeedTrouble) => void) => (error: unknown) => {
  tell(error instanceof FeedTrouble ? error : new FeedTrouble('damaged'))
  return false
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
