import type { RefusalSummary } from './refusals.ts'

/** That a revoked credential was presented so many times. */
export interface Presented {
  readonly jti: string
  readonly count: number
}

/** The revoked credentials of the authority among what was refused. */
export function revokedIn(refusals: readonly RefusalSummary[]): readonly Presented[] {
  return refusals.flatMap(({ reason, isOwn, credentialId: jti, count }) =>
    reason === 'credential-revoked' && isOwn && jti !== undefined ? [{ jti, count }] : [],
  )
}
