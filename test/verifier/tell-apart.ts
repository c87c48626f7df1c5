import assert from 'node:assert/strict'
import type { Random } from '../prng.ts'
import { open, type Line, type Place } from './wire.ts'

// Whether somebody with a stopwatch can tell refusals apart. All are asked in turns over one connection, in another order
// each round, and what is compared is the time within which a quarter of the answers came: those that nothing disturbed.

/** What is asked in each round, by what is wrong with it. */
export type Refusals = ReadonlyMap<string, (round: number) => string>

/** How far apart refusals may lie, in milliseconds: less than half of what checking a signature (ES256) takes. */
export const tellableMs = 0.035

/** How far the slowest kind of refusal lies behind the quickest, in milliseconds, and all of them for who reads it. */
export interface Apart {
  readonly milliseconds: number
  readonly times: string
}

export interface Stopwatch {
  readonly place: Place
  readonly refusals: Refusals
  readonly random: Random
  readonly rounds: number
}

/**
 * Measures up to five times: what disturbs a machine differs from time to time, what a kind of refusal costs more does
 * not. The least is told. `again` numbers the times, for tokens that must be new each time.
 */
export async function tellApart(
  make: (again: number) => Promise<Stopwatch> | Stopwatch,
): Promise<Apart> {
  let least: Apart = { milliseconds: Number.POSITIVE_INFINITY, times: '' }
  for (let again = 0; again < 5 && least.milliseconds > tellableMs; again++) {
    const found = await measure(await make(again))
    if (found.milliseconds < least.milliseconds) least = found
  }
  return least
}

async function measure({ place, refusals, random, rounds }: Stopwatch): Promise<Apart> {
  const times = new Map([...refusals.keys()].map((kind) => [kind, new Array<number>()]))
  const line = await open(place)
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [kind, hook] of shuffled([...refusals], random)) {
        times.get(kind)?.push(await timeOf(line, hook(round)))
      }
    }
  } finally {
    line.close()
  }
  const quarters = [...times].map(([kind, all]) => [kind, quarter(all)] as const)
  const found = quarters.map(([, time]) => time)
  return {
    milliseconds: Math.max(...found) - Math.min(...found),
    times: quarters.map(([kind, time]) => `${kind} ${time.toFixed(4)} ms`).join(', '),
  }
}

async function timeOf(line: Line, hook: string): Promise<number> {
  const began = performance.now()
  line.send(hook)
  const { answers } = await line.answers(1)
  const took = performance.now() - began
  assert.deepEqual(
    answers.map(({ status }) => status),
    [401],
  )
  return took
}

function quarter(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 2] ?? Number.NaN
}

function shuffled<T>(list: readonly T[], random: Random): readonly T[] {
  return list
    .map((each) => ({ each, place: random(1_000_000) }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ each }) => each)
}
