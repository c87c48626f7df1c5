import type { EpochSeconds } from '../credential/time.ts'
import type { SnapshotIssuer } from './snapshot-issuer.ts'
import type { ClosedState, MarkSubject, Revision } from './standing.ts'

/** A revoked token, for as long as its signature would otherwise hold. */
export interface RevokedEntry {
  readonly issuer: string
  readonly jti: string
  readonly kid: string
  readonly exp: EpochSeconds | undefined
}

/** The whole standing at one revision: plain data, which JSON can carry. */
export interface StandingSnapshot {
  readonly epoch: string
  readonly revision: Revision
  /** Milliseconds since 1970. */
  readonly at: number
  readonly issuers: readonly SnapshotIssuer[]
  readonly revoked: readonly RevokedEntry[]
  /** Gateways and environments that are not enabled. */
  readonly gateways: readonly { readonly id: string; readonly state: ClosedState }[]
  readonly environments: readonly { readonly id: string; readonly state: ClosedState }[]
  readonly clients: readonly {
    readonly id: string
    readonly deleted: boolean
    readonly generation: number
  }[]
  readonly marks: readonly { readonly subject: MarkSubject; readonly notBefore: EpochSeconds }[]
}
