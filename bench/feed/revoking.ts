// From the answer of DELETE to the last allowed request: 16 verifiers, each a process with a disk of its own, asked 50
// times a second.

import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startAsking, type Asking } from '../load/asking.ts'
import { startBenchAuthority, type BenchAuthority } from './authority.ts'
import { now } from './light-follower.ts'
import { atMost, inMs, quantile, type Row } from '../rows.ts'
import { startBenchVerifier } from './verifiers.ts'

const verifierCount = 16
const perSecond = 50
/** How many revocations warm up, as the first round of other benchmarks does; only the time of these does not count. */
const warmUp = 15

interface Trial {
  readonly tookMs: number
  readonly applied: string
  /** Questions that were sent after the answer of DELETE and allowed. */
  readonly allowedAfter: number
  /** From the answer of DELETE to when the last request was sent that was allowed; below zero where that was before. */
  readonly lastAllowedMs: number
}

/** How soon a revoked credential is refused everywhere. */
export const revoking: Row = {
  name: 'revoke',
  about: 'DELETE of a credential with 16 verifiers under load',
  async run({ folder, quick, say }) {
    const authority = await startBenchAuthority(folder)
    const closing = [authority.stop]
    try {
      const enrolments = await authority.enrol(verifierCount)
      const ports: number[] = []
      for (const [at, enrolment] of enrolments.entries()) {
        const verifier = await startBenchVerifier(join(folder, `verifier-${at}`), enrolment)
        closing.push(verifier.close)
        ports.push(verifier.port)
      }
      const asking = startAsking(ports, perSecond)
      const trials: Trial[] = []
      for (let at = 0; at < warmUp + (quick ? 30 : 250); at++)
        trials.push(await tryOnce(authority, asking))
      await asking.close()
      say(`${trials.length} credentials revoked`)
      return figuresOf(trials)
    } finally {
      await Promise.all(closing.map((close) => close()))
    }
  },
}

async function tryOnce(authority: BenchAuthority, asking: Asking): Promise<Trial> {
  const { path, token } = await authority.addCredential()
  asking.use(token)
  await delay(100 + Math.random() * 50)
  const sentAt = now()
  const { headers } = await authority.call('DELETE', path)
  const answeredAt = now()
  await delay(100)
  const asked = await asking.asked()
  const allowed = asked.filter(({ status }) => status === 200)
  return {
    tookMs: answeredAt - sentAt,
    applied: String(headers['warder-applied']),
    allowedAfter: allowed.filter((one) => one.sentAt > answeredAt).length,
    lastAllowedMs: Math.max(...allowed.map((one) => one.sentAt)) - answeredAt,
  }
}

function figuresOf(trials: readonly Trial[]) {
  const [first = Number.NaN] = trials.map(({ tookMs }) => tookMs)
  const took = trials.slice(warmUp).map(({ tookMs }) => tookMs)
  const all = `${verifierCount}/${verifierCount}`
  const whole = trials.filter(({ applied }) => applied === all)
  const sum = whole.reduce((total, { allowedAfter }) => total + allowedAfter, 0)
  return [
    atMost('allowed requests sent after a 204 that says all', sum, 0, String),
    atMost('204 → last allowed request, maximum', maximum(whole), 0, inMs),
    atMost(`DELETEs that do not say ${all}`, trials.length - whole.length, 0, String),
    atMost('DELETE, the first after a start', first, 1000, inMs),
    atMost('DELETE, p50', quantile(took, 0.5), 50, inMs),
    atMost('DELETE, p99', quantile(took, 0.99), 50, inMs),
  ]
}

function maximum(trials: readonly Trial[]): number {
  return Math.max(...trials.map(({ lastAllowedMs }) => lastAllowedMs))
}
