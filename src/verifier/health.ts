import type { Clock } from '../system/clock.ts'
import type { LinkStatus } from './authority-link.ts'
import type { FreshnessView } from './freshness-view.ts'
import type { Readiness } from './ops-server.ts'
import { threadLayout, totalsOf } from './thread-metrics.ts'
import type { Threads } from './threads.ts'

/** How a verifier is, in words and numbers. */
export interface Health {
  /** Notes what is wrong with a source of what is in force; `undefined` when it is right again. */
  readonly source: (name: string, problem: string | undefined) => void
  readonly draining: () => void
  readonly readiness: () => Readiness
  readonly status: () => object
}

export interface HealthParts {
  readonly threads: Pick<Threads, 'facts' | 'states'>
  readonly counters: SharedArrayBuffer
  readonly revoked: () => { readonly entries: number; readonly bytes: number }
  readonly proofs: () => number
  readonly link: () => LinkStatus
  readonly freshness: FreshnessView
  readonly settings: HealthSettings
  readonly clock: Clock
}

/** What a verifier says of itself that never changes. */
export interface HealthSettings {
  readonly version: string
  readonly workers: number
  readonly proofCacheMax: number
  readonly staleAfterMs: number
  readonly expireAfterMs: number
}

/** Makes the record of a verifier's health. */
export function createHealth(parts: HealthParts): Health {
  const { threads, counters, settings, clock } = parts
  const startedAt = new Date(clock.wall()).toISOString()
  const problems = new Map<string, string>()
  let isDraining = false

  const slices = () =>
    Array.from({ length: settings.workers }, (_, id) => threadLayout.slice(counters, id))
  const silent = () => threads.states().filter(({ listening }) => !listening)

  return {
    source(name, problem) {
      if (problem === undefined) problems.delete(name)
      else problems.set(name, problem)
    },
    draining() {
      isDraining = true
    },
    readiness() {
      const reasons = [...problems].map(([name, problem]) => `${name}: ${problem}`)
      if (isDraining) return { state: 'not-ready', reasons: ['draining'] }
      if (!threads.facts) return { state: 'not-ready', reasons: ['no standing', ...reasons] }
      if (!threads.states().some(({ listening }) => listening)) {
        return { state: 'not-ready', reasons: ['no thread answers', ...reasons] }
      }
      const freshness = parts.freshness.state()
      if (freshness === 'expired') return { state: 'not-ready', reasons: ['expired', ...reasons] }
      if (freshness === 'stale') reasons.push('stale')
      reasons.push(...silent().map(({ id }) => `thread ${id} is being replaced`))
      return reasons.length === 0 ? { state: 'ready' } : { state: 'degraded', reasons }
    },
    status() {
      const all = slices()
      const { hits, misses, doors } = totalsOf(all)
      const { connected, authority, reconnects } = parts.link()
      return {
        version: settings.version,
        startedAt,
        revision: threads.facts?.revision ?? null,
        freshness: {
          state: parts.freshness.state(),
          ageSeconds: parts.freshness.ageSeconds(),
          staleAfterSeconds: settings.staleAfterMs / 1000,
          expireAfterSeconds: settings.expireAfterMs / 1000,
        },
        revoked: parts.revoked(),
        proofCache: { entries: parts.proofs(), max: settings.proofCacheMax, hits, misses },
        threads: threads.states().map(({ id, revision }) => ({
          id,
          revision,
          requests: totalsOf(all.slice(id, id + 1)).requests,
        })),
        feed: { connected, authority, reconnects },
        doors,
      }
    },
  }
}
