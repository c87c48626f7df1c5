import { LRUCache } from 'lru-cache'
import type { Proof } from '../credential/proof.ts'
import type { Stamp } from '../standing/standing.ts'
import type { Identity } from './identity.ts'

/** A proof that is kept, with the standing in which it was last found to be good. */
export interface KeptProof {
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
  readonly keep: (token: string, kept: KeptProof) => void
  readonly forget: (token: string) => void
  readonly entries: number
  /** How often a proof was found, and how often not. */
  readonly hits: number
  readonly misses: number
}

const refusedShare = 0.1

/** Makes a cache for at most `max` live proofs. */
export function createProofCache(max: number): ProofCache {
  const live = new LRUCache<string, KeptProof>({ max })
  const refused = new LRUCache<string, KeptProof>({ max: Math.ceil(max * refusedShare) })
  let hits = 0
  let misses = 0
  return {
    find(token) {
      const kept = live.get(token) ?? refused.get(token)
      if (kept) hits++
      else misses++
      return kept
    },
    peek: (token) => live.peek(token) ?? refused.peek(token),
    keep(token, kept) {
      const [place, other] = kept.goodIn ? [live, refused] : [refused, live]
      other.delete(token)
      place.set(token, kept)
    },
    forget(token) {
      live.delete(token)
      refused.delete(token)
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
