// A follower as a verifier has it, without the threads that answer gateways and without a disk: it checks every
// signature and the whole chain, and acknowledges.

import process from 'node:process'
import { systemClock } from '../../src/system/clock.ts'
import { createFeedConnection } from '../../src/verifier/feed/connection.ts'
import { readEnrolment } from '../../src/verifier/feed/enrolment.ts'
import { startFollower } from '../../src/verifier/feed/follower.ts'
import { createFreshnessNotes } from '../../src/verifier/feed/freshness.ts'
import { FeedRecord } from '../../src/verifier/feed/record.ts'
import { createReporter } from '../../src/verifier/feed/reporter.ts'
import type { StateFile } from '../../src/verifier/feed/state-file.ts'
import { createUsageQueue } from '../../src/verifier/feed/usage-queue.ts'
import type { StandingKeeper } from '../../src/verifier/standing-keeper.ts'

export interface LightFollower {
  /** When it was last connected, in milliseconds since 1970. */
  readonly connectedAt: () => number | undefined
  /** When something was in force for the first time since a moment. */
  readonly heardAt: (since: number) => number | undefined
  readonly close: () => Promise<void>
}

const expireAfterMs = 3_600_000
const done = async () => undefined
const noDisk: StateFile = {
  load: async () => ({ kind: 'nothing' }),
  begin: done,
  append: done,
  touch: done,
  isLong: () => false,
  putAside: done,
  close: done,
}

/** The time of now in milliseconds, by a clock that all processes of a machine share. */
export const now = () => Number(process.hrtime.bigint()) / 1e6

/** Begins to follow. */
export function startLightFollower(text: string): LightFollower {
  const enrolment = readEnrolment(text)
  if (!enrolment) throw new TypeError('not an enrolment')
  const heard: number[] = []
  let connectedAt: number | undefined
  const keeper: StandingKeeper = {
    revision: undefined,
    revoked: () => ({ entries: 0, bytes: 0 }),
    release: done,
    load: done,
    former: () => Buffer.alloc(0),
    remember: async () => true,
    async apply() {
      heard.push(now())
    },
  }
  const connection = createFeedConnection({
    enrolment,
    ca: undefined,
    snapshotBytesMax: 2 ** 28,
    instance: Promise.resolve('light'),
    leaseMs: expireAfterMs,
  })
  const record = new FeedRecord({
    pinned: enrolment.feedKey,
    keeper,
    state: noDisk,
    clock: systemClock,
    expireAfterMs,
    snapshot: connection.snapshot,
    onDiskFailure: () => undefined,
  })
  const reporter = createReporter({
    connection,
    queue: createUsageQueue(),
    status() {
      const place = record.acknowledged
      if (!place) return undefined
      const rest = { freshness: 'fresh', version: 'bench', expireAfterMs }
      return { ...place, threads: [place.revision], ...rest }
    },
  })
  const follower = startFollower({
    connection,
    record,
    notes: createFreshnessNotes(),
    clock: systemClock,
    random: Math.random,
    release: done,
    onConnected() {
      connectedAt ??= now()
    },
    onTrouble() {
      connectedAt = undefined
    },
    onProgress: reporter.soon,
  })
  return {
    connectedAt: () => connectedAt,
    heardAt: (since) => heard.find((at) => at >= since),
    async close() {
      reporter.close()
      await follower.close()
    },
  }
}
