// What forged tokens cost those who ask with real ones.

import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { outputOf } from '../launch.ts'
import { startAsking } from '../load/asking.ts'
import { makeMaterial, writeRevoked } from '../material.ts'
import { quantile, type Row } from '../rows.ts'
import { spread } from '../statistics.ts'
import { startAlone } from '../targets/warder.ts'

const child = join(import.meta.dirname, '../load/forged-child.ts')
const askedPerSecond = 1000
const forgedPerSecond = 5000
const reach = 3

/** The latency of live credentials beside forged ones, against that without; turn about. */
export const flood: Row = {
  name: 'flood',
  about: `${forgedPerSecond} forged tokens a second beside ${askedPerSecond} questions with live ones`,
  async run({ folder, quick, say }) {
    const material = await makeMaterial(folder, { algorithm: 'RS256-3072', expires: false }, 1)
    const list = writeRevoked(folder, 100_000)
    const server = await startAlone({ folder, core: 0, material, revoked: () => list })
    const [token = ''] = material.tokens
    const asking = startAsking([server.port], askedPerSecond)
    const seconds = quick ? 2 : 5
    const times = { quiet: [] as number[], flooded: [] as number[] }
    const wrong: number[] = []
    try {
      asking.use(token)
      await delay(2000)
      for (let round = 0; round < (quick ? 3 : 7); round += 1) {
        asking.use(token)
        await delay(seconds * 1000)
        const quiet = asking.asked()
        asking.use(token)
        const order = [child, `${server.port}`, token, `${forgedPerSecond}`, `${seconds}`]
        const made = Number(await outputOf([process.execPath, ...order], { core: 1 }))
        const flooded = asking.asked()
        times.quiet.push(p99(quiet))
        times.flooded.push(p99(flooded))
        wrong.push([...quiet, ...flooded].filter(({ status }) => status !== 200).length)
        say(
          `${made} forged, p99 ${times.quiet.at(-1)?.toFixed(2)} and ${times.flooded.at(-1)?.toFixed(2)} ms`,
        )
      }
    } finally {
      asking.close()
      await server.close()
    }
    const [quiet, flooded] = [spread(times.quiet).median, spread(times.flooded).median]
    const answered = `p99 of live credentials, ${quiet.toFixed(2)} ms without forged ones`
    const lost = wrong.reduce((sum, count) => sum + count, 0)
    return [
      {
        what: answered,
        reached: `${flooded.toFixed(2)} ms, ${(flooded / quiet).toFixed(1)} times`,
        aim: `≤ ${reach} times`,
        holds: flooded <= reach * quiet,
      },
      { what: 'live credentials not allowed', reached: `${lost}`, aim: '0', holds: lost === 0 },
    ]
  },
}

interface Took {
  readonly sentAt: number
  readonly answeredAt: number
}

const p99 = (asked: readonly Took[]) =>
  quantile(
    asked.map(({ sentAt, answeredAt }) => answeredAt - sentAt),
    0.99,
  )
