// The keys of one entry of `trust`: those that were read last, and those that count. They are the same but for as long as
// another entry of the issuer contradicts what was read.

import type { TrustedKey } from '../credential/key-ring.ts'
import type { KeySetReading } from './key-set-source.ts'
import type { TrustReports } from './trust-reports.ts'

export interface FollowedKeysParts extends Pick<
  TrustReports,
  'onSource' | 'onKeysRead' | 'onUnusableKeys' | 'onEmpty'
> {
  /** Told of each good set that is read; accepts or refuses it. */
  readonly onKeys: () => void
}

/** The keys of one entry. */
export interface FollowedKeys {
  readonly source: string
  readonly latest: () => readonly TrustedKey[]
  /** The keys that count; `undefined` before any do. */
  readonly inForce: () => readonly TrustedKey[] | undefined
  /** Takes a reading, and says whether its keys count now. */
  readonly take: (reading: KeySetReading) => boolean
  readonly accept: () => boolean
  readonly refuse: (problem: string) => void
}

/** Makes the keys of an entry that nothing was read for. */
export function createFollowedKeys(source: string, parts: FollowedKeysParts): FollowedKeys {
  let latest: readonly TrustedKey[] | undefined
  let inForce: readonly TrustedKey[] | undefined
  let unreadable: string | undefined
  let refused: string | undefined
  let told: { readonly problem: string | undefined } | undefined

  const tell = () => {
    const problem = unreadable ?? refused
    if (told && told.problem === problem) return
    told = { problem }
    parts.onSource(source, problem)
  }
  const read = (reading: KeySetReading): boolean => {
    unreadable = reading.kind === 'broken' ? reading.problem : undefined
    if (reading.kind === 'broken') {
      tell()
      return false
    }
    const { keys, unusable } = reading.set
    if (unusable.length > 0) parts.onUnusableKeys(source, unusable)
    latest = keys
    parts.onKeys()
    return inForce === latest
  }
  return {
    source,
    latest: () => latest ?? [],
    inForce: () => inForce,
    take(reading) {
      const good = read(reading)
      parts.onKeysRead(good)
      return good
    },
    accept() {
      refused = undefined
      tell()
      if (inForce === latest) return false
      inForce = latest
      parts.onEmpty(source, inForce?.length === 0)
      return true
    },
    refuse(problem) {
      refused = problem
      tell()
    },
  }
}
