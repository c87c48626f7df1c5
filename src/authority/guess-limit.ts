import { isIPv6 } from 'node:net'
import type { Clock } from '../system/clock.ts'
import { createTokenBuckets } from './token-buckets.ts'

/** Slows down who guesses secrets. */
export interface GuessLimit {
  /** Counts a guess that was wrong; 0, or the seconds to wait before another one. */
  readonly attempt: (client: string, source: string) => number
}

// Failures are counted by client and where they come from, and by where they come from. Who shows the right secret is
// not asked about: the secrets are looked at first.
const ofClientFromSource = { burst: 10, perSecond: 0.2 }
const ofSource = { burst: 60, perSecond: 2 }

/** Creates a limit that has seen nobody yet. */
export function createGuessLimit(clock: Clock): GuessLimit {
  const pairs = createTokenBuckets(ofClientFromSource, clock)
  const sources = createTokenBuckets(ofSource, clock)
  return {
    attempt(client, source) {
      const pair = pairOf(client, source)
      const wait = pairs.take(pair)
      if (wait > 0) return wait
      const crowded = sources.take(networkOf(source))
      if (crowded > 0) pairs.giveBack(pair)
      return crowded
    },
  }
}

function pairOf(client: string, source: string): string {
  return `${networkOf(source)} ${client.slice(0, 64)}`
}

/** Who has one IPv6 address has 2^64 of them. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped?.[1] !== undefined) return mapped[1]
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? []
  const front = head.split(':').filter((part) => part !== '')
  const back = (tail ?? '').split(':').filter((part) => part !== '')
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0')
  return [...front, ...zeros, ...back].slice(0, 4).join(':')
}
