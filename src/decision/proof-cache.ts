import { LRUCache } from 'lru-cache'
import type { Proof } from '../credential/proof.ts'
import type { Stamp } from '../standing/standing.ts'
import type { Identity } from './identity.ts'
import type { Presented, Question } from './question.ts'

/** A proof that is kept, with the standing in which it was last found to be good. */
export interface KeptProof {
  /** The exact token that was proved. */
  readonly token: string
  readonly proof: Proof
  readonly identity: Identity
  goodIn: Stamp | undefined
}

/**
 * Proofs by the exact token: that it was signed by its key, which is costly to find out, never that it is allowed.
 * Those that were last refused are kept apart, so that no flood of them can push live ones out; tokens that are not
 * proved are not kept at all.
 */
export interface ProofCache {
  readonly find: (token: string) => KeptProof | undefined
  /** Finds without counting as a use. */
  readonly peek: (token: string) => KeptProof | undefined
  readonly keep: (kept: KeptProof) => void
  readonly forget: (token: string) => void
  readonly entries: number
  /** How often a proof was found, and how often not. */
  readonly hits: number
  readonly misses: number
}

const refusedShare = 0.1
const tailLength = 32

/**
 * What a token is looked up by: a piece of its signature. A map keeps a copy of every text that it is asked for until
 * the next great collection, which a flood of forged tokens would bring about again and again.
 */
const tailOf = (token: string) => token.slice(-tailLength)

/** Makes a cache for at most `max` live proofs. */
export function createProofCache(max: number): ProofCache {
  const live = new LRUCache<string, KeptProof>({ max })
  const refused = new LRUCache<string, KeptProof>({ max: Math.ceil(max * refusedShare) })
  let hits = 0
  let misses = 0
  // Who asks twice in a row, as one gateway alone does, is the latest used already.
  let latest: KeptProof | undefined
  return {
    find(token) {
      if (latest?.token !== token) {
        const tail = tailOf(token)
        const kept = live.get(tail) ?? refused.get(tail)
        latest = kept?.token === token ? kept : undefined
      }
      if (latest) hits++
      else misses++
      return latest
    },
    peek(token) {
      if (latest?.token === token) return latest
      const tail = tailOf(token)
      const kept = live.peek(tail) ?? refused.peek(tail)
      return kept?.token === token ? kept : undefined
    },
    keep(kept) {
      latest = undefined
      const [place, other] = kept.goodIn ? [live, refused] : [refused, live]
      const tail = tailOf(kept.token)
      other.delete(tail)
      place.set(tail, kept)
    },
    forget(token) {
      latest = undefined
      const tail = tailOf(token)
      live.delete(tail)
      refused.delete(tail)
    },
    get entries() {
      return live.size + refused.size
    },
    get hits() {
      return hits
    },
    get misses() {
      return misses
    },
  }
}

/** Whether a question brings a token of which nothing is kept, so that a signature may have to be verified first. */
export function isFirstSeen({ gateway, client }: Question, cache: ProofCache): boolean {
  return isNew(gateway, cache) || isNew(client, cache)
}

function isNew(presented: Presented, cache: ProofCache): boolean {
  return presented.kind === 'token' && cache.peek(presented.token) === undefined
}
