// What it costs to recognise a token that was seen before. Each operation makes its string anew from bytes, as an
// HTTP parser does, so that no string comes with its hash already known.

import { LRUCache } from 'lru-cache'
import { prove } from '../../src/credential/proof.ts'
import { defaultLeeway, epochSeconds } from '../../src/credential/time.ts'
import { identify } from '../../src/decision/identity.ts'
import { createProofCache, type KeptProof } from '../../src/decision/proof-cache.ts'
import { signTokens } from '../material.ts'
import { repeat, type Micro, type MicroGroup } from '../micro.ts'
import { standingOf } from '../trust.ts'

const tokenCount = 1000
const algorithm = 'RS256-3072'

/** The proof cache, beside a map and the library's cache by the whole token. */
export const micro: Micro = {
  prepare: async () => {
    const tokens = await signTokens({ algorithm, expires: false }, tokenCount)
    const kept = await keep(tokens)
    return [finding(kept), missing(kept), keeping(kept)]
  },
}

function finding(kept: readonly KeptProof[]): MicroGroup {
  const text = spelled(kept.map(({ token }) => token))
  const map = new Map(kept.map((one) => [one.token, one]))
  const [whole, byEnd] = [libraryCache(), libraryCache()]
  for (const one of kept) whole.set(one.token, one)
  for (const one of kept) byEnd.set(endOf(one.token), one)
  const proofs = cacheOf(kept)
  const alone = kept[0]?.token ?? ''
  const sameText = spelled([alone])
  return {
    name: `one of ${tokenCount} tokens of ${alone.length} bytes`,
    cases: [
      repeat('string made, not looked up', (turn) => text(turn).length > 0),
      repeat('Map', (turn) => map.get(text(turn)) !== undefined),
      repeat('lru-cache', (turn) => whole.get(text(turn)) !== undefined),
      repeat('lru-cache by its end, then held against the whole', (turn) => {
        const token = text(turn)
        return byEnd.get(endOf(token))?.token === token
      }),
      repeat('the proof cache', (turn) => proofs.find(text(turn)) !== undefined),
      repeat('the proof cache, one token again and again', (turn) => {
        return proofs.find(sameText(turn)) !== undefined
      }),
    ],
  }
}

/** Tokens that nothing is kept of, each a known one with another end. */
function missing(kept: readonly KeptProof[]): MicroGroup {
  const text = spelled(kept.map(({ token }, at) => `${token.slice(0, -8)}${8e7 + at}`))
  const map = new Map(kept.map((one) => [one.token, one]))
  const proofs = cacheOf(kept)
  return {
    name: 'a token that is not kept',
    cases: [
      repeat('string made, not looked up', (turn) => text(turn).length > 0),
      repeat('Map', (turn) => map.get(text(turn)) === undefined),
      repeat('the proof cache', (turn) => proofs.find(text(turn)) === undefined),
    ],
  }
}

/** Proofs that are kept in full places, so that each pushes another one out. */
function keeping(kept: readonly KeptProof[]): MicroGroup {
  const max = tokenCount / 10
  const library = libraryCache(max)
  const live = createProofCache(max)
  const refused = createProofCache(max)
  const one = (turn: number) => kept[turn % kept.length] ?? kept[0]
  const put = (turn: number, into: (proof: KeptProof) => unknown) => {
    const proof = one(turn)
    if (proof) into(proof)
    return proof !== undefined
  }
  return {
    name: 'keeping a proof where there is no place left',
    cases: [
      repeat('lru-cache', (turn) => put(turn, (proof) => library.set(proof.token, proof))),
      repeat('the proof cache, live', (turn) => put(turn, live.keep)),
      repeat('the proof cache, refused', (turn) =>
        put(turn, (proof) => refused.keep({ ...proof, goodIn: undefined })),
      ),
    ],
  }
}

const libraryCache = (max = 100_000) => new LRUCache<string, KeptProof>({ max })
const endOf = (token: string) => token.slice(-32)

function cacheOf(kept: readonly KeptProof[]) {
  const cache = createProofCache(100_000)
  for (const one of kept) cache.keep(one)
  return cache
}

/** Texts in turn, each made anew. */
function spelled(texts: readonly string[]): (turn: number) => string {
  const bytes = texts.map((text) => Buffer.from(text, 'latin1'))
  return (turn) => bytes[turn % bytes.length]?.toString('latin1') ?? ''
}

async function keep(tokens: readonly string[]): Promise<readonly KeptProof[]> {
  const { ring, stamp } = await standingOf(algorithm)
  const now = epochSeconds(Math.floor(Date.now() / 1000))
  return tokens.map((token) => {
    const proof = prove(token, ring, now, defaultLeeway)
    if (typeof proof === 'string') throw new TypeError(proof)
    return { token, proof, identity: identify(proof), goodIn: stamp }
  })
}
