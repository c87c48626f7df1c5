declare const brand: unique symbol

/** Seconds since 1970-01-01 UTC, as in `exp`, `nbf` and `iat`; fractions are allowed. */
export type EpochSeconds = number & { readonly [brand]: 'EpochSeconds' }

// 5138-11-16 in seconds, but 1973 in milliseconds: what lies beyond is a time in the wrong unit.
const implausible = 100_000_000_000

/** Whether a value is a time of plausible size. */
export function isEpochSeconds(value: unknown): value is EpochSeconds {
  return typeof value === 'number' && value >= 0 && value < implausible
}

/** A time that is known to be one, for instance a clock's. */
export function epochSeconds(value: number): EpochSeconds {
  if (!isEpochSeconds(value)) throw new TypeError('not a time in seconds')
  return value
}

/** How far clocks may differ, in seconds. */
export interface Leeway {
  readonly exp: number
  readonly nbf: number
}

export const defaultLeeway: Leeway = { exp: 0, nbf: 60 }

/** The times that bound when a token may be used. */
export interface Lifetime {
  readonly issuedAt: EpochSeconds | undefined
  readonly notBefore: EpochSeconds | undefined
  readonly expiresAt: EpochSeconds | undefined
}

export type TimeReason = 'expired' | 'not-yet-valid' | 'issued-in-future'

/** Why a token may not be used now, if so: at `exp` it is dead, before `nbf` and `iat` it is not yet alive. */
export function judgeTime(
  { issuedAt, notBefore, expiresAt }: Lifetime,
  now: EpochSeconds,
  leeway: Leeway,
): TimeReason | undefined {
  if (expiresAt !== undefined && now >= expiresAt + leeway.exp) return 'expired'
  if (notBefore !== undefined && notBefore > now + leeway.nbf) return 'not-yet-valid'
  if (issuedAt !== undefined && issuedAt > now + leeway.nbf) return 'issued-in-future'
  return undefined
}
