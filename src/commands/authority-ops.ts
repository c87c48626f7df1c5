import type { Config } from '../config/schema.ts'
import type { Clock } from '../system/clock.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { identifier } from '../telemetry/safe-text.ts'
import { listenFor } from '../verifier/listen-refused.ts'
import { createOpsServer } from '../verifier/ops-server.ts'
import { watchTlsFiles } from '../verifier/tls-files.ts'
import { listenerSettings } from './verifier-settings.ts'

export interface AuthorityOpsParts {
  readonly config: Config
  readonly metrics: Metrics
  readonly version: string
  readonly clock: Clock
  readonly log: Log
  /** What keeps the authority from doing its work, if anything does. */
  readonly trouble: () => string | undefined
}

/** Health, status and metrics of an authority that runs apart. */
export interface AuthorityOps {
  readonly draining: () => void
  readonly close: () => Promise<void>
}

/** Starts to answer for the authority's health. */
export async function startAuthorityOps(parts: AuthorityOpsParts): Promise<AuthorityOps> {
  const { config, metrics, version, clock, log } = parts
  const listener = listenerSettings(config.listen.ops)
  const startedAt = new Date(clock.wall()).toISOString()
  let isDraining = false
  const watch =
    listener?.tls &&
    (await watchTlsFiles({
      files: listener.tls,
      onChange: (tls) => ops.useTls(tls),
      onProblem(problem) {
        if (problem !== undefined) {
          log.warn('the TLS files of operations are not in order', { problem: identifier(problem) })
        }
      },
    }))
  const ops = createOpsServer({
    readiness() {
      const reason = isDraining ? 'draining' : parts.trouble()
      return reason === undefined ? { state: 'ready' } : { state: 'not-ready', reasons: [reason] }
    },
    status: () => ({ version, startedAt }),
    metrics,
    tls: watch?.first,
  })
  try {
    if (listener) await listenFor('listen.ops', ops.server, listener.at)
  } catch (error) {
    watch?.close()
    throw error
  }
  return {
    draining() {
      isDraining = true
    },
    async close() {
      watch?.close()
      await ops.close()
    },
  }
}
