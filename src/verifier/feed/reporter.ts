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
  /** Reports as soon as the last report is through, if there is anything that has to be told at once. */
  readonly soon: () => void
  readonly close: () => void
}

/** A use has to show within ten seconds, even if the first report of it is lost. */
const everyMs = 3000
const nothingUsed = { usage: [], revokedPresented: [] }

/** Makes a reporter. */
export function createReporter({ connection, queue, status }: ReporterParts): Reporter {
  let told = ''
  let running = false

  /** What was used can wait for its turn, who waits for a revocation cannot. */
  const report = async (facts: StatusFacts, isTurn: boolean): Promise<boolean> => {
    const batch = isTurn ? queue.take() : nothingUsed
    try {
      await connection.report({ ...facts, ...batch })
      told = newsOf(facts)
      return true
    } catch {
      // A later report carries it, and the feed itself shows that the authority is away.
      queue.giveBack(batch)
      return false
    }
  }
  const toTell = (isTurn: boolean) => {
    const facts = status()
    return facts && (isTurn || newsOf(facts) !== told) ? facts : undefined
  }
  const run = async (isTurn: boolean) => {
    if (running) return
    running = true
    let more = isTurn
    for (let facts = toTell(more); facts; facts = toTell(more)) {
      const isThrough = await report(facts, more)
      // What failed is told at the next turn; what has come since has not been tried.
      if (!isThrough && newsOf(status() ?? facts) === newsOf(facts)) break
      more &&= isThrough && !queue.isEmpty()
    }
    running = false
  }
  const timer = setInterval(() => void run(true), everyMs).unref()
  return {
    soon: () => void run(false),
    close: () => clearInterval(timer),
  }
}

/** What has to be told at once when it changes. */
function newsOf({ epoch, revision, threads }: StatusFacts): string {
  return `${epoch} ${revision} ${threads.join()}`
}
