import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, test } from 'node:test'
import { StoreRefused, StoreUnavailable } from '../../src/store/errors.ts'
import { openStore } from '../../src/store/open.ts'
import { verifyAudit } from '../../src/store/verify.ts'
import { describeStore } from './suite.ts'
import { addGateway, addTenant, gatewayNames } from './tenants.ts'

const folder = mkdtempSync(join(tmpdir(), 'warder-store-'))
const fresh = () => join(folder, randomUUID(), 'warder.db')
after(() => rmSync(folder, { recursive: true }))

const shared = fresh()
describeStore('SQLite', () => openStore({ url: `sqlite:${shared}` }))

describe('the store on SQLite alone', () => {
  test('everything acknowledged is there after kill -9, and nothing half-made', async () => {
    const url = `sqlite:${fresh()}`
    for (const acknowledgedMin of [1, 50, 200]) {
      const acknowledged = await writeUntilKilled(url, acknowledgedMin)
      const store = await openStore({ url })
      const rows = await store.read((db) => db.selectFrom('gateways').select('name').execute())
      const stored = new Set(rows.map(({ name }) => name))
      assert.deepEqual(
        acknowledged.filter((name) => !stored.has(name)),
        [],
      )
      const { revision } = await store.read((db) =>
        db.selectFrom('counters').select('revision').executeTakeFirstOrThrow(),
      )
      const verdict = await verifyAudit(store)
      assert.equal(verdict.kind === 'whole' && verdict.entries, revision)
      assert.equal(stored.size, revision)
      await store.close()
    }
  })

  test('the log is carried over into the database when it is long, and only then', async () => {
    const path = fresh()
    const store = await openStore({ url: `sqlite:${path}` })
    const tenant = await addTenant(store)
    const add = () => store.write((tx) => addGateway(tx, { ...tenant, name: randomUUID() }))
    const carriedOverAt = () => statSync(path).mtimeMs
    const carriedOver = new Set([carriedOverAt()])
    let commits = 0
    while (carriedOver.size < 4) {
      await Promise.all(Array.from({ length: 30 }, add))
      carriedOver.add(carriedOverAt())
      commits++
      assert.ok(commits < 400, 'nothing is carried over')
    }
    assert.ok(commits > 30, `${commits} commits`)
    assert.ok(statSync(`${path}-wal`).size < 2 * 4_096_000)
    await store.close()
  })

  test('a full disk refuses writes with nothing changed, reads go on, and so do writes once there is room', async () => {
    const path = fresh()
    const full = await openStore({ url: `sqlite:${path}`, maxBytes: 600_000 })
    const tenant = await addTenant(full)
    const add = () => full.write((tx) => addGateway(tx, { ...tenant, name: randomUUID() }))
    const settled: PromiseSettledResult<unknown>[] = []
    while (settled.every(({ status }) => status === 'fulfilled')) {
      settled.push(...(await Promise.allSettled(Array.from({ length: 30 }, add))))
    }
    // SQLite may undo the whole batch of the write that found no room: its neighbours are told the same cause.
    const reasons = settled
      .filter((it) => it.status === 'rejected')
      .map(({ reason }) => (reason instanceof StoreUnavailable ? reason.reason : String(reason)))
    assert.deepEqual([...new Set(reasons)], ['full'])
    const done = settled.filter(({ status }) => status === 'fulfilled').length
    assert.equal((await gatewayNames(full, tenant.environmentId)).length, done)
    const verdict = await verifyAudit(full)
    assert.equal(verdict.kind === 'whole' && verdict.entries, done)
    await full.close()

    const roomy = await openStore({ url: `sqlite:${path}` })
    await roomy.write((tx) => addGateway(tx, { ...tenant, name: 'after' }))
    assert.equal((await gatewayNames(roomy, tenant.environmentId)).length, done + 1)
    await roomy.close()
  })

  test('a disk that fails in the middle of a commit changes nothing, and reads go on', async () => {
    const url = `sqlite:${fresh()}`
    const script = join(import.meta.dirname, 'limited-writer.ts')
    const limited = `ulimit -f 2000; exec "$0" "$1" "$2"`
    const child = spawnSync('sh', ['-c', limited, process.execPath, script, url])
    const seen: Record<string, unknown> = JSON.parse(child.stdout.toString())
    assert.equal(seen['reason'], 'io')
    assert.ok(Number(seen['acknowledged']) > 10)
    assert.equal(seen['read'], seen['acknowledged'])
    const store = await openStore({ url })
    const verdict = await verifyAudit(store)
    assert.equal(verdict.kind === 'whole' && verdict.entries, seen['acknowledged'])
    await store.close()
  })

  test('a database newer than the program is refused in one line', async () => {
    const path = fresh()
    await (await openStore({ url: `sqlite:${path}` })).close()
    const db = new DatabaseSync(path)
    db.exec(`insert into migrations values (999, 'from the future')`)
    db.close()
    await assert.rejects(openStore({ url: `sqlite:${path}` }), (error: unknown) => {
      assert.ok(error instanceof StoreRefused)
      assert.match(error.message, /^the database has schema 999 .*$/)
      return true
    })
  })

  test('a second opener is refused while the first holds the database', async () => {
    const url = `sqlite:${fresh()}`
    const store = await openStore({ url })
    await assert.rejects(openStore({ url }), StoreRefused)
    await store.close()
    await (await openStore({ url })).close()
  })

  test('what is not an address of a database is refused without being repeated', async () => {
    for (const url of ['', 'sqlite:', 'mysql://user:hunter2@host/db']) {
      await assert.rejects(openStore({ url }), (error: unknown) => {
        assert.ok(error instanceof StoreRefused && !error.message.includes('hunter2'))
        return true
      })
    }
  })

  test('nobody else may read the files', async () => {
    const path = fresh()
    const store = await openStore({ url: `sqlite:${path}` })
    await addTenant(store)
    await store.backup(`${path}-backup`)
    const files = readdirSync(join(path, '..'))
    assert.ok(files.length >= 5, files.join(' '))
    for (const file of files) {
      assert.equal(statSync(join(path, '..', file)).mode & 0o077, 0, file)
    }
    await store.close()
  })

  test('a backup taken while writes go on is whole, and never overwrites', async () => {
    const path = fresh()
    const store = await openStore({ url: `sqlite:${path}` })
    const tenant = await addTenant(store)
    const add = () => store.write((tx) => addGateway(tx, { ...tenant, name: randomUUID() }))
    await Promise.all(Array.from({ length: 50 }, add))
    const writes = Promise.all(Array.from({ length: 200 }, add))
    await store.backup(`${path}-copy`)
    await writes
    await assert.rejects(store.backup(`${path}-copy`), StoreRefused)
    await store.close()

    const copy = await openStore({ url: `sqlite:${path}-copy` })
    const { length } = await gatewayNames(copy, tenant.environmentId)
    assert.ok(length >= 50 && length <= 250, String(length))
    const verdict = await verifyAudit(copy)
    assert.equal(verdict.kind === 'whole' && verdict.entries, length)
    await copy.close()
  })

  test('an audit entry that was altered, cut out or cut off shows', async () => {
    for (const [tamper, at] of [
      [`update audit set details = '{"name":"other"}' where sequence = 3`, 3],
      [`update audit set "organizationId" = null where sequence = 2`, 2],
      [`update audit set revision = 7 where sequence = 2`, 2],
      [`update audit set details = details || ' ' where sequence = 1`, 1],
      [`delete from audit where sequence = 4`, 4],
      [`delete from audit where sequence = 5`, 5],
      [`delete from audit where sequence = 5; update counters set "auditSequence" = 4`, 4],
    ] as const) {
      const path = fresh()
      const before = await openStore({ url: `sqlite:${path}` })
      const tenant = await addTenant(before)
      for (const name of ['a', 'b', 'c', 'd', 'e']) {
        await before.write((tx) => addGateway(tx, { ...tenant, name }))
      }
      await before.close()
      const db = new DatabaseSync(path)
      db.exec('drop trigger audit_no_update; drop trigger audit_no_delete')
      db.exec(tamper)
      db.close()
      const store = await openStore({ url: `sqlite:${path}` })
      assert.deepEqual(await verifyAudit(store), { kind: 'broken', at }, tamper)
      await store.close()
    }
  })
})

async function writeUntilKilled(url: string, acknowledgedMin: number): Promise<string[]> {
  const script = join(import.meta.dirname, 'killed-writer.ts')
  const child = spawn(process.execPath, [script, url], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    output += text
    if (output.split('\n').length > acknowledgedMin) {
      child.kill('SIGKILL')
    }
  })
  const [, signal] = await once(child, 'close')
  assert.equal(signal, 'SIGKILL')
  return output.split('\n').slice(0, -1)
}
