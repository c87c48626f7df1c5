import type { RefusalSummary } from './refusals.ts'

/** That a revoked credential was presented so many times. */
export interface Presented {
  readonly jti: string
  readonly count: number
}

/** The revoked credentials among what was refused. */
export function revokedIn(refusals: readonly RefusalSummary[]): readonly Presented[] {
  return refusals.flatMap(({ reason, credentialId: jti, count }) =>
    reason === 'credential-revoked' && jti !== undefined ? [{ jti, count }] : [],
  )
}
