import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  addApiCredential,
  askForAccessToken,
  buyAccessToken,
  buys,
  grantOf,
  testToken,
  withHouse,
} from './api-clients.ts'
import { createRecorder } from './follower.ts'
import { refused } from './house.ts'

describe('the end of access tokens', () => {
  test('R9: a deleted one buys nothing more, its tokens are refused, a second delete is 404', async () => {
    await withHouse(async (house) => {
      const [other, client] = [await addApiCredential(house), await addApiCredential(house)]
      const [live, dead] = [await buyAccessToken(house, other), await buyAccessToken(house, client)]
      const { status, headers } = await house.ask('DELETE', client.path)
      assert.deepEqual([status, headers.get('warder-applied')], [204, '0/0'])
      assert.equal(await buys(house, client), 401)
      assert.equal((await testToken(house, dead)).status, 401)
      assert.equal((await testToken(house, live)).status, 200)
      refused(await house.ask('DELETE', client.path), 404, 'NOT_FOUND')
      refused(await house.ask('GET', client.path), 404, 'NOT_FOUND')
      refused(await house.ask('POST', `${client.path}/rotate`), 404, 'NOT_FOUND')
      refused(await house.ask('PATCH', client.path, { body: { name: 'x' } }), 404, 'NOT_FOUND')
      const row = await house.store.read((db) =>
        db.selectFrom('apiCredentials').selectAll().where('id', '=', client.id).executeTakeFirst(),
      )
      assert.deepEqual([row?.secretHash, row?.previousSecretHash], ['', null])
    })
  })

  test('R9: a deletion answers when the verifier has applied the tombstone', async () => {
    await withHouse(async (house) => {
      const follower = createRecorder('local')
      const given = follower.next()
      house.authority.feed.follow(follower)
      await given
      await addApiCredential(house)
      const client = await addApiCredential(house)
      const { headers } = await house.ask('DELETE', client.path)
      assert.equal(headers.get('warder-applied'), '1/1')
      const change = follower.changes.at(-1)
      assert.ok(change?.kind === 'client-state')
      assert.deepEqual([change.clientId, change.deleted], [client.clientId, true])
    })
  })

  test('revokeTokens ends the tokens that are out; without it they live on', async () => {
    await withHouse(async (house) => {
      const client = await addApiCredential(house)
      const first = await buyAccessToken(house, client)
      const kept = await house.ask('POST', `${client.path}/rotate`)
      const clientSecret = String(kept.body['clientSecret'])
      const second = await buyAccessToken(house, { ...client, clientSecret })
      assert.equal((await testToken(house, first)).status, 200)
      const body = { revokeTokens: true, overlapSeconds: 60 }
      const ended = await house.ask('POST', `${client.path}/rotate`, { body })
      assert.deepEqual([ended.status, ended.headers.get('warder-applied')], [200, '0/0'])
      assert.equal(kept.headers.get('warder-applied'), null)
      for (const token of [first, second]) {
        assert.equal((await testToken(house, token)).status, 401)
      }
      const third = await buyAccessToken(house, { ...client, clientSecret })
      assert.equal((await testToken(house, third)).status, 200)
    })
  })

  test('taking a scope or an address away ends the tokens that still name it; adding ends none', async () => {
    await withHouse(async (house) => {
      const client = await addApiCredential(house, { scopes: ['a', 'b'] })
      const change = async (body: object) => {
        const token = await buyAccessToken(house, client)
        assert.equal((await house.ask('PATCH', client.path, { body })).status, 200)
        return (await testToken(house, token)).status
      }
      assert.equal(await change({ scopes: ['a', 'b', 'c'] }), 200)
      assert.equal(await change({ scopes: ['a'] }), 401)
      assert.equal(await change({ allowedAddresses: ['127.0.0.0/8', '10.0.0.0/8'] }), 401)
      assert.equal(await change({ allowedAddresses: ['10.0.0.0/8', '126.0.0.0/7'] }), 200)
      assert.equal(await change({ allowedAddresses: ['127.0.0.1'] }), 401)
      assert.equal(await change({ allowedAddresses: [] }), 200)
    })
  })

  test('an address that is not allowed buys nothing, and is told what a wrong secret is', async () => {
    await withHouse(async (house) => {
      const here = await addApiCredential(house, { allowedAddresses: ['127.0.0.0/8', '::1'] })
      const elsewhere = await addApiCredential(house, { allowedAddresses: ['192.0.2.0/24'] })
      assert.equal(await buys(house, here), 200)
      const kept = await askForAccessToken(house.url, grantOf(elsewhere))
      const wrong = await askForAccessToken(house.url, grantOf({ ...elsewhere, clientSecret: 'x' }))
      assert.deepEqual([kept.status, kept.text], [401, wrong.text])
    })
  })
})
