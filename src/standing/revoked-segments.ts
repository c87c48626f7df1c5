// Revoked ids go in segments, by the key that signed and the hour in which they would expire. A segment goes whole:
// with its key, or when the authority's own clock says that none of its tokens can be accepted any more.

import type { RevokedEntry } from './snapshot.ts'

const windowSeconds = 3600
/** Longer than any verifier's leeway may be, so that no entry goes while a clock still lets its token in. */
const horizonSeconds = 600
const separator = '\n'

/** The segment of a revoked token. */
export function segmentOf({ issuer, kid, exp }: Omit<RevokedEntry, 'jti'>): string {
  const window = exp === undefined ? 'never' : Math.floor(exp / windowSeconds)
  return [issuer, kid, window].join(separator)
}

/** Whether a segment's tokens were signed by a key. */
export function isOfKey(segment: string, issuer: string, kid: string): boolean {
  return segment.startsWith(`${[issuer, kid].join(separator)}${separator}`)
}

/** Whether all of a segment's tokens have expired for everybody, at a time in milliseconds of the authority's clock. */
export function isOver(segment: string, at: number): boolean {
  const window = segment.slice(segment.lastIndexOf(separator) + 1)
  return window !== 'never' && (Number(window) + 1) * windowSeconds + horizonSeconds <= at / 1000
}
