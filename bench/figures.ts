// node bench/figures.ts RESULT.json: keeps the ratios of a run in bench/figures.json, from which README.md is made.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

interface Result {
  readonly date: string
  readonly machine: { readonly cpu: string; readonly cores: number }
  readonly options: {
    readonly quick: boolean
    readonly rounds: number
    readonly seconds: number
    readonly load?: string
  }
  readonly compared: readonly {
    readonly target: string
    readonly against: string
    readonly load: string
    readonly ratio: { readonly median: number; readonly min: number; readonly max: number }
  }[]
}

/** How the run was asked for. */
function wordsOf({ quick, rounds, seconds, load }: Result['options']): string {
  const shape = quick ? '--quick' : `--rounds ${rounds} --seconds ${seconds}`
  return load === undefined ? shape : `${shape} --load ${load}`
}

const [, , path] = process.argv
if (path === undefined) throw new TypeError('name a result of npm run bench')
const { date, machine, options, compared }: Result = JSON.parse(readFileSync(path, 'utf8'))
const figures = {
  date: date.slice(0, 10),
  machine: `${machine.cores} shared cores (${machine.cpu.replaceAll(/\((R|TM)\)/g, '')})`,
  run: `npm run bench -- ${wordsOf(options)}`,
  // Where both loads ran, the lighter one is asked: with it the server is the one that is busy.
  ratios: compared
    .filter(({ load }) => load === 'wrk' || compared.every((other) => other.load !== 'wrk'))
    .map(({ target, against, ratio: { median, min, max } }) => ({
      target,
      against,
      median,
      min,
      max,
    })),
}
writeFileSync(
  join(import.meta.dirname, 'figures.json'),
  `${JSON.stringify(figures, undefined, 2)}\n`,
)
