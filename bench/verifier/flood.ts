// What forged tokens cost those who ask with real ones.

import { join } from 'node:path'
import process from 'node:process'
import { outputOf } from '../launch.ts'
import { makeMaterial, writeRevoked } from '../material.ts'
import type { Row } from '../rows.ts'
import { spread } from '../statistics.ts'
import { startAlone } from '../targets/warder.ts'

const child = join(import.meta.dirname, '../load/flood-child.ts')
const askedPerSecond = 1000
const forgedPerSecond = 5000
const reach = 3

interface Seen {
  readonly made: number
  readonly wrong: number
  readonly p99Ms: number
}

/** The latency of live credentials beside forged ones, against that without; turn about. */
export const flood: Row = {
  name: 'flood',
  about: `${forgedPerSecond} forged tokens a second beside ${askedPerSecond} questions with live ones`,
  async run({ folder, quick, say }) {
    const material = await makeMaterial(folder, { algorithm: 'RS256-3072', expires: false }, 1)
    const list = writeRevoked(folder, 100_000)
    const server = await startAlone({ folder, core: 0, material, revoked: () => list })
    const [token = ''] = material.tokens
    const seconds = quick ? 2 : 5
    const ask = async (forged: number) => {
      const words = [server.port, token, askedPerSecond, forged, seconds].map(String)
      return JSON.parse(await outputOf([process.execPath, child, ...words], { core: 1 })) as Seen
    }
    const quiet: Seen[] = []
    const flooded: Seen[] = []
    try {
      await ask(0)
      for (let round = 0; round < (quick ? 3 : 7); round += 1) {
        const [one, other] = [await ask(0), await ask(forgedPerSecond)]
        quiet.push(one)
        flooded.push(other)
        say(
          `p99 ${one.p99Ms.toFixed(2)} ms, with ${other.made} forged ${other.p99Ms.toFixed(2)} ms`,
        )
      }
    } finally {
      await server.close()
    }
    const p99 = (all: readonly Seen[]) => spread(all.map(({ p99Ms }) => p99Ms)).median
    const times = p99(flooded) / p99(quiet)
    const lost = [...quiet, ...flooded].reduce((sum, { wrong }) => sum + wrong, 0)
    return [
      {
        what: `p99 of live credentials, ${p99(quiet).toFixed(2)} ms without forged ones`,
        reached: `${p99(flooded).toFixed(2)} ms, ${times.toFixed(1)} times`,
        aim: `≤ ${reach} times`,
        holds: times <= reach,
      },
      { what: 'live credentials not allowed', reached: `${lost}`, aim: '0', holds: lost === 0 },
    ]
  },
}
