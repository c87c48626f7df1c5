import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRingImport } from '../../src/authority/imported-ring.ts'
import { readIssuers } from '../../src/authority/snapshot.ts'
import { addApiCredential, buyAccessToken, testToken } from './api-clients.ts'
import { openHouse } from './house.ts'

test('keys are imported once for as long as they are the same, and a retired one counts at once no more', async (t) => {
  const house = await openHouse()
  t.after(house.close)
  const importRing = createRingImport()
  const ring = async () => importRing(await house.store.read((db) => readIssuers(db)))
  const keys = `/v1/organizations/${house.organizationId}/keys`
  const client = await addApiCredential(house)
  const token = await buyAccessToken(house, client)
  const kid = String((await house.ask('GET', keys)).body['_embedded']?.['keys']?.[0]?.['kid'])
  const status = async (shown: string) => (await testToken(house, shown)).status

  const first = await ring()
  assert.equal(await ring(), first)
  assert.equal(await status(token), 200)
  assert.ok(first.issuer(house.settings.credentials.issuer)?.key(kid))

  const { status: made } = await house.ask('POST', keys, { body: {} })
  assert.equal(made, 201)
  const second = await ring()
  assert.notEqual(second, first)
  assert.equal(await ring(), second)
  const next = await buyAccessToken(house, client)
  assert.deepEqual([await status(token), await status(next)], [200, 200])

  assert.equal((await house.ask('POST', `${keys}/${kid}/retire`)).status, 200)
  assert.equal((await ring()).issuer(house.settings.credentials.issuer)?.key(kid), undefined)
  assert.deepEqual([await status(token), await status(next)], [401, 200])
})
