import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readStandingFacts } from '../../src/authority/snapshot.ts'
import { systemClock } from '../../src/system/clock.ts'
import { addApiCredential, withHouse } from './api-clients.ts'
import { addOrganization } from './organizations.ts'

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
})
