import type { Decision } from '../decision/decision.ts'
import type { ProofCache } from '../decision/proof-cache.ts'
import type { DoorName } from '../decision/question.ts'
import type { Clock } from '../system/clock.ts'
import { createRefusals } from './refusals.ts'
import { createThreadMetrics, threadLayout } from './thread-metrics.ts'
import type { FromThread, ListenerName, ThreadSetup } from './thread-setup.ts'
import { createUsage } from './usage.ts'

/** What a thread notes of its decisions; nothing here may make a question wait. */
export interface ThreadObserver {
  /** `source` is the address that the gateway asked from. */
  readonly decided: (
    door: DoorName,
    decision: Decision,
    decisionId: string,
    source: string | undefined,
  ) => void
  /** Notes how long a decision took. */
  readonly took: (milliseconds: number) => void
  /** Notes a connection that a listener had no room for. */
  readonly droppedConnection: (listener: ListenerName) => void
  readonly close: () => void
}

export interface ThreadObserverParts {
  readonly setup: Pick<ThreadSetup, 'id' | 'counters' | 'settings'>
  readonly say: (message: FromThread) => void
  readonly cache: ProofCache
  readonly clock: Clock
}

const reportEveryMs = 1000
const nothingUsed = { uses: [], dropped: 0 }

/** Makes the observer of a thread. */
export function createThreadObserver(parts: ThreadObserverParts): ThreadObserver {
  const { setup, say, cache, clock } = parts
  const metrics = createThreadMetrics(threadLayout.slice(setup.counters, setup.id))
  const refusals = createRefusals(clock.wall)
  const usage = setup.settings.reportsUsage ? createUsage() : undefined
  let askedForKeysAt = Number.NEGATIVE_INFINITY
  const connections = new Map<ListenerName, number>()
  let proofs = 0

  const askForKeys = () => {
    const now = clock.monotonic()
    if (now - askedForKeysAt < reportEveryMs) return
    askedForKeysAt = now
    say({ kind: 'unknown-key' })
  }
  const reportConnections = () => {
    if (connections.size === 0) return
    say({ kind: 'dropped', connections: Object.fromEntries(connections) })
    connections.clear()
  }
  const report = () => {
    reportConnections()
    metrics.looked(cache)
    const { summaries, notes } = refusals.take()
    const { uses, dropped } = usage?.take() ?? nothingUsed
    if (dropped > 0) metrics.droppedUsage(dropped)
    const quiet = summaries.length === 0 && uses.length === 0 && proofs === cache.entries
    if (quiet) return
    proofs = cache.entries
    say({ kind: 'report', refusals: summaries, notes, uses, proofs })
  }
  const timer = setInterval(report, reportEveryMs).unref()

  return {
    decided(door, decision, decisionId, source) {
      metrics.decided(door, decision.kind, decision.reason)
      if (decision.kind === 'allow') {
        usage?.add(decision, source ?? '', clock.wall())
        return
      }
      refusals.add(door, decision, decisionId)
      if (decision.reason === 'key-unknown') askForKeys()
    },
    took: (milliseconds) => metrics.took(milliseconds * 1000),
    droppedConnection(listener) {
      metrics.droppedConnection(listener)
      connections.set(listener, (connections.get(listener) ?? 0) + 1)
    },
    close() {
      clearInterval(timer)
      report()
    },
  }
}
