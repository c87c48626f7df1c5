import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import { threadLayout } from './thread-metrics.ts'
import type { Threads } from './threads.ts'

export interface VerifierMetricsParts {
  readonly threads: Pick<Threads, 'facts'>
  readonly counters: SharedArrayBuffer
  readonly workers: number
  readonly revoked: () => { readonly entries: number; readonly bytes: number }
  readonly proofs: () => number
}

/** The metrics of a verifier beside those that its threads count. */
export interface VerifierMetrics {
  readonly keySetRefreshed: (good: boolean) => void
  readonly page: Pick<Metrics, 'render' | 'contentType'>
}

const zeroes = [
  ['warder_feed_reconnects_total', 'How often the feed had to be connected again'],
  ['warder_state_file_failures_total', 'How often the state file could not be read or written'],
] as const
const freshnessStates = ['fresh', 'stale', 'expired']

/** Declares a verifier's metrics. */
export function createVerifierMetrics(parts: VerifierMetricsParts): VerifierMetrics {
  const metrics = createMetrics()
  metrics.shared(threadLayout, parts.counters, parts.workers)
  metrics.gauge(
    { name: 'warder_standing_revision', help: 'Revision of what is in force' },
    (gauge) => gauge.set(parts.threads.facts?.revision ?? 0),
  )
  metrics.gauge(
    { name: 'warder_standing_age_seconds', help: 'Time since what is in force was confirmed' },
    (gauge) => gauge.set(0),
  )
  metrics.gauge(
    {
      name: 'warder_freshness_state',
      help: 'One for the state that the standing is in, else zero',
      labelNames: ['state'],
    },
    (gauge) => {
      for (const state of freshnessStates) gauge.set({ state }, state === 'fresh' ? 1 : 0)
    },
  )
  metrics.gauge(
    { name: 'warder_revoked_entries', help: 'Revoked ids that are held in memory' },
    (gauge) => gauge.set(parts.revoked().entries),
  )
  metrics.gauge(
    { name: 'warder_proof_cache_entries', help: 'Proofs of signatures that are kept' },
    (gauge) => gauge.set(parts.proofs()),
  )
  // Alone, without an authority, these stay at zero.
  metrics.gauge(
    { name: 'warder_feed_connected', help: 'Whether the feed of the authority is being read' },
    (gauge) => gauge.set(0),
  )
  for (const [name, help] of zeroes) metrics.counter({ name, help })
  const refreshes = metrics.counter({
    name: 'warder_key_set_refreshes_total',
    help: 'Readings of key sets by what came of them',
    labelNames: ['result'],
  })
  for (const result of ['success', 'failure']) refreshes.inc({ result }, 0)
  return {
    keySetRefreshed: (good) => refreshes.inc({ result: good ? 'success' : 'failure' }),
    page: metrics,
  }
}
