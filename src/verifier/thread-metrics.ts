import { doorNames, type DoorName } from '../decision/question.ts'
import { reasons, type Reason } from '../decision/reasons.ts'
import { createLayout, increment, observe, type Slice } from '../telemetry/shared-cells.ts'
import { listenerNames, type ListenerName } from './thread-setup.ts'

// What every thread counts, in memory that the main thread reads. Each thread makes the same declarations.

const layout = createLayout()
const outcomes = ['allow', 'deny', 'unavailable'] as const
type Outcome = (typeof outcomes)[number]

const decisions = layout.counter({
  name: 'warder_decisions_total',
  help: 'Decisions by door, outcome and reason',
  labels: { door: doorNames, decision: outcomes, reason: Object.keys(reasons) },
})
const duration = layout.histogram({
  name: 'warder_decision_duration_seconds',
  help: 'Time from a question that was read to its decision',
  labels: {},
  bounds: [2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 25_000],
})
const hits = layout.counter({
  name: 'warder_proof_cache_hits_total',
  help: 'Tokens that were found among the proofs that are kept',
  labels: {},
})
const misses = layout.counter({
  name: 'warder_proof_cache_misses_total',
  help: 'Tokens that had to be verified because no proof was kept',
  labels: {},
})
const revokedPresented = layout.counter({
  name: 'warder_revoked_presented_total',
  help: 'Questions that presented a credential that had been revoked',
  labels: {},
})
const usageDropped = layout.counter({
  name: 'warder_usage_dropped_total',
  help: 'Uses of credentials that there was no room to report',
  labels: {},
})
const connectionsDropped = layout.counter({
  name: 'warder_connections_dropped_total',
  help: 'Connections that were closed as they came because a listener had as many as it may have',
  labels: { listener: listenerNames },
})

const hitsCell = hits.at({})
const missesCell = misses.at({})
const revokedCell = revokedPresented.at({})
const durationCell = duration.at({})
const usageDroppedCell = usageDropped.at({})

export { layout as threadLayout }

/** What a thread counts with. */
export interface ThreadMetrics {
  readonly decided: (door: DoorName, outcome: Outcome, reason: Reason) => void
  readonly took: (microseconds: number) => void
  readonly droppedUsage: (count: number) => void
  readonly droppedConnection: (listener: ListenerName) => void
  readonly looked: (cache: { readonly hits: number; readonly misses: number }) => void
}

/** Makes the counting side of one thread. */
export function createThreadMetrics(slice: Slice): ThreadMetrics {
  // Found on first use: most combinations never occur.
  const cells = new Map<DoorName, Map<string, number>>(doorNames.map((door) => [door, new Map()]))
  const cellOf = (door: DoorName, outcome: Outcome, reason: Reason): number => {
    const known = cells.get(door)?.get(reason)
    if (known !== undefined) return known
    const cell = decisions.at({ door, decision: outcome, reason })
    cells.get(door)?.set(reason, cell)
    return cell
  }
  let counted = { hits: 0, misses: 0 }
  return {
    decided(door, outcome, reason) {
      increment(slice, cellOf(door, outcome, reason))
      if (reason === 'credential-revoked') increment(slice, revokedCell)
    },
    took(microseconds) {
      observe(slice, duration, durationCell, microseconds)
    },
    droppedUsage(count) {
      increment(slice, usageDroppedCell, count)
    },
    droppedConnection(listener) {
      increment(slice, connectionsDropped.at({ listener }))
    },
    looked(cache) {
      increment(slice, hitsCell, cache.hits - counted.hits)
      increment(slice, missesCell, cache.misses - counted.misses)
      counted = { hits: cache.hits, misses: cache.misses }
    },
  }
}

/** Counts of all threads or of one, for `/status`. */
export interface ThreadTotals {
  readonly hits: number
  readonly misses: number
  readonly requests: number
  readonly doors: Readonly<Record<string, Readonly<Record<Outcome, number>>>>
}

/** Adds up what some threads have counted. */
export function totalsOf(slices: readonly Slice[]): ThreadTotals {
  const total = (cell: number) => slices.reduce((sum, slice) => sum + (slice[cell] ?? 0), 0)
  const doors = Object.fromEntries(
    doorNames.map((door) => [door, { allow: 0, deny: 0, unavailable: 0 }]),
  )
  let requests = 0
  for (const { metric, places } of layout.declared()) {
    if (metric.name !== decisions.name) continue
    for (const { labels, cell } of places) {
      const count = total(cell)
      requests += count
      const door = doors[labels['door'] ?? '']
      const outcome = outcomes.find((name) => name === labels['decision'])
      if (door && outcome) door[outcome] += count
    }
  }
  return { hits: total(hitsCell), misses: total(missesCell), requests, doors }
}
