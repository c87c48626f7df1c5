// What it costs to recognise a token that was seen before. Each operation makes its string anew from bytes, as an
// HTTP parser does, so that no string comes with its hash already known.

import { createHash, hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { signTokens } from '../material.ts'
import type { Micro, MicroCase } from '../micro.ts'

const tokenCount = 1000

/** Lookups by the whole token, and digests. */
export const micro: Micro = {
  prepare: async () => {
    const kind = { algorithm: 'RS256-3072', expires: false } as const
    const tokens = await signTokens(kind, tokenCount)
    const bytes = tokens.map((token) => Buffer.from(token, 'latin1'))
    const map = new Map(tokens.map((token, index) => [token, index]))
    const cache = new LRUCache<string, number>({ max: 100_000 })
    for (const [token, index] of map) cache.set(token, index)
    const byTail = new LRUCache<string, string>({ max: 100_000 })
    for (const token of tokens) byTail.set(token.slice(-32), token)
    const byNumber = new LRUCache<number, string>({ max: 100_000 })
    for (const token of tokens) byNumber.set(numberOf(token), token)
    const text = (turn: number) => bytes[turn % tokenCount]?.toString('latin1') ?? ''
    const some = Buffer.alloc(60, 7)
    const someText = some.toString('latin1')
    return [
      {
        name: `token of ${tokens[0]?.length} bytes`,
        cases: [
          repeat('string made, not looked up', (turn) => text(turn).length > 0),
          repeat('Map', (turn) => map.get(text(turn)) !== undefined),
          repeat('lru-cache', (turn) => cache.get(text(turn)) !== undefined),
          repeat('lru-cache by its end, then held against the whole', (turn) => {
            const token = text(turn)
            return byTail.get(token.slice(-32)) === token
          }),
          repeat('lru-cache by a number for its end, then held against the whole', (turn) => {
            const token = text(turn)
            return byNumber.get(numberOf(token)) === token
          }),
          repeat(
            'SHA-256 of it, crypto.hash to buffer',
            (turn) => hash('sha256', text(turn), 'buffer').length > 0,
          ),
        ],
      },
      {
        name: 'SHA-256 of 60 bytes',
        cases: [
          repeat('crypto.hash of a Buffer', () => hash('sha256', some, 'buffer').length > 0),
          repeat('crypto.hash of a string', () => hash('sha256', someText, 'buffer').length > 0),
          repeat(
            'createHash of a Buffer',
            () => createHash('sha256').update(some).digest().length > 0,
          ),
        ],
      },
    ]
  },
}

function numberOf(token: string): number {
  let number = 0
  for (let at = token.length - 9; at < token.length - 1; at += 1) {
    number = number * 80 + token.charCodeAt(at)
  }
  return number
}

function repeat(name: string, step: (turn: number) => boolean): MicroCase {
  return {
    name,
    run: (count) => {
      for (let turn = 0; turn < count; turn += 1) {
        if (!step(turn)) throw new Error(`${name}: missed`)
      }
    },
  }
}
