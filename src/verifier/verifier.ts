// The data plane, assembled: a source of what is in force, the threads that answer by it, and the pages that say how
// they are.

import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../system/clock.ts'
import type { Log } from '../telemetry/log.ts'
import { identifier } from '../telemetry/safe-text.ts'
import { createHealth, type HealthSettings } from './health.ts'
import { claim, listen } from './listening.ts'
import { createOpsServer } from './ops-server.ts'
import { createStandalone } from './standalone.ts'
import { threadLayout } from './thread-metrics.ts'
import type { FromThread, ListenAt, VerifierSettings } from './thread-setup.ts'
import { createThreads } from './threads.ts'
import { logBrokenSource, logRefusals, logUnusableKeys } from './logging.ts'
import type { TrustSettings } from './trust-source.ts'
import { createVerifierMetrics } from './verifier-metrics.ts'

export interface VerifierParts {
  readonly settings: VerifierSettings
  readonly health: HealthSettings
  readonly ops: ListenAt | undefined
  readonly trust: readonly TrustSettings[]
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
}

/** A running verifier. */
export interface Verifier {
  readonly ports: { readonly http: number | undefined; readonly ops: number | undefined }
  /** Says that it is not ready, answers what is under way, and ends. */
  readonly stop: () => Promise<void>
}

/** How long the sources are waited for before questions are taken. */
const firstReadingMs = 2000
/** For how long questions are still taken after it was said that no more should come. */
const farewellMs = 1000

/** Starts a verifier; rejects with the system's error when an address cannot be had. */
export async function startVerifier(parts: VerifierParts): Promise<Verifier> {
  const { health: said, clock, random, log } = parts
  const { http } = parts.settings
  const settings = http
    ? { ...parts.settings, http: { ...http, at: await claim(http.at) } }
    : parts.settings
  const counters = threadLayout.allocate(said.workers)
  const proofs = new Map<number, number>()

  const hear = (id: number, message: FromThread) => {
    if (message.kind === 'unknown-key') standalone.hurry()
    if (message.kind !== 'report') return
    proofs.set(id, message.proofs)
    logRefusals(log, message.refusals)
  }
  const threads = createThreads({
    count: said.workers,
    settings,
    counters,
    onMessage: hear,
    onDeath(id, errorName) {
      proofs.delete(id)
      log.error('a thread ended and is replaced', {
        thread: id,
        error: identifier(errorName ?? 'none'),
      })
    },
  })
  const standalone = createStandalone({
    trust: parts.trust,
    clock,
    random,
    onFacts: (facts) => void threads.publish({ kind: 'whole', facts }),
    onSource(name, problem) {
      health.source(name, problem)
      if (name.startsWith('key set')) metrics.keySetRefreshed(problem === undefined)
      if (problem !== undefined) logBrokenSource(log, name, problem)
    },
    onUnusableKeys: (name, unusable) => logUnusableKeys(log, name, unusable),
  })
  const { revoked } = standalone
  const known = { threads, counters, revoked, proofs: () => sum(proofs.values()) }
  const health = createHealth({ ...known, clock, settings: said })
  const metrics = createVerifierMetrics({ ...known, workers: said.workers })
  const ops = createOpsServer({ ...health, metrics: metrics.page })

  const opsPort = parts.ops && (await listen(ops, parts.ops))
  // Who asks before anything is known is told so rather than left without an answer.
  await Promise.race([standalone.start(), delay(firstReadingMs)])
  const httpPort = await threads.start()

  return {
    ports: { http: httpPort, ops: opsPort },
    async stop() {
      health.draining()
      threads.drain()
      await delay(farewellMs)
      standalone.close()
      await threads.close()
      ops.closeAllConnections()
      await new Promise((resolve) => ops.close(resolve))
    },
  }
}

function sum(counts: Iterable<number>): number {
  let total = 0
  for (const count of counts) total += count
  return total
}
