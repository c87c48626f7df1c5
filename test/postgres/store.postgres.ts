import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { after, describe, test } from 'node:test'
import { StoreRefused, StoreUnavailable } from '../../src/store/errors.ts'
import { migrateStore, openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { verifyAudit } from '../../src/store/verify.ts'
import { describeStore } from '../store/suite.ts'
import { addGateway, addTenant, gatewayNames } from '../store/tenants.ts'
import { startCuttingProxy } from './cutting-proxy.ts'
import { execute, startPostgres } from './server.ts'
import type { PostgresServer } from './server.ts'

const server = await startPostgres()
if ('missing' in server) {
  test('the store on Postgres', { skip: `not run: ${server.missing}` }, () => undefined)
} else {
  describe('Postgres', () => describePostgres(server))
}

function describePostgres(postgres: PostgresServer): void {
  after(() => postgres.stop())
  const migrated = async () => {
    const url = await postgres.newDatabase()
    await migrateStore(url)
    return url
  }

  const shared = migrated()
  describeStore('Postgres', async () => openStore({ url: await shared }))

  test('a database that is not migrated is refused in one line, and several may migrate it at once', async () => {
    const url = await postgres.newDatabase()
    await assert.rejects(openStore({ url }), (error: unknown) => {
      assert.ok(error instanceof StoreRefused)
      assert.match(error.message, /^the database has schema 0 .*warder authority migrate$/)
      return true
    })
    await Promise.all([migrateStore(url), migrateStore(url), migrateStore(url)])
    await (await openStore({ url })).close()
  })

  test('a database newer than the program is refused, to open and to migrate', async () => {
    const url = await migrated()
    await execute(url, `insert into migrations values (999, 'from the future')`)
    await assert.rejects(openStore({ url }), StoreRefused)
    await assert.rejects(migrateStore(url), StoreRefused)
  })

  test('two authorities give dense revisions, one audit chain, and hear of each other', async () => {
    const url = await migrated()
    // No poll comes in time: what is heard has been told.
    const [one, two] = await Promise.all([
      openStore({ url, pollMs: 600_000 }),
      openStore({ url, pollMs: 600_000 }),
    ])
    const tenant = await addTenant(one)
    const add = async (store: Store) =>
      (await store.write((tx) => addGateway(tx, { ...tenant, name: randomUUID() }))).revision
    const all = heard(two, 200)
    const revisions = await Promise.all(
      Array.from({ length: 200 }, (_, index) => add(index % 2 === 0 ? one : two)),
    )
    assert.deepEqual(
      revisions.toSorted((a, b) => a - b),
      revisions.map((_, index) => index + 1),
    )
    await all
    const next = heard(two, 201)
    await add(one)
    await next
    const verdict = await verifyAudit(two)
    assert.equal(verdict.kind === 'whole' && verdict.entries, 201)
    await Promise.all([one.close(), two.close()])
  })

  test('a poll hears what no notification told', async () => {
    const url = await migrated()
    const store = await openStore({ url, pollMs: 20 })
    const polled = heard(store, 7)
    await execute(url, 'update counters set revision = 7')
    await polled
    await store.close()
  })

  test('a connection that ends in the middle of a write undoes it, and the next write goes on', async () => {
    const url = await migrated()
    const store = await openStore({ url })
    const tenant = await addTenant(store)
    const write = store.write(async (tx) => {
      await addGateway(tx, { ...tenant, name: 'cut' })
      await execute(
        url,
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()`,
      )
      await addGateway(tx, { ...tenant, name: 'after the cut' })
    })
    await assert.rejects(write, (error: unknown) => {
      assert.ok(error instanceof StoreUnavailable && error.outcome === 'unchanged', String(error))
      return true
    })
    await store.write((tx) => addGateway(tx, { ...tenant, name: 'next' }))
    assert.deepEqual(await gatewayNames(store, tenant.environmentId), ['next'])
    await store.close()
  })

  test('a commit whose answer is lost is answered by what became of it', async () => {
    const proxy = await startCuttingProxy(await migrated())
    const store = await openStore({ url: proxy.url })
    const tenant = await addTenant(store)
    const add = (name: string) => store.write((tx) => addGateway(tx, { ...tenant, name }))
    proxy.cut = 'after-commit'
    await add('committed')
    proxy.cut = 'before-commit'
    await assert.rejects(add('aborted'), (error: unknown) => {
      assert.ok(error instanceof StoreUnavailable && error.outcome === 'unchanged', String(error))
      return true
    })
    proxy.cut = 'never'
    assert.deepEqual(await gatewayNames(store, tenant.environmentId), ['committed'])
    proxy.close()
    await assert.rejects(add('nobody there'), StoreUnavailable)
    await assert.rejects(gatewayNames(store, tenant.environmentId), StoreUnavailable)
    await store.close()
  })
}

function heard(store: Store, wanted: number): Promise<unknown> {
  const target = new EventTarget()
  const stop = store.onRevision((revision) => {
    if (revision >= wanted) {
      stop()
      target.dispatchEvent(new Event('heard'))
    }
  })
  return once(target, 'heard')
}
