// What the management API does on SQLite: credentials created, signed with RSA of 3072 bits, and pages of a list of
// 10,000 gateways. The client is a process of its own; counted is the processor time of the authority, all of its
// threads together, and the lag of its event loop.
import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import process from 'node:process'
import { openHouse, settingsFor, type House } from '../test/authority/house.ts'

const flights = [1, 8, 32]
const rounds = 5
const roundMs = 1000
const gatewayCount = 10_000

const folder = mkdtempSync(join(tmpdir(), 'warder-bench-'))
const credentials = { ...settingsFor('').credentials, algorithm: 'RS256' } as const
const house = await openHouse({ dataFolder: folder, settings: { credentials } })
const client = fork(join(import.meta.dirname, 'load/authority-child.ts'))
const gateways = `/v1/environments/${house.environmentId}/gateways`
const ids = await fill(house)
const unused = ids.map((id) => `${gateways}/${id}/credentials`)

for (const flight of flights) {
  const results: Awaited<ReturnType<typeof measure>>[] = []
  for (let round = 0; round < rounds; round += 1) {
    // As many fresh gateways as a round could use, so that none is full.
    results.push(await measure('POST', unused.splice(0, gatewayCount / 16), flight))
  }
  report({ what: 'create a credential', flight }, results)
}
for (const limit of [100, 1000]) {
  const { body } = await house.ask('GET', `${gateways}?limit=${limit}`)
  const next = body['_links']?.['next']?.['href'] ?? ''
  const results: Awaited<ReturnType<typeof measure>>[] = []
  for (let round = 0; round < rounds; round += 1) {
    results.push(await measure('GET', [next.slice(house.url.length)], 1))
  }
  report({ what: `a page of ${limit} of ${gatewayCount} gateways` }, results)
}
client.disconnect()
await house.close()
rmSync(folder, { recursive: true })

async function measure(method: string, paths: readonly string[], flight: number) {
  const { url, token } = house
  const lag = monitorEventLoopDelay({ resolution: 1 })
  lag.enable()
  const cpu = process.cpuUsage()
  const start = performance.now()
  client.send({ url, token, method, paths, flight, forMs: roundMs })
  const [tookMs]: number[][] = await once(client, 'message')
  const { user, system } = process.cpuUsage(cpu)
  lag.disable()
  const count = tookMs?.length ?? 0
  return {
    perSecond: count / ((performance.now() - start) / 1000),
    perProcessorSecond: count / ((user + system) / 1e6),
    tookMs: tookMs ?? [],
    lagMsMax: lag.max / 1e6,
    lagMsP99: lag.percentile(99) / 1e6,
  }
}

function report(of: object, results: readonly Awaited<ReturnType<typeof measure>>[]): void {
  const tookMs = results.flatMap((result) => result.tookMs).toSorted((a, b) => a - b)
  const at = (share: number) => tookMs[Math.floor(tookMs.length * share)]?.toFixed(2)
  const line = {
    ...of,
    perSecond: Math.round(middle(results.map(({ perSecond }) => perSecond))),
    perProcessorSecond: Math.round(middle(results.map((result) => result.perProcessorSecond))),
    msP50: at(0.5),
    msP99: at(0.99),
    loopLagMsP99: middle(results.map(({ lagMsP99 }) => lagMsP99)).toFixed(2),
    loopLagMsMax: Math.max(...results.map(({ lagMsMax }) => lagMsMax)).toFixed(2),
  }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

async function fill({ store, environmentId }: House): Promise<readonly string[]> {
  const at = Date.now()
  const rows = Array.from({ length: gatewayCount }, (_, index) => ({
    id: randomUUID(),
    environmentId,
    name: `gateway ${index}`,
    description: null,
    type: 'API_GATEWAY_INTEGRATION',
    enabled: 1 as const,
    createdAt: at,
    updatedAt: at,
    deletedAt: null,
    deletedRevision: null,
  }))
  for (let from = 0; from < gatewayCount; from += 500) {
    const some = rows.slice(from, from + 500)
    await store.write(({ db }) => db.insertInto('gateways').values(some).execute())
  }
  return rows.map(({ id }) => id)
}
