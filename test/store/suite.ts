import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { Conflict, StoreUnavailable, isConflictOn } from '../../src/store/errors.ts'
import { chainStart, digestOf, nextLink } from '../../src/store/hash-chain.ts'
import type { Store, WriteTransaction } from '../../src/store/store.ts'
import { verifyAudit } from '../../src/store/verify.ts'
import { addGateway, addTenant, gatewayNames } from './tenants.ts'

/** What a store has to keep, on whichever engine; `open` gives another handle on one and the same database. */
export function describeStore(name: string, open: () => Promise<Store>): void {
  describe(`the store on ${name}`, () => {
    let store: Store
    let tenant: Awaited<ReturnType<typeof addTenant>>
    const add = (gateway: string) => (tx: WriteTransaction) =>
      addGateway(tx, { ...tenant, name: gateway })
    const counters = () =>
      store.read((db) => db.selectFrom('counters').selectAll().executeTakeFirstOrThrow())
    const names = () => gatewayNames(store, tenant.environmentId)

    before(async () => {
      store = await open()
    })
    after(() => store.close())

    test('a write is there once it has resolved, with its change and its audit entry', async () => {
      tenant = await addTenant(store)
      const { id, revision } = await store.write(add('edge'))
      await store.read(async (db) => {
        const gateway = db.selectFrom('gateways').selectAll().where('id', '=', id)
        assert.equal((await gateway.executeTakeFirstOrThrow()).name, 'edge')
        const change = db.selectFrom('changes').selectAll().where('revision', '=', revision)
        const { body } = await change.executeTakeFirstOrThrow()
        assert.deepEqual(JSON.parse(body), {
          at: 1_764_000_000_000,
          gatewayId: id,
          kind: 'gateway-state',
          previous: revision - 1,
          revision,
          state: 'enabled',
        })
        const entry = db.selectFrom('audit').selectAll().where('target', '=', id)
        assert.equal((await entry.executeTakeFirstOrThrow()).revision, revision)
      })
    })

    test('times and bytes come back as the numbers and bytes that went in', async () => {
      const kid = randomUUID()
      const privateKey = new Uint8Array([0, 1, 254, 255])
      await store.write(({ db }) =>
        db
          .insertInto('signingKeys')
          .values({
            kid,
            alg: 'RS256',
            state: 'next',
            publicJwk: '{}',
            privateKey,
            keyEncryptionKey: 'k1',
            createdAt: 8_640_000_000_000_000,
            activatedAt: null,
            retiredAt: null,
            retiredRevision: null,
          })
          .execute(),
      )
      const row = await store.read((db) =>
        db.selectFrom('signingKeys').selectAll().where('kid', '=', kid).executeTakeFirstOrThrow(),
      )
      assert.equal(row.createdAt, 8_640_000_000_000_000)
      assert.deepEqual([...(row.privateKey ?? [])], [...privateKey])
    })

    test('a write that throws is undone alone, its neighbours in the same commit stay', async () => {
      const start = await counters()
      const settled = await Promise.allSettled([
        store.write(add('n1')),
        store.write(async (tx) => {
          await add('n2')(tx)
          throw new Error('changed my mind')
        }),
        store.write(add('edge')),
        store.write(add('n3')),
      ])
      assert.deepEqual(
        settled.map(({ status }) => status),
        ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
      )
      assert.deepEqual(await names(), ['edge', 'n1', 'n3'])
      const { revision, auditSequence } = await counters()
      assert.deepEqual([revision, auditSequence], [start.revision + 2, start.auditSequence + 2])
    })

    test('a broken unique constraint is a conflict that names it, and the name is free elsewhere', async () => {
      const error = await store.write(add('edge')).catch((thrown: unknown) => thrown)
      assert.ok(isConflictOn(error, 'gateways_environmentId_name_key'), String(error))
      const other = await addTenant(store)
      await store.write((tx) => addGateway(tx, { ...other, name: 'edge' }))
      assert.deepEqual(await gatewayNames(store, other.environmentId), ['edge'])
    })

    test('the name of a deleted gateway is free again', async () => {
      const { id } = await store.write(add('short-lived'))
      await store.write(({ db }) =>
        db.updateTable('gateways').set({ deletedAt: 1 }).where('id', '=', id).execute(),
      )
      await store.write(add('short-lived'))
    })

    test('a broken primary key and a missing parent are conflicts', async () => {
      const key = { clientId: randomUUID(), path: '/', key: 'k', requestHash: 'h', status: 201 }
      const insert = ({ db }: WriteTransaction) =>
        db
          .insertInto('idempotencyKeys')
          .values({ ...key, answer: '{}', expiresAt: 1 })
          .execute()
      await store.write(insert)
      const again = await store.write(insert).catch((thrown: unknown) => thrown)
      assert.ok(isConflictOn(again, 'idempotencyKeys_pkey'), String(again))
      const orphan = { ...tenant, environmentId: randomUUID(), name: 'orphan' }
      const error = await store.write((tx) => addGateway(tx, orphan)).catch((it: unknown) => it)
      assert.ok(error instanceof Conflict && error.kind === 'reference', String(error))
    })

    test('a write that swallows a conflict does not happen', async () => {
      const write = store.write(async (tx) => {
        await add('swallowed')(tx)
        await add('edge')(tx).catch(() => undefined)
      })
      await assert.rejects(write, Conflict)
      assert.ok(!(await names()).includes('swallowed'))
    })

    test('a write that does not wait for its statements does not happen', async () => {
      const write = store.write(async (tx) => {
        add('unawaited')(tx).catch(() => undefined)
      })
      await assert.rejects(write, TypeError)
      assert.ok(!(await names()).includes('unawaited'))
    })

    test('a transaction is useless once it is over', async () => {
      const kept = await store.write(async (tx) => tx)
      await assert.rejects(add('late')(kept), TypeError)
      assert.throws(() => kept.appendAudit(anEntry), TypeError)
      assert.ok(!(await names()).includes('late'))
    })

    test('an entry that the ledger cannot keep fails in the write that brings it', async () => {
      for (const entry of [
        { ...anEntry, actor: 'a\0b' },
        { ...anEntry, target: '\ud800' },
        { ...anEntry, at: Number.NaN },
      ]) {
        await assert.rejects(
          store.write(async (tx) => tx.appendAudit(entry)),
          TypeError,
        )
      }
    })

    test('writes see what the writes before them have done, so a cap holds under concurrency', async () => {
      const { environmentId, ...rest } = await addTenant(store)
      const addBelowFive = async (tx: WriteTransaction) => {
        const gateways = tx.db.selectFrom('gateways').where('environmentId', '=', environmentId)
        const { length } = await gateways.select('id').execute()
        if (length >= 5) {
          throw new RangeError('five are enough')
        }
        await addGateway(tx, { ...rest, environmentId, name: randomUUID() })
      }
      const settled = await Promise.allSettled(
        Array.from({ length: 20 }, () => store.write(addBelowFive)),
      )
      assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 5)
      assert.equal((await gatewayNames(store, environmentId)).length, 5)
    })

    test('revisions are dense and in commit order, and every newest one is told', async () => {
      const heard: number[] = []
      const stop = store.onRevision((revision) => heard.push(revision))
      const { revision: first } = await counters()
      const written = await Promise.all(
        Array.from({ length: 200 }, async () => (await store.write(add(randomUUID()))).revision),
      )
      stop()
      const wanted = Array.from({ length: 200 }, (_, index) => first + index + 1)
      assert.deepEqual(written, wanted)
      assert.deepEqual(
        heard,
        heard.toSorted((a, b) => a - b),
      )
      assert.equal(heard.at(-1), first + 200)
    })

    test('a reader that has seen a revision has seen all before it', async () => {
      const { revision: first } = await counters()
      const writes = Promise.all(Array.from({ length: 100 }, () => store.write(add(randomUUID()))))
      let seen = first
      while (seen < first + 100) {
        const known = seen
        const page = await store.read((db) =>
          db.selectFrom('changes').select('revision').where('revision', '>', known).execute(),
        )
        const revisions = page.map(({ revision }) => revision).toSorted((a, b) => a - b)
        assert.deepEqual(
          revisions,
          revisions.map((_, index) => known + index + 1),
        )
        seen += revisions.length
      }
      await writes
    })

    test('a snapshot sees one moment while writes go on', async () => {
      await store.snapshot(async (db) => {
        const revision = () => db.selectFrom('counters').select('revision').executeTakeFirst()
        const seen = await revision()
        await store.write(add(randomUUID()))
        assert.deepEqual(await revision(), seen)
      })
    })

    test('the chain of changes links each to the one before', async () => {
      const changes = await store.read((db) =>
        db.selectFrom('changes').selectAll().orderBy('revision').execute(),
      )
      let chain = chainStart
      for (const change of changes) {
        chain = nextLink(chain, digestOf(change.body))
        assert.equal(change.chain, chain)
      }
      assert.equal((await counters()).chain, chain)
    })

    test('the audit chain verifies, and its entries cannot be changed or deleted', async () => {
      const { auditSequence, auditHash } = await counters()
      const whole = { kind: 'whole', entries: auditSequence, head: auditHash }
      assert.deepEqual(await verifyAudit(store), whole)
      await assert.rejects(
        store.write(({ db }) => db.updateTable('audit').set({ actor: 'x' }).execute()),
      )
      await assert.rejects(store.write(({ db }) => db.deleteFrom('audit').execute()))
      assert.deepEqual(await verifyAudit(store), whole)
    })

    test('a closed store refuses, after finishing what it was given', async () => {
      const other = await addTenant(store)
      const write = store.write((tx) => addGateway(tx, { ...other, name: 'last' }))
      await store.close()
      await write
      await assert.rejects(store.write(add('too late')), StoreUnavailable)
      await assert.rejects(names(), StoreUnavailable)
      store = await open()
      assert.deepEqual(await gatewayNames(store, other.environmentId), ['last'])
    })
  })
}

const anEntry = {
  at: 1,
  organizationId: null,
  environmentId: null,
  actor: 'test',
  action: 'nothing',
  target: 'nothing',
  outcome: 'done',
  revision: null,
  details: {},
}
