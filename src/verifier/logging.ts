import type { KeySet } from '../credential/key-set.ts'
import type { Log } from '../telemetry/log.ts'
import { identifier } from '../telemetry/safe-text.ts'
import type { RefusalSummary } from './refusals.ts'

/** Writes what was refused, with the ids that were proved and nothing else of what was presented. */
export function logRefusals(log: Log, refusals: readonly RefusalSummary[]): void {
  for (const refusal of refusals) {
    const { credentialId, gatewayId, clientId } = refusal
    const fields = {
      door: refusal.door,
      reason: identifier(refusal.reason),
      count: refusal.count,
      decisionId: identifier(refusal.decisionId),
      revision: refusal.revision,
      credentialId: credentialId === undefined ? undefined : identifier(credentialId),
      gatewayId: gatewayId === undefined ? undefined : identifier(gatewayId),
      clientId: clientId === undefined ? undefined : identifier(clientId),
    }
    if (refusal.reason === 'credential-revoked') {
      log.warn('revoked credential still presented', fields)
    } else log.info('refused', fields)
  }
}

/** Says that a key set or a list cannot be used as it is now. */
export function logBrokenSource(log: Log, name: string, problem: string): void {
  log.warn('a source of trust is broken, what it said before stays in force', {
    source: identifier(name),
    problem: identifier(problem),
  })
}

/** Says why tokens of an outside issuer do not count. */
export function logLeftOut(log: Log, name: string, why: string): void {
  log.error('tokens of an outside issuer do not count', {
    source: identifier(name),
    why: identifier(why),
  })
}

/** Names the keys that were left out of a set. */
export function logUnusableKeys(log: Log, name: string, unusable: KeySet['unusable']): void {
  for (const { index, reason } of unusable) {
    log.warn('a key is left out', { source: identifier(name), index, reason: identifier(reason) })
  }
}

/** Says that a thread ended that should not have. */
export function logDeath(log: Log, thread: number, errorName: string | undefined): void {
  const error = identifier(errorName ?? 'none')
  log.error('a thread ended and is replaced', { thread, error })
}

/** Says that a thread could not listen or accept. */
export function logListenerFailure(log: Log, thread: number, code: string): void {
  log.error('a listener failed', { thread, code: identifier(code) })
}
