// Full load for as long as it takes to see memory grow, while ids are revoked and forged tokens come.

import { randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { autocannonLoad } from '../load/autocannon.ts'
import { wrkLoad } from '../load/wrk.ts'
import { makeMaterial, writeRevoked } from '../material.ts'
import { treeUse } from '../process-time.ts'
import { hookRequest } from '../requests.ts'
import type { Row } from '../rows.ts'
import { spread } from '../statistics.ts'
import { startAlone } from '../targets/warder.ts'

const tokens = 2000
const forged = 20_000
const stepSeconds = 10
const growthMax = 0.05

/** Resident memory of a verifier under full load: of the last quarter against that of the second. */
export const soak: Row = {
  name: 'soak',
  about: 'ten minutes of full load, ids revoked and forged tokens presented all the while',
  async run({ folder, quick, say }) {
    const material = await makeMaterial(folder, { algorithm: 'RS256-3072', expires: false }, tokens)
    const list = writeRevoked(folder, 100_000)
    const server = await startAlone({ folder, core: 0, material, revoked: () => list })
    const load = wrkLoad.available() ? wrkLoad : autocannonLoad
    const sizes: number[] = []
    const steps = (quick ? 60 : 600) / stepSeconds
    let allowed = 0
    try {
      for (let step = 0; step < steps; step += 1) {
        // An id more is another standing for every thread; wrong answers are those to forged tokens.
        appendFileSync(list, `${randomUUID()}\n`)
        const requests = [...material.tokens, ...forgedOf(material.tokens, step)].map(hookRequest)
        const shape = { seconds: stepSeconds, connections: 64, core: 1, folder }
        const { answered } = await load.run({ ...shape, port: server.port, requests })
        if (answered === 0) throw new Error('no live credential was allowed')
        allowed += answered
        sizes.push(treeUse(server.pid).rssBytes)
        say(`${(step + 1) * stepSeconds} s: ${megabytes(sizes.at(-1) ?? 0)}`)
      }
    } finally {
      await server.close()
    }
    const quarter = Math.floor(steps / 4)
    const early = spread(sizes.slice(quarter, 2 * quarter)).median
    const late = spread(sizes.slice(-quarter)).median
    const what = `memory after ${steps * stepSeconds} s and ${allowed.toLocaleString('en')} allowed requests`
    return [
      {
        what,
        reached: `${megabytes(late)}, ${megabytes(early)} in the second quarter`,
        aim: `≤ ${growthMax * 100} % more`,
        holds: late <= early * (1 + growthMax),
      },
    ]
  },
}

/** Some of them again, each with a signature that is none; others in every step. */
function forgedOf(live: readonly string[], step: number): readonly string[] {
  return Array.from({ length: forged / 10 }, (_, index) => {
    const token = live[index % live.length] ?? ''
    const mark = `${step}x${index}`.padEnd(12, 'x')
    return `${token.slice(0, -mark.length - 1)}${mark}A`
  })
}

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`
