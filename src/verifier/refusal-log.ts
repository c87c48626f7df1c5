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
