import type { Clock } from '../system/clock.ts'
import type { Background } from './background.ts'
import { createTokenBuckets } from './token-buckets.ts'

/** Somebody was refused. */
export interface FailedAccess {
  readonly action: 'access.unauthenticated' | 'access.denied' | 'token.refused'
  /** Who it was, as far as that is known for certain. */
  readonly actor: string
  readonly target: string
  readonly organizationId: string | null
  readonly environmentId: string | null
  readonly source: string
}

// Refusals cost whoever brings them about nothing, so they must not fill the disk: past these, they are only counted.
const entries = { burst: 100, perSecond: 1 }

/** Enters refusals into the audit, and how many were left out before. */
export function createFailedAccess(
  background: Background,
  clock: Clock,
): (failed: FailedAccess) => void {
  const buckets = createTokenBuckets(entries, clock)
  let leftOut = 0
  return ({ source, ...failed }) => {
    if (buckets.take('all') > 0) {
      leftOut += 1
      return
    }
    const details = leftOut === 0 ? { source } : { source, leftOut }
    leftOut = 0
    background.enter({
      at: clock.wall(),
      ...failed,
      outcome: 'refused',
      revision: null,
      details,
    })
  }
}
