import type { Decision } from '../decision/decision.ts'
import type { ProofCache } from '../decision/proof-cache.ts'
import type { DoorName } from '../decision/question.ts'
import type { Clock } from '../system/clock.ts'
import { createRefusals } from './refusals.ts'
import { createThreadMetrics, threadLayout } from './thread-metrics.ts'
import type { FromThread, ThreadSetup } from './thread-setup.ts'

/** What a thread notes of its decisions; nothing here may make a question wait. */
export interface ThreadObserver {
  readonly decided: (door: DoorName, decision: Decision, decisionId: string) => void
  /** Notes how long a decision took. */
  readonly took: (milliseconds: number) => void
  readonly close: () => void
}

export interface ThreadObserverParts {
  readonly setup: Pick<ThreadSetup, 'id' | 'counters'>
  readonly say: (message: FromThread) => void
  readonly cache: ProofCache
  readonly clock: Clock
}

const reportEveryMs = 1000

/** Makes the observer of a thread. */
export function createThreadObserver(parts: ThreadObserverParts): ThreadObserver {
  const { setup, say, cache, clock } = parts
  const metrics = createThreadMetrics(threadLayout.slice(setup.counters, setup.id))
  const refusals = createRefusals()
  let askedForKeysAt = Number.NEGATIVE_INFINITY
  let proofs = 0

  const askForKeys = () => {
    const now = clock.monotonic()
    if (now - askedForKeysAt < reportEveryMs) return
    askedForKeysAt = now
    say({ kind: 'unknown-key' })
  }
  const report = () => {
    metrics.looked(cache)
    const summaries = refusals.take()
    if (summaries.length === 0 && proofs === cache.entries) return
    proofs = cache.entries
    say({ kind: 'report', refusals: summaries, proofs })
  }
  const timer = setInterval(report, reportEveryMs).unref()

  return {
    decided(door, decision, decisionId) {
      metrics.decided(door, decision.kind, decision.reason)
      if (decision.kind === 'allow') return
      refusals.add(door, decision, decisionId)
      if (decision.reason === 'key-unknown') askForKeys()
    },
    took: (milliseconds) => metrics.took(milliseconds * 1000),
    close() {
      clearInterval(timer)
      report()
    },
  }
}
