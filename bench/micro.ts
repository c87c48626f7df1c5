// The micro-benchmarks: cases of one process, interleaved, by the processor time of all its threads.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { circumstances } from './machine.ts'
import { circumstancesLine, writeResults } from './results.ts'
import { ratios, spread } from './statistics.ts'
import { figure, figureWithSpread, table } from './table.ts'

/** One thing to measure. */
export interface MicroCase {
  readonly name: string
  /** Does it `count` times. */
  readonly run: (count: number) => void | Promise<void>
}

/** A case that does one step again and again, and throws when a step says that it failed. */
export function repeat(name: string, step: (turn: number) => boolean): MicroCase {
  return {
    name,
    run: (count) => {
      for (let turn = 0; turn < count; turn += 1) {
        if (!step(turn)) throw new Error(`${name}: failed`)
      }
    },
  }
}

/** Cases that are put beside each other; ratios are against the first. */
export interface MicroGroup {
  readonly name: string
  readonly cases: readonly MicroCase[]
}

/** What a file in `micro/` exports as `micro`. */
export interface Micro {
  readonly prepare: () => Promise<readonly MicroGroup[]>
}

interface Sample {
  readonly cpuNanos: number
  readonly wallNanos: number
}

interface Entrant {
  readonly one: MicroCase
  readonly count: number
  readonly samples: Sample[]
}

const folder = join(import.meta.dirname, 'micro')

/** Runs the micro-benchmarks that are named, or all, and prints and writes what they measured. */
export async function runMicros(
  names: readonly string[],
  quick: boolean,
  say: (text: string) => void,
): Promise<void> {
  const files = readdirSync(folder).map((file) => file.replace(/\.ts$/, ''))
  const unknown = names.find((name) => !files.includes(name))
  if (unknown !== undefined) throw new TypeError(`no micro-benchmark is called "${unknown}"`)
  const where = circumstances()
  console.log(circumstancesLine(where))
  const results = []
  for (const file of files.filter((name) => names.length === 0 || names.includes(name))) {
    say(`preparing ${file}`)
    const { micro } = (await import(join(folder, `${file}.ts`))) as { micro: Micro }
    for (const group of await micro.prepare()) {
      const entrants = await measureGroup(group, quick ? 5 : 15, quick ? 20 : 150)
      console.log(`\n${groupTable(group.name, entrants)}`)
      const cases = entrants.map(({ one, count, samples }) => ({ name: one.name, count, samples }))
      results.push({ micro: file, group: group.name, cases })
    }
  }
  console.log(`\n${writeResults('micro', where, { results })}`)
}

async function measureGroup(
  group: MicroGroup,
  rounds: number,
  roundMillis: number,
): Promise<readonly Entrant[]> {
  const entrants: Entrant[] = []
  for (const one of group.cases) {
    entrants.push({ one, count: await calibrate(one, roundMillis), samples: [] })
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const { one, count, samples } of entrants) samples.push(await sample(one, count))
  }
  return entrants
}

/** Finds how often a case fits into a round, and warms it up on the way. */
async function calibrate(one: MicroCase, roundMillis: number): Promise<number> {
  let count = 64
  for (;;) {
    const { cpuNanos } = await sample(one, count)
    const spentMillis = (cpuNanos * count) / 1e6
    if (spentMillis >= roundMillis) return count
    count = Math.ceil(count * Math.min(8, (1.2 * roundMillis) / Math.max(spentMillis, 0.001)))
  }
}

async function sample(one: MicroCase, count: number): Promise<Sample> {
  const [cpu, wall] = [process.cpuUsage(), process.hrtime.bigint()]
  await one.run(count)
  const elapsed = Number(process.hrtime.bigint() - wall)
  const { user, system } = process.cpuUsage(cpu)
  return { cpuNanos: ((user + system) * 1000) / count, wallNanos: elapsed / count }
}

function groupTable(name: string, entrants: readonly Entrant[]): string {
  const cpu = ({ samples }: Entrant) => samples.map(({ cpuNanos }) => cpuNanos)
  const first = entrants[0]
  const rows = entrants.map((entrant) => {
    const wall = spread(entrant.samples.map(({ wallNanos }) => wallNanos))
    const ratio = first === undefined ? '' : ratios(cpu(entrant), cpu(first)).median.toFixed(2)
    return [entrant.one.name, figureWithSpread(spread(cpu(entrant))), figure(wall.median), ratio]
  })
  return table([name, 'cpu ns/op', 'wall ns/op', 'ratio'], rows)
}
