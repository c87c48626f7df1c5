// npm run bench -- tokens [--quick]: the token endpoint of API clients, pinned to the first core with all of its
// threads, beside bare signing with a key of the same kind on the same core, in turns. Rates are those of a second of
// processor time, which neighbours on the machine change little; what came of it by the clock stands beside.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import process from 'node:process'
import autocannon from 'autocannon'
import { canPin } from './launch.ts'
import { circumstances } from './machine.ts'
import { circumstancesLine, writeResults } from './results.ts'
import { ratios, spread } from './statistics.ts'
import { figure, figureWithSpread, table } from './table.ts'

const connections = 32

interface Round {
  readonly perSecond: number
  readonly perCpuSecond: number
  readonly bare: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Measures the endpoint with RS256 and with ES256, and prints what it reaches. */
export async function runTokens(quick: boolean, say: (text: string) => void): Promise<void> {
  const where = circumstances()
  // The load is on the other core.
  const pin: readonly string[] = ['taskset', '-acp', '1', `${process.pid}`]
  if (canPin) spawnSync(pin[0] ?? '', pin.slice(1))
  const measured = []
  for (const algorithm of ['RS256', 'ES256'] as const) {
    say(`tokens: ${algorithm}`)
    measured.push({ algorithm, rounds: await measure(algorithm, quick) })
  }
  console.log(`\n${circumstancesLine(where)}`)
  if (!canPin) console.log('taskset is not installed: nothing was pinned to a core')
  const head = [
    'tokens',
    'a cpu second',
    'bare signing',
    'share',
    'by the clock',
    'p50 ms',
    'p99 ms',
    'aim',
    'holds',
  ]
  console.log(`\n${table(head, measured.map(lineOf))}`)
  console.log(`\n${writeResults('tokens', where, { quick, connections, measured })}`)
}

function lineOf({
  algorithm,
  rounds,
}: {
  readonly algorithm: string
  readonly rounds: readonly Round[]
}) {
  const column = (name: keyof Round) => rounds.map((round) => round[name])
  const rate = spread(column('perCpuSecond'))
  const share = ratios(column('perCpuSecond'), column('bare'))
  const [aim, holds] =
    algorithm === 'RS256'
      ? ['80 % of bare', share.median >= 0.8]
      : ['5,000 a second', rate.median >= 5000]
  return [
    algorithm,
    figureWithSpread(rate),
    figureWithSpread(spread(column('bare'))),
    figureWithSpread(share),
    figure(spread(column('perSecond')).median),
    figure(spread(column('p50Ms')).median),
    figure(spread(column('p99Ms')).median),
    aim,
    holds ? 'yes' : 'NO',
  ]
}

async function measure(algorithm: string, quick: boolean): Promise<readonly Round[]> {
  const server = join(import.meta.dirname, 'servers/token-server.ts')
  const node = [process.execPath, server, algorithm]
  const [program = '', ...args] = canPin ? ['taskset', '-c', '0', ...node] : node
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const heard = async (): Promise<Heard> => {
    const [message]: Heard[] = await once(child, 'message')
    return message ?? {}
  }
  const ask = (what: string) => {
    const answer = heard()
    child.send(what)
    return answer
  }
  try {
    const { url = '', body = '' } = await heard()
    const rounds: Round[] = []
    const [count, seconds] = quick ? [3, 1] : [6, 3]
    // The first warms up.
    for (let round = 0; round < count + 1; round += 1) {
      const { bare = 0 } = await ask('bare')
      const before = await ask('used')
      const seen = await load(url, body, seconds)
      const after = await ask('used')
      const perCpuSecond = (seen.answered * 1e6) / (microsecondsOf(after) - microsecondsOf(before))
      if (round > 0) rounds.push({ ...seen, bare, perCpuSecond })
    }
    return rounds
  } finally {
    const gone = once(child, 'exit')
    child.send('end')
    await gone
  }
}

interface Heard {
  readonly url?: string
  readonly body?: string
  readonly bare?: number
  readonly used?: NodeJS.CpuUsage
}

function microsecondsOf({ used }: Heard): number {
  return (used?.user ?? 0) + (used?.system ?? 0)
}

async function load(url: string, body: string, seconds: number) {
  const headers = { 'content-type': 'application/json' }
  const asked = { url, method: 'POST', headers, body, connections, duration: seconds } as const
  const { non2xx, errors, requests, duration, latency } = await autocannon(asked)
  if (non2xx + errors > 0) throw new Error(`${non2xx + errors} answers were no tokens`)
  const answered = requests.total
  return { answered, perSecond: answered / duration, p50Ms: latency.p50, p99Ms: latency.p99 }
}
