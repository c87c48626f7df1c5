import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { outputOf } from '../launch.ts'
import { installed } from '../machine.ts'
import { callOf } from './grpc-calls.ts'
import type { LoadGenerator, LoadResult } from './load.ts'

/** h2load, one thread on the load's core: lighter than a client on Node, but all its calls carry the first token. */
export const h2load: LoadGenerator = {
  name: 'h2load',
  speaks: 'grpc',
  available: () => installed('h2load'),
  run: async ({ port, requests, seconds, connections, core, folder }) => {
    const [request] = requests
    if (!request) throw new TypeError('there is nothing to ask')
    const { headers, body } = callOf(request)
    const file = join(folder, 'h2load.body')
    writeFileSync(file, body)
    const lines = Object.entries(headers)
      .filter(([name]) => !name.startsWith(':'))
      .flatMap(([name, value]) => ['-H', `${name}: ${value}`])
    const shape = ['-t1', `-c${Math.max(1, Math.round(connections / 10))}`, '-m10', `-D${seconds}`]
    const url = `http://127.0.0.1:${port}${request.path}`
    return parseH2load(
      await outputOf(['h2load', ...shape, '-d', file, ...lines, url], { core }),
      seconds,
    )
  },
}

const duration = /^(?<value>[\d.]+)(?<unit>us|ms|s)$/
const inMs: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 }

/** Reads what h2load prints. Its client counts a call as good by the status of HTTP alone. */
export function parseH2load(output: string, seconds: number): LoadResult {
  const count = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(output)?.[1] ?? 'NaN')
  const requestTimes = /time for request:\s+(.*)/.exec(output)?.[1]?.split(/\s+/) ?? []
  const meanMs = millisecondsOf(requestTimes[2] ?? '')
  const answered = count('2xx')
  const wrong = ['3xx', '4xx', '5xx', 'failed', 'timeout'].reduce(
    (sum, word) => sum + count(word),
    0,
  )
  if (Number.isNaN(answered + wrong)) throw new Error('h2load printed no result')
  // It prints the mean and the greatest, but no quantiles.
  return { answered, wrong, seconds, p50Ms: meanMs, p99Ms: millisecondsOf(requestTimes[1] ?? '') }
}

function millisecondsOf(text: string): number {
  const { value = 'NaN', unit = 'ms' } = duration.exec(text)?.groups ?? {}
  return Number(value) * (inMs[unit] ?? 1)
}
