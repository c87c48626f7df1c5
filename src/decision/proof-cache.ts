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
const keyLength = 8

/**
 * What a token is looked up by: the end of its signature as a number, without the last letter, which may be of two bits
 * alone. A map of texts keeps a copy of every text that it is asked for until the next great collection, which a flood of
 * forged tokens would bring about again and again.
 */
function keyOf(token: string): number {
  const end = token.length - 1
  let key = 0
  // The letters of base64url lie less than 80 apart, so that no two ends are one number.
  for (let at = end - keyLength; at < end; at++) key = key * 80 + token.charCodeAt(at)
  return key
}

/**
 * Places for proofs, of which the one that was not used for longest makes room. The last proof leaves its place behind:
 * were that taken away too, all the others would be made anew, and in a cache of one gateway each revocation is of the last.
 */
class Places {
  readonly #cache: LRUCache<number, KeptProof | typeof left>
  /** The key of the proof that has left. */
  #left: number | undefined

  constructor(max: number) {
    this.#cache = new LRUCache({ max })
  }

  get size(): number {
    return this.#cache.size - (this.#left === undefined ? 0 : 1)
  }

  get(key: number): KeptProof | undefined {
    return proofIn(this.#cache.get(key))
  }

  peek(key: number): KeptProof | undefined {
    return proofIn(this.#cache.peek(key))
  }

  put(key: number, kept: KeptProof): void {
    this.#cache.set(key, kept)
    if (this.#left === undefined) return
    if (this.#left !== key) this.#cache.delete(this.#left)
    this.#left = undefined
  }

  remove(key: number): void {
    if (this.#cache.size > 1) this.#cache.delete(key)
    else if (this.#cache.has(key)) {
      this.#cache.set(key, left)
      this.#left = key
    }
  }
}

const left: unique symbol = Symbol('left')
const proofIn = (place: KeptProof | typeof left | undefined) => (place === left ? undefined : place)

/** Makes a cache for at most `max` live proofs. */
export function createProofCache(max: number): ProofCache {
  const live = new Places(max)
  const refused = new Places(Math.ceil(max * refusedShare))
  let hits = 0
  let misses = 0
  // Who asks twice in a row, as one gateway alone does, is the latest used already.
  let latest: KeptProof | undefined
  return {
    find(token) {
      if (latest?.token !== token) {
        const key = keyOf(token)
        const kept = live.get(key) ?? refused.get(key)
        latest = kept?.token === token ? kept : undefined
      }
      if (latest) hits++
      else misses++
      return latest
    },
    peek(token) {
      if (latest?.token === token) return latest
      const key = keyOf(token)
      const kept = live.peek(key) ?? refused.peek(key)
      return kept?.token === token ? kept : undefined
    },
    keep(kept) {
      latest = undefined
      const [place, other] = kept.goodIn ? [live, refused] : [refused, live]
      const key = keyOf(kept.token)
      other.remove(key)
      place.put(key, kept)
    },
    forget(token) {
      latest = undefined
      const key = keyOf(token)
      live.remove(key)
      refused.remove(key)
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
