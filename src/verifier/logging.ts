import type { KeySet } from '../credential/key-set.ts'
import type { Log } from '../telemetry/log.ts'
import { identifier, setting, type SafeText } from '../telemetry/safe-text.ts'
import type { RefusalSummary } from './refusals.ts'
import type { FromThread } from './thread-setup.ts'

/** Writes what was refused, with the ids that were proved and nothing else of what was presented. */
export function logRefusals(log: Log, refusals: readonly RefusalSummary[]): void {
  for (const refusal of refusals) {
    const { issuer, credentialId, gatewayId, clientId } = refusal
    const fields = {
      door: refusal.door,
      reason: identifier(refusal.reason),
      count: refusal.count,
      decisionId: identifier(refusal.decisionId),
      revision: refusal.revision,
      issuer: issuer === undefined ? undefined : setting(issuer),
      credentialId: credentialId === undefined ? undefined : identifier(credentialId),
      gatewayId: gatewayId === undefined ? undefined : identifier(gatewayId),
      clientId: clientId === undefined ? undefined : identifier(clientId),
    }
    if (refusal.reason === 'credential-revoked') {
      log.warn('revoked credential still presented', fields)
    } else log.info('refused', fields)
  }
}

/** Says that a source cannot be used as it is now, and whether what it said before counts. */
export function logBrokenSource(log: Log, name: string, problem: string, keeps: boolean): void {
  const fields = { source: setting(name), problem: identifier(problem) }
  if (keeps) log.warn('a source is broken, what it said before stays in force', fields)
  else log.error('a source is broken, and there is nothing that it said before', fields)
}

/** Says that a source can be used again. */
export function logMendedSource(log: Log, name: string): void {
  log.info('a source is in order again', { source: setting(name) })
}

/** Says why tokens of an outside issuer do not count. */
export function logLeftOut(log: Log, name: string, why: string): void {
  log.error('tokens of an outside issuer do not count', {
    source: setting(name),
    why: identifier(why),
  })
}

/** Names the keys that were left out of a set. */
export function logUnusableKeys(log: Log, name: string, unusable: KeySet['unusable']): void {
  for (const { index, kid, reason } of unusable) {
    log.warn('a key is left out', {
      source: setting(name),
      index,
      kid: kid === undefined ? undefined : identifier(kid),
      reason: identifier(reason),
    })
  }
}

/** Says how many ids a list names, and how many are gone from it. */
export function logList(log: Log, name: string, ids: number, gone: number): void {
  const fields = { source: setting(name), ids, gone }
  if (gone === 0) log.info('a list of revoked ids was read', fields)
  else log.warn('ids are gone from a list, and stay revoked for half a minute', fields)
}

/** Says that ids are not revoked any more. */
export function logLetGo(log: Log, name: string, gone: number): void {
  log.warn('ids that are gone from a list are not revoked any more', {
    source: setting(name),
    gone,
  })
}

/** Says that a thread ended that should not have, and of which error, if of one. */
export function logDeath(log: Log, thread: number, error: SafeText | undefined): void {
  log.error('a thread ended and is replaced', { thread, error: error ?? 'none' })
}

/** Says that a thread could not listen or accept. */
export function logListenerFailure(
  log: Log,
  thread: number,
  { listener, code }: Extract<FromThread, { readonly kind: 'failed' }>,
): void {
  log.error('a listener failed', { thread, listener, code: identifier(code) })
}
