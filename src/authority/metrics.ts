import type { Metrics } from '../telemetry/metrics.ts'

/** What is counted of the authority. */
export interface AuthorityMetrics {
  readonly onAnswer: (route: string, status: number) => void
  readonly onApplied: (seconds: number) => void
  readonly onPresented: (count: number) => void
}

const propagationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** Declares the authority's metrics. */
export function createAuthorityMetrics(metrics: Metrics): AuthorityMetrics {
  const requests = metrics.counter({
    name: 'warder_management_requests_total',
    help: 'Requests to the management API by route and status',
    labelNames: ['route', 'status'],
  })
  const propagation = metrics.histogram({
    name: 'warder_revocation_propagation_seconds',
    help: 'Time from a restrictive change to the last verifier that has applied it',
    buckets: propagationBuckets,
  })
  const presented = metrics.counter({
    name: 'warder_fleet_revoked_presented_total',
    help: 'Times that verifiers were shown a revoked credential, as they report it',
  })
  return {
    onPresented: (count) => presented.inc(count),
    onAnswer: (route, status) => requests.inc({ route, status: String(status) }),
    onApplied: (seconds) => propagation.observe(seconds),
  }
}
