import type { Metrics } from '../telemetry/metrics.ts'
import { threadLayout } from './thread-metrics.ts'
import type { LinkStatus } from './authority-link.ts'
import type { FreshnessView } from './freshness-view.ts'
import type { Threads } from './threads.ts'

export interface VerifierMetricsParts {
  readonly metrics: Metrics
  readonly threads: Pick<Threads, 'facts'>
  readonly counters: SharedArrayBuffer
  readonly workers: number
  readonly revoked: () => { readonly entries: number; readonly bytes: number }
  readonly proofs: () => number
  readonly link: () => LinkStatus
  readonly freshness: FreshnessView
  readonly keysAgeMs: () => number
}

/** The metrics of a verifier beside those that its threads count. */
export interface VerifierMetrics {
  readonly keySetRefreshed: (good: boolean) => void
  readonly source: (name: string, isBroken: boolean) => void
}

const freshnessStates = ['fresh', 'stale', 'expired']

/** Declares a verifier's metrics. */
export function createVerifierMetrics(parts: VerifierMetricsParts): VerifierMetrics {
  const { metrics } = parts
  metrics.shared(threadLayout, parts.counters, parts.workers)
  metrics.gauge(
    { name: 'warder_standing_revision', help: 'Revision of what is in force' },
    (gauge) => gauge.set(parts.threads.facts?.revision ?? 0),
  )
  metrics.gauge(
    { name: 'warder_standing_age_seconds', help: 'Time since what is in force was confirmed' },
    (gauge) => gauge.set(parts.freshness.ageSeconds() ?? Number.NaN),
  )
  metrics.gauge(
    {
      name: 'warder_freshness_state',
      help: 'One for the state that the standing is in, else zero',
      labelNames: ['state'],
    },
    (gauge) => {
      const now = parts.freshness.state()
      for (const state of freshnessStates) gauge.set({ state }, state === now ? 1 : 0)
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
  declareLinkMetrics(metrics, parts.link)
  metrics.gauge(
    {
      name: 'warder_key_set_age_seconds',
      help: 'Time since the key set of an outside issuer was fetched, of the oldest; zero where none is',
    },
    (gauge) => gauge.set(parts.keysAgeMs() / 1000),
  )
  const refreshes = metrics.counter({
    name: 'warder_key_set_refreshes_total',
    help: 'Readings of key sets by what came of them',
    labelNames: ['result'],
  })
  for (const result of ['success', 'failure']) refreshes.inc({ result }, 0)
  const sources = metrics.gauge({
    name: 'warder_source_broken',
    help: 'One while a file, a key set or an issuer of the configuration cannot be gone by, else zero',
    labelNames: ['source'],
  })
  return {
    source: (source, isBroken) => sources.set({ source }, isBroken ? 1 : 0),
    keySetRefreshed: (good) => refreshes.inc({ result: good ? 'success' : 'failure' }),
  }
}

function declareLinkMetrics(metrics: Metrics, link: () => LinkStatus): void {
  metrics.gauge(
    { name: 'warder_feed_connected', help: 'One while the feed of an authority is followed' },
    (gauge) => gauge.set(link().connected ? 1 : 0),
  )
  metrics.total(
    { name: 'warder_feed_reconnects_total', help: 'Times that the feed was interrupted' },
    () => link().reconnects,
  )
  metrics.total(
    {
      name: 'warder_feed_failures_total',
      help: 'Times that the feed could not be followed, or said what cannot be right',
    },
    () => link().failures,
  )
  metrics.total(
    { name: 'warder_state_file_failures_total', help: 'Writes that the state file did not take' },
    () => link().stateFailures,
  )
  metrics.total(
    {
      name: 'warder_usage_unreported_total',
      help: 'Uses of credentials that waited for the authority until there was no more room',
    },
    () => link().usageDropped,
  )
}
