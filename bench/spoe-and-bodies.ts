// What a decision costs over SPOE and over the sideband API, beside a hook of nginx on the same verifier. One worker on
// the first core, the load on the second; processor time of the verifier, rounds in turns.
//
//   node bench/spoe-and-bodies.ts [ROUNDS] [SECONDS]

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { freePort, launchServer, outputOf } from './launch.ts'
import { audience, issuer, makeMaterial } from './material.ts'
import { hookRequest, wireText } from './requests.ts'
import { treeUse } from './process-time.ts'
import { sidebandBytes, spoeHello, spoeNotify } from './questions.ts'
import { spread } from './statistics.ts'
import { figure, figureWithSpread, table } from './table.ts'

interface Load {
  readonly name: string
  readonly port: number
  readonly framing: 'spoe' | 'http'
  readonly greeting: Buffer
  readonly question: Buffer
  readonly connections: number
  readonly depth: number
}

const rounds = Number(process.argv[2] ?? 5)
const seconds = Number(process.argv[3] ?? 2)
const folder = mkdtempSync(join(tmpdir(), 'warder-bench-'))
const material = await makeMaterial(folder, { algorithm: 'RS256-3072', expires: false }, 1)
const [token = ''] = material.tokens
const environment = environmentOf(token)
const [http, spoe, ops] = [await freePort(), await freePort(), await freePort()]
const config = join(folder, 'warder.yaml')
writeFileSync(config, JSON.stringify({ trust: [{ issuer, jwks: material.jwks, audience }] }))
const start = join(import.meta.dirname, '../src/start.js')
const server = await launchServer([process.execPath, start, 'verifier', '--config', config], http, {
  core: 0,
  cwd: folder,
  env: {
    WARDER_LISTEN_HTTP: `127.0.0.1:${http}`,
    WARDER_LISTEN_SPOE: `127.0.0.1:${spoe}`,
    WARDER_LISTEN_OPS: `127.0.0.1:${ops}`,
    WARDER_LISTEN_GRPC: 'off',
    WARDER_WORKERS: '1',
  },
})
if (server.kind !== 'running') throw new Error(server.reason)

const none = Buffer.alloc(0)
const spoeLoad = {
  framing: 'spoe',
  port: spoe,
  greeting: spoeHello(),
  question: spoeNotify(token),
} as const
const httpLoad = { framing: 'http', port: http, greeting: none, depth: 1, connections: 32 } as const
const hook = Buffer.from(wireText(hookRequest(token), 'warder'))
const loads: readonly Load[] = [
  { name: 'hook of nginx', question: hook, ...httpLoad },
  { name: 'SPOE, 4 × 64 pipelined', ...spoeLoad, connections: 4, depth: 64 },
  { name: 'SPOE, 32 × 1', ...spoeLoad, connections: 32, depth: 1 },
  { name: 'sideband, 1 KiB', question: sidebandBytes(token, environment, 1024), ...httpLoad },
]
const files = loads.map(({ greeting, question }, index) => {
  const file = join(folder, `load-${index}.json`)
  const [one, other] = [greeting, question].map((bytes) => bytes.toString('base64'))
  writeFileSync(file, JSON.stringify({ greeting: one, question: other }))
  return file
})
const child = join(import.meta.dirname, 'load/bytes-child.ts')
const samples = loads.map(() => ({ micros: [] as number[], rates: [] as number[] }))
for (let round = -1; round < rounds; round += 1) {
  for (const [index, { port, framing, connections, depth }] of loads.entries()) {
    const before = treeUse(server.pid)
    const args = [port, files[index] ?? '', framing, connections, depth, seconds].map(String)
    const answers = Number(await outputOf([process.execPath, child, ...args], { core: 1 }))
    const after = treeUse(server.pid)
    const spent = after.userMs + after.systemMs - before.userMs - before.systemMs
    if (round < 0) continue
    samples[index]?.micros.push((spent * 1000) / answers)
    samples[index]?.rates.push(answers / seconds)
  }
}
const rows = loads.map(({ name }, index) => {
  const { micros = [], rates = [] } = samples[index] ?? {}
  const micro = spread(micros)
  return [name, figureWithSpread(micro), figure(1e6 / micro.median), figure(spread(rates).median)]
})
console.log(table(['door', 'cpu µs/decision', 'a core’s worth/s', 'seen/s'], rows))
await server.close()
rmSync(folder, { recursive: true })

function environmentOf(credential: string): string {
  const payload = Buffer.from(credential.split('.')[1] ?? '', 'base64url').toString()
  return (JSON.parse(payload) as { environmentId: string }).environmentId
}
