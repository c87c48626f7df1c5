import { LRUCache } from 'lru-cache'
import type { Clock } from '../system/clock.ts'

/** Allows so many things at once for a key, and so many a second after. */
export interface TokenBuckets {
  /** Takes one; 0, or the seconds until there is one again. */
  readonly take: (key: string) => number
  /** Gives one back. */
  readonly giveBack: (key: string) => void
}

export interface BucketSize {
  readonly burst: number
  readonly perSecond: number
}

interface Bucket {
  tokens: number
  at: number
}

const bucketsMax = 20_000

/** Creates full buckets; those that were used longest ago make room, full again. */
export function createTokenBuckets({ burst, perSecond }: BucketSize, clock: Clock): TokenBuckets {
  const buckets = new LRUCache<string, Bucket>({ max: bucketsMax })
  const filled = (key: string): Bucket => {
    const now = clock.monotonic()
    const { tokens, at } = buckets.get(key) ?? { tokens: burst, at: now }
    return { tokens: Math.min(burst, tokens + ((now - at) / 1000) * perSecond), at: now }
  }
  return {
    take(key) {
      const bucket = filled(key)
      const enough = bucket.tokens >= 1
      buckets.set(key, enough ? { ...bucket, tokens: bucket.tokens - 1 } : bucket)
      return enough ? 0 : (1 - bucket.tokens) / perSecond
    },
    giveBack(key) {
      const bucket = filled(key)
      buckets.set(key, { ...bucket, tokens: Math.min(burst, bucket.tokens + 1) })
    },
  }
}
