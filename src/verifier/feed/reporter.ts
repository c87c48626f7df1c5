// Tells the authority what a verifier has applied, at once after a step, and what was used, in batches. Never more
// than one report is under way, and nobody waits for one.

import type { FeedConnection } from './connection.ts'
import type { UsageQueue } from './usage-queue.ts'

export interface ReporterParts {
  readonly connection: Pick<FeedConnection, 'report'>
  readonly queue: UsageQueue
  /** How the verifier is; `undefined` while it has nothing to say. */
  readonly status: () => StatusFacts | undefined
}

interface StatusFacts {
  readonly epoch: string
  readonly revision: number
  readonly chain: string
  readonly threads: readonly number[]
  readonly freshness: string
  readonly version: string
  /** For how long it judges unheard; `null` for ever. */
  readonly expireAfterMs: number | null
}

export interface Reporter {
  /** Reports as soon as the last report is through, if there is anything new. */
  readonly soon: () => void
  readonly close: () => void
}

const everyMs = 5000
const usageAfterMs = 1000

/** Makes a reporter. */
export function createReporter({ connection, queue, status }: ReporterParts): Reporter {
  let told = ''
  let running = false
  let again = false

  const report = async (facts: StatusFacts) => {
    const batch = queue.take()
    try {
      await connection.report({ ...facts, ...batch })
      told = newsOf(facts)
    } catch {
      // A later report carries it, and the feed itself shows that the authority is away.
      queue.giveBack(batch)
    }
  }
  const run = async (regular: boolean) => {
    again ||= running
    const facts = running ? undefined : status()
    if (!facts || (!regular && newsOf(facts) === told && queue.isEmpty())) return
    running = true
    await report(facts)
    running = false
    if (!again) return
    again = false
    if (newsOf(status() ?? facts) !== told) await run(false)
  }
  const timers = [
    setInterval(() => void run(true), everyMs).unref(),
    setInterval(() => void (queue.isEmpty() || run(false)), usageAfterMs).unref(),
  ]
  return {
    soon: () => void run(false),
    close() {
      for (const timer of timers) clearInterval(timer)
    },
  }
}

/** What has to be told at once when it changes. */
function newsOf({ epoch, revision, threads }: StatusFacts): string {
  return `${epoch} ${revision} ${threads.join()}`
}
