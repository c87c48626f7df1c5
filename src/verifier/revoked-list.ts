// What counts of a list of revoked ids that an operator keeps. An id that is added counts at once. One that is gone stays
// revoked until its list has been without it for a while: a list that is being written, or whose writer died, is the
// beginning of one, and says of nobody that he may come in again.

import type { RevocationId } from '../credential/revocation-id.ts'
import type { RevokedSet } from '../standing/revoked-set.ts'
import type { Clock } from '../system/clock.ts'

export interface RevokedListParts {
  readonly set: RevokedSet
  /** The segment of the set that holds what counts. */
  readonly segment: string
  readonly clock: Pick<Clock, 'monotonic'>
  /** Told when ids that are gone no longer count. */
  readonly onLetGo: (gone: number) => void
}

/** What counts of one list. */
export interface RevokedList {
  /** Takes what the list says now, and says how many ids are gone from it that still count. */
  readonly take: (ids: Iterable<RevocationId>, count: number) => number
  /** The list cannot be read now, so that nothing is known of what is gone. */
  readonly unread: () => void
  readonly close: () => void
}

/** For how long a list must have been without an id before that is let go. */
const letGoAfterMs = 30_000
const lookEveryMs = 1000

/** Makes a list of which nothing counts yet. */
export function createRevokedList(parts: RevokedListParts): RevokedList {
  const { set, segment, clock, onLetGo } = parts
  const latest = `${segment} latest`
  let waiting: { readonly gone: number; readonly since: number } | undefined

  const letGo = ({ gone }: { readonly gone: number }) => {
    waiting = undefined
    set.move(latest, segment)
    onLetGo(gone)
  }
  const looking = setInterval(() => {
    if (waiting && clock.monotonic() - waiting.since >= letGoAfterMs) letGo(waiting)
  }, lookEveryMs)
  looking.unref()

  return {
    take(ids, count) {
      set.replace(latest, ids, count)
      const gone = countGone(set, segment, latest)
      waiting = gone === 0 ? undefined : { gone, since: clock.monotonic() }
      if (gone === 0) set.move(latest, segment)
      else for (const id of set.ids(latest)) set.add(id, segment)
      return gone
    },
    unread() {
      waiting = undefined
    },
    close: () => clearInterval(looking),
  }
}

function countGone(set: RevokedSet, segment: string, latest: string): number {
  let gone = 0
  for (const id of set.ids(segment)) if (!set.has(id, latest)) gone++
  return gone
}
