// How much of what bare node:sqlite commits allow is left of group commit: the same rows, in turns in one run.
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { openStore } from '../src/store/open.ts'
import { addGateway, addTenant, gatewayNames } from '../test/store/tenants.ts'

const rounds = 9
const roundMs = 400
const flights = [1, 8, 64]

const folder = mkdtempSync(join(tmpdir(), 'warder-bench-'))
const barePath = join(folder, 'bare.db')
const bareTenant = await seed(barePath)
const store = await openStore({ url: `sqlite:${join(folder, 'store.db')}` })
const tenant = await addTenant(store)
const bareCommit = bareCommits(barePath)

for (const flight of flights) {
  const results: { bare: number; stored: number; ratio: number }[] = []
  const lagMs: number[] = []
  const readMs: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const bare = bareRound()
    // The bare round held the event loop; that is not the store's.
    await pause(5)
    const lag = monitorEventLoopDelay({ resolution: 1 })
    lag.enable()
    const stored = await storedRound(flight, readMs)
    lag.disable()
    lagMs.push(lag.max / 1e6)
    results.push({ bare, stored, ratio: stored / bare })
  }
  const middle = results.toSorted((a, b) => a.ratio - b.ratio)[Math.floor(rounds / 2)]
  const reads = readMs.toSorted((a, b) => a - b)
  process.stdout.write(
    `${JSON.stringify({
      flight,
      barePerSecond: Math.round(middle?.bare ?? 0),
      storePerSecond: Math.round(middle?.stored ?? 0),
      ratio: middle?.ratio.toFixed(2),
      readMsP50: reads[Math.floor(reads.length / 2)]?.toFixed(2),
      readMsP99: reads[Math.floor(reads.length * 0.99)]?.toFixed(2),
      loopLagMsMax: Math.max(...lagMs).toFixed(2),
    })}\n`,
  )
}
await store.close()
rmSync(folder, { recursive: true })

async function seed(path: string) {
  const seeded = await openStore({ url: `sqlite:${path}` })
  const ids = await addTenant(seeded)
  await seeded.close()
  return ids
}

function bareRound(): number {
  const start = performance.now()
  let commits = 0
  while (performance.now() < start + roundMs) {
    bareCommit()
    commits += 1
  }
  return (commits / (performance.now() - start)) * 1000
}

async function storedRound(flight: number, readMs: number[]): Promise<number> {
  const start = performance.now()
  const going = () => performance.now() < start + roundMs
  let writes = 0
  const lane = async () => {
    while (going()) {
      await store.write((tx) => addGateway(tx, { ...tenant, name: randomUUID() }))
      writes += 1
    }
  }
  const reading = async () => {
    while (going()) {
      const asked = performance.now()
      await gatewayNames(store, randomUUID())
      readMs.push(performance.now() - asked)
      await pause(10)
    }
  }
  await Promise.all([reading(), ...Array.from({ length: flight }, lane)])
  return (writes / (performance.now() - start)) * 1000
}

function bareCommits(path: string): () => void {
  const { organizationId, environmentId } = bareTenant
  const db = new DatabaseSync(path)
  db.exec('pragma synchronous = full')
  const gateway = db.prepare(
    `insert into gateways values (?, ?, ?, null, 'A', 1, 1, 1, null, null)`,
  )
  const change = db.prepare('insert into changes values (?, ?, ?, ?, ?, ?, ?)')
  const entry = db.prepare('insert into audit values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const counters = db.prepare(
    'update counters set revision = ?, chain = ?, "auditSequence" = ?, "auditHash" = ?',
  )
  const link = 'h'.repeat(43)
  const body = 'x'.repeat(150)
  let revision = 0
  return () => {
    revision += 1
    const id = randomUUID()
    const who = [organizationId, environmentId] as const
    db.exec('begin immediate')
    gateway.run(id, environmentId, id)
    change.run(revision, 'gateway-state', ...who, 1, body, link)
    entry.run(revision, 1, ...who, 'test', 'add', id, 'done', revision, body.slice(60), link, link)
    counters.run(revision, link, revision, link)
    db.exec('commit')
  }
}
