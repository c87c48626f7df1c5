import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { outputOf } from '../launch.ts'
import { installed } from '../machine.ts'
import { wireText } from '../requests.ts'
import type { LoadGenerator, LoadResult } from './load.ts'

interface Seen {
  readonly completed: number
  readonly status: number
  readonly broken: number
  readonly micros: number
  readonly p50Micros: number
  readonly p99Micros: number
}

const script = join(import.meta.dirname, 'wrk.lua')
const recordSeparator = '\u001E'

/** wrk, one thread on the load's core. */
export const wrkLoad: LoadGenerator = {
  name: 'wrk',
  speaks: 'http',
  available: () => installed('wrk'),
  run: async ({ port, requests, seconds, connections, core, folder }) => {
    const host = `127.0.0.1:${port}`
    const file = join(folder, 'wrk.requests')
    writeFileSync(file, requests.map((one) => wireText(one, host)).join(recordSeparator))
    const shape = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script]
    return parseWrk(await outputOf(['wrk', ...shape, `http://${host}`, '--', file], { core }))
  },
}

/** Reads the line that wrk.lua prints at the end. */
export function parseWrk(output: string): LoadResult {
  const line = output.split('\n').findLast((text) => text.startsWith('{'))
  if (line === undefined) throw new Error('wrk printed no result')
  const seen = JSON.parse(line) as Seen
  return {
    answered: seen.completed - seen.status,
    wrong: seen.status + seen.broken,
    seconds: seen.micros / 1e6,
    p50Ms: seen.p50Micros / 1000,
    p99Ms: seen.p99Micros / 1000,
  }
}
