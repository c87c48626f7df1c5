import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import { readStandingFacts, revokedPages } from '../../src/authority/snapshot.ts'
import { systemClock } from '../../src/system/clock.ts'
import { addApiCredential, withHouse } from './api-clients.ts'
import { addEnvironment, addGateway, embedded, type House } from './house.ts'
import { addOrganization } from './organizations.ts'

const bounded = (house: House, environmentId: string) =>
  house.store.snapshot(async (db) => {
    const { facts } = await readStandingFacts(db, systemClock, [environmentId])
    const ids: string[] = []
    for await (const page of revokedPages(db, [environmentId])) ids.push(...page.ids.split(','))
    return { ...facts, ids }
  })

/** A gateway that is disabled, one that is deleted, and the id of a credential that is revoked. */
async function endsIn(house: House, environmentId: string) {
  const place = { ...house, environmentId }
  const name = 'off'
  const disabled = await addGateway(place, { name })
  const body = { name, type: 'API_GATEWAY_INTEGRATION', enabled: false }
  assert.equal((await house.ask('PUT', disabled.path, { body })).status, 200)
  const deleted = await addGateway(place)
  assert.equal((await house.ask('DELETE', deleted.path)).status, 204)
  const live = await addGateway(place, { createCredential: true })
  const revoked = String(embedded(live.answered.body, 'credentials')[0]?.['id'])
  assert.equal((await house.ask('DELETE', `${live.path}/credentials/${revoked}`)).status, 204)
  const gateways = [
    { id: String(disabled.answered.body['id']), state: 'disabled' },
    { id: String(deleted.answered.body['id']), state: 'deleted' },
  ]
  return { revoked, gateways: gateways.toSorted((a, b) => (a.id < b.id ? -1 : 1)) }
}

describe('a snapshot for some environments', () => {
  test('names the clients whose tokens have ended in their organization, and in no other', async () => {
    await withHouse(async (house) => {
      const { path, clientId } = await addApiCredential(house)
      await house.ask('POST', `${path}/rotate`, { body: { revokeTokens: true } })
      const other = await addOrganization(house)
      const clientsFor = (environmentId: string) =>
        house.store.snapshot(async (db) => {
          const { facts } = await readStandingFacts(db, systemClock, [environmentId])
          return facts.clients.map(({ id }) => id)
        })
      assert.deepEqual(await clientsFor(house.environmentId), [clientId])
      assert.deepEqual(await clientsFor(other.environmentId), [])
    })
  })

  test('names what has ended in them, and nothing of any other', async () => {
    await withHouse(async (house) => {
      const other = await addEnvironment(house)
      for (const environmentId of [house.environmentId, other]) {
        const { revoked, gateways } = await endsIn(house, environmentId)
        const facts = await bounded(house, environmentId)
        assert.deepEqual([facts.gateways, facts.ids], [gateways, [revoked]])
      }
    })
  })

  test('names clients that are deleted, tokens that were ended and the audience of their organization alone', async () => {
    await withHouse(async (house) => {
      await addApiCredential(house)
      const { path, clientId, audience } = await addApiCredential(house)
      assert.equal((await house.ask('DELETE', path)).status, 204)
      const other = await addOrganization(house)
      await house.store.write(async ({ db }) => {
        const { kid } = await db.selectFrom('signingKeys').select('kid').executeTakeFirstOrThrow()
        const rows = [house, other].map(({ organizationId }) => ({
          issuer: 'i',
          kid,
          jti: organizationId,
          organizationId,
          expiresAt: 2_000_000_000,
          revision: 1,
        }))
        await db.insertInto('revokedTokens').values(rows).execute()
      })
      const own = await bounded(house, house.environmentId)
      assert.deepEqual(own.clients, [{ id: clientId, deleted: true, generation: 0 }])
      assert.deepEqual(own.ids, [house.organizationId])
      assert.deepEqual(own.issuers[0]?.clientAudiences, [audience])
      const others = await bounded(house, other.environmentId)
      assert.deepEqual([others.clients, others.ids], [[], [other.organizationId]])
      assert.deepEqual(others.issuers[0]?.clientAudiences, [`urn:${other.organizationId}`])
    })
  })

  test('names every revoked credential, however many pages they fill', async () => {
    const [page, at] = [5000, 1]
    await withHouse(async (house) => {
      const { answered } = await addGateway(house, { createCredential: true })
      const id = String(embedded(answered.body, 'credentials')[0]?.['id'])
      await house.store.write(async ({ db }) => {
        const all = db.selectFrom('credentials').selectAll()
        const row = await all.where('id', '=', id).executeTakeFirstOrThrow()
        const revoked = { ...row, revokedAt: at, revokedRevision: 1 }
        for (let more = 2 * page; more > 0; more -= 500) {
          const rows = Array.from({ length: 500 }, () => ({ ...revoked, id: randomUUID() }))
          await db.insertInto('credentials').values(rows).execute()
        }
      })
      const { ids } = await bounded(house, house.environmentId)
      assert.equal(new Set(ids).size, 2 * page)
      assert.equal(ids.length, 2 * page)
    })
  })
})
