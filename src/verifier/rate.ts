/** Counts one more of something, and says whether it is within the rate. */
export type Rate = (key: string) => boolean

const keysKept = 10_000

interface Bucket {
  left: number
  at: number
}

/** A rate for each key by itself, with a burst of as many as a second allows. */
export function createRate(perSecond: number, monotonic: () => number): Rate {
  const buckets = new Map<string, Bucket>()
  return (key) => {
    const now = monotonic()
    const known = buckets.get(key)
    const bucket = known ?? { left: perSecond, at: now }
    if (!known) {
      // The oldest goes, and begins anew with a whole second should it come back.
      if (buckets.size >= keysKept) forgetOldest(buckets)
      buckets.set(key, bucket)
    }
    bucket.left = Math.min(perSecond, bucket.left + ((now - bucket.at) / 1000) * perSecond)
    bucket.at = now
    if (bucket.left < 1) return false
    bucket.left--
    return true
  }
}

function forgetOldest(buckets: Map<string, Bucket>): void {
  for (const key of buckets.keys()) {
    buckets.delete(key)
    return
  }
}
