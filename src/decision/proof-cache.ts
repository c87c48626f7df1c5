import { LRUCache } from 'lru-cache'
import { copyOf } from '../credential/copy-of.ts'
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

/**
 * Places for proofs, of which the one that was not used for longest makes room. The last proof leaves its place behind:
 * were that taken away too, all the others would be made anew, and in a cache of one gateway each revocation is of the last.
 */
class Places {
  readonly #cache: LRUCache<string, KeptProof | typeof left>
  /** By what the proof was looked up that has left. */
  #left: string | undefined

  constructor(max: number) {
    this.#cache = new LRUCache({ max })
  }

  get size(): number {
    return this.#cache.size - (this.#left === undefined ? 0 : 1)
  }

  get(tail: string): KeptProof | undefined {
    return proofIn(this.#cache.get(tail))
  }

  peek(tail: string): KeptProof | undefined {
    return proofIn(this.#cache.peek(tail))
  }

  put(tail: string, kept: KeptProof): void {
    this.#cache.set(tail, kept)
    if (this.#left === undefined) return
    if (this.#left !== tail) this.#cache.delete(this.#left)
    this.#left = undefined
  }

  remove(tail: string): void {
    if (this.#cache.size > 1) this.#cache.delete(tail)
    else if (this.#cache.has(tail)) {
      this.#cache.set(tail, left)
      this.#left = copyOf(tail)
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
      other.remove(tail)
      place.put(tail, kept)
    },
    forget(token) {
      latest = undefined
      const tail = tailOf(token)
      live.remove(tail)
      refused.remove(tail)
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
