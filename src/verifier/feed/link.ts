// The way to an authority over the network, assembled.

import type { Clock } from '../../system/clock.ts'
import type { Log } from '../../telemetry/log.ts'
import { failure, identifier } from '../../telemetry/safe-text.ts'
import type { AuthorityLink, Following } from '../authority-link.ts'
import type { StandingKeeper } from '../standing-keeper.ts'
import { createFeedConnection } from './connection.ts'
import type { Enrolment } from './enrolment.ts'
import { startFollower } from './follower.ts'
import { readInstance } from './instance.ts'
import { createFreshnessNotes, freshnessOf, type FreshnessLimits } from './freshness.ts'
import { FeedRecord } from './record.ts'
import { createReporter } from './reporter.ts'
import { createStateFile } from './state-file.ts'
import type { FeedTrouble } from './trouble.ts'
import { createUsageQueue } from './usage-queue.ts'

export interface FeedLinkParts {
  readonly enrolment: Enrolment
  readonly ca: Buffer | undefined
  readonly stateFile: string
  readonly limits: FreshnessLimits
  /** Whether what has expired is judged by all the same, for ever. */
  readonly neverEnds: boolean
  readonly version: string
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
}

const snapshotBytesMax = 256 * 1024 * 1024

/** Makes the way to the authority of an enrolment. */
export function createFeedLink(parts: FeedLinkParts): AuthorityLink {
  const notes = createFreshnessNotes()
  return {
    held: true,
    freshness: { notes, limits: parts.limits },
    follow: (keeper, threads) => follow(parts, notes, keeper, threads),
  }
}

function follow(
  parts: FeedLinkParts,
  notes: ReturnType<typeof createFreshnessNotes>,
  keeper: StandingKeeper,
  threads: () => readonly number[],
): Following {
  const { enrolment, clock, log, limits, version } = parts
  const { expireAfterMs } = limits
  const leaseMs = parts.neverEnds ? null : expireAfterMs
  const state = createStateFile(parts.stateFile, enrolment.id)
  const instance = readInstance(parts.stateFile)
  const connection = createFeedConnection({ ...parts, snapshotBytesMax, instance, leaseMs })
  const queue = createUsageQueue()
  const events = createLinkEvents(log)
  const record = new FeedRecord({
    pinned: enrolment.feedKey,
    keeper,
    state,
    clock,
    expireAfterMs,
    snapshot: connection.snapshot,
    onDiskFailure: (error) => events.onDiskFailure(error),
  })
  const reporter = createReporter({
    connection,
    queue,
    status: () => {
      const freshness = freshnessOf(notes, clock, limits)
      const facts = { threads: threads(), freshness, version, expireAfterMs: leaseMs }
      // Before something is in force and on the disk there is nothing to report.
      return record.acknowledged && { ...facts, ...record.acknowledged }
    },
  })
  const begun = begin(record, state, log).then(() =>
    startFollower({
      connection,
      record,
      notes,
      clock,
      random: parts.random,
      onTrouble: (trouble) => events.onTrouble(trouble),
      onConnected: () => events.onConnected(keeper.revision),
      release: keeper.release,
      onProgress: reporter.soon,
    }),
  )
  return {
    started: begun.then(({ started }) => started),
    used(uses) {
      events.counts.usageDropped += queue.used(uses)
    },
    refused: queue.refused,
    status: () => ({ ...events.counts, authority: enrolment.authority }),
    async close() {
      reporter.close()
      await (await begun).close()
      await state.close()
    },
  }
}

/** What happens to a link, counted and told. */
function createLinkEvents(log: Log) {
  const counts = { connected: false, reconnects: 0, failures: 0, stateFailures: 0, usageDropped: 0 }
  return {
    counts,
    onDiskFailure(error: unknown) {
      counts.stateFailures++
      log.error('the state file could not be written', { why: failure(error) })
    },
    onTrouble({ code, cause }: FeedTrouble) {
      counts.failures++
      if (counts.connected) counts.reconnects++
      counts.connected = false
      const why = {
        why: identifier(code),
        ...(cause === undefined ? {} : { cause: failure(cause) }),
      }
      log.warn('the feed is interrupted, what is known stays in force', why)
    },
    onConnected(revision: number | undefined) {
      if (!counts.connected) log.info('the feed is followed', { revision })
      counts.connected = true
    },
  }
}

/** Takes what is on the disk, or puts it aside. */
async function begin(
  record: FeedRecord,
  state: ReturnType<typeof createStateFile>,
  log: Log,
): Promise<void> {
  const loaded = await record.load().catch((error: unknown) => ({ problem: failure(error) }))
  if (loaded === 'loaded' || loaded === 'nothing') return
  log.error('the state file cannot be used and is put aside', { why: identifier(loaded.problem) })
  await state.putAside('broken').catch((error: unknown) => {
    // It is not loaded, whatever becomes of it; a verifier that ended now would end at each start.
    log.error('what cannot be used could not be put aside', { why: failure(error) })
  })
}
