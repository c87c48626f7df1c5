import { randomInt } from 'node:crypto'
import process from 'node:process'
import type { TestContext } from 'node:test'

/** A number from 0 to below the bound. */
export type Random = (bound: number) => number

/** A seed that is told, and that WARDER_SEED sets to see a failure again. */
export function seedOf(t: TestContext): number {
  const seed = Number(process.env['WARDER_SEED'] ?? randomInt(2 ** 31))
  t.diagnostic(`seed ${seed}`)
  return seed
}

/** Makes a source of numbers from such a seed. */
export function createPrng(t: TestContext): Random {
  let state = seedOf(t)
  return (bound) => {
    state = (state + 0x9e3779b9) | 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) % bound
  }
}
