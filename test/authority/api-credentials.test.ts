import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import {
  addApiCredential,
  apiCredentialsPath,
  buyAccessToken,
  buys,
  testToken,
  withHouse,
  type TestClient,
} from './api-clients.ts'
import { addAdministrator, embedded, openHouse, refused, time, type House } from './house.ts'

const makePrimary = (house: House, { path }: TestClient) => house.ask('POST', `${path}/primary`)

describe('API credentials', () => {
  test('R10: the answer to a creation is the only one that holds the secret', async () => {
    await withHouse(async (house, path) => {
      const { status, body } = await house.ask('POST', path, { body: { name: 'Billing job' } })
      assert.equal(status, 201)
      const { _links: links, id, clientId, clientSecret, audience, createdAt, ...rest } = body
      assert.deepEqual(rest, {
        name: 'Billing job',
        primary: true,
        scopes: [],
        allowedAddresses: [],
      })
      assert.equal(links?.['self']?.['href'], `${house.url}${path}/${String(id)}`)
      assert.match(String(clientId), /^[0-9a-f]{32}$/)
      assert.match(String(clientSecret), /^warder_cs_[A-Za-z0-9_-]{49}$/)
      assert.equal(audience, `urn:warder:${house.organizationId}`)
      assert.match(String(createdAt), time)
      const read = await house.ask('GET', `${path}/${String(id)}`)
      const { clientSecret: _, ...facts } = body
      assert.deepEqual(read.body, facts)
      const listed = await house.ask('GET', path)
      assert.deepEqual(embedded(listed.body, 'apiCredentials'), [facts])
      const kept = await house.store.read((db) =>
        db.selectFrom('apiCredentials').selectAll().execute(),
      )
      assert.ok(!JSON.stringify(kept).includes(String(clientSecret)))
    })
  })

  test('the first is primary, the others are not; names are unique in the organization', async () => {
    await withHouse(async (house, path) => {
      await addApiCredential(house, { name: 'one' })
      await addApiCredential(house, { name: 'two' })
      const { body } = await house.ask('GET', path)
      assert.deepEqual(
        embedded(body, 'apiCredentials').map((one) => [one['name'], one['primary']]),
        [
          ['one', true],
          ['two', false],
        ],
      )
      const again = await house.ask('POST', path, { body: { name: 'one' } })
      const taken = { code: 'UNIQUENESS_VIOLATION', target: 'name' }
      refused(again, 400, 'INVALID_DATA', taken)
      const { path: third } = await addApiCredential(house)
      const renamed = await house.ask('PATCH', third, { body: { name: 'one' } })
      refused(renamed, 400, 'INVALID_DATA', taken)
      for (const name of ['', 'x'.repeat(257), 7, undefined]) {
        assert.equal((await house.ask('POST', path, { body: { name } })).status, 400)
      }
    })
  })

  test('R5: a fourth is refused with the limit; after a delete a creation works', async () => {
    await withHouse(async (house, path) => {
      const clients = []
      for (const name of ['a', 'b', 'c']) clients.push(await addApiCredential(house, { name }))
      const fourth = await house.ask('POST', path, { body: { name: 'd' } })
      const full = { code: 'SIZE_LIMIT_EXCEEDED', target: 'apiCredentials' }
      refused(fourth, 400, 'INVALID_DATA', full)
      assert.deepEqual(fourth.body['details']?.[0]?.['innerError'], { maximumValue: 3 })
      assert.equal((await house.ask('DELETE', clients[1]?.path ?? '')).status, 204)
      assert.equal((await house.ask('POST', path, { body: { name: 'd' } })).status, 201)
      const { body } = await house.ask('GET', path)
      assert.equal(body['count'], 3)
      const ids = embedded(body, 'apiCredentials').map((one) => one['clientId'])
      assert.equal(new Set([...ids, clients[1]?.clientId]).size, 4)
    })
  })

  test('R5: of many that ask at once exactly three are created', async () => {
    await withHouse(async (house, path) => {
      const create = () => house.ask('POST', path, { body: { name: randomUUID() } })
      const statuses = (await Promise.all(Array.from({ length: 20 }, create))).map(
        ({ status }) => status,
      )
      assert.deepEqual(
        statuses.filter((status) => status !== 400),
        [201, 201, 201],
      )
      const { body } = await house.ask('GET', path)
      assert.equal(body['count'], 3)
      const primary = embedded(body, 'apiCredentials').filter((one) => one['primary'])
      assert.equal(primary.length, 1)
    })
  })

  test('R6: rotate keeps the client id, and the very next call with the old secret is refused', async () => {
    await withHouse(async (house) => {
      const client = await addApiCredential(house)
      const { status, body } = await house.ask('POST', `${client.path}/rotate`)
      assert.equal(status, 200)
      assert.equal(body['clientId'], client.clientId)
      assert.match(String(body['rotatedAt']), time)
      assert.equal(body['previousSecretExpiresAt'], undefined)
      assert.equal(await buys(house, client), 401)
      assert.equal(
        await buys(house, { ...client, clientSecret: String(body['clientSecret']) }),
        200,
      )
      const read = await house.ask('GET', client.path)
      assert.equal(read.body['clientSecret'], undefined)
    })
  })

  test('concurrent rotations leave exactly one secret', async () => {
    await withHouse(async (house) => {
      const client = await addApiCredential(house)
      const rotate = () => house.ask('POST', `${client.path}/rotate`)
      const answers = await Promise.all(Array.from({ length: 8 }, rotate))
      const statuses = []
      for (const { body } of answers) {
        const clientSecret = String(body['clientSecret'])
        statuses.push(await buys(house, { ...client, clientSecret }))
      }
      assert.equal(statuses.filter((status) => status === 200).length, 1)
    })
  })

  test('R7: the primary cannot be deleted; once another one is primary it can', async () => {
    await withHouse(async (house, path) => {
      const [first, second] = [await addApiCredential(house), await addApiCredential(house)]
      const refusedDelete = await house.ask('DELETE', first.path)
      const detail = { code: 'CONSTRAINT_VIOLATION', target: 'primary' }
      refused(refusedDelete, 400, 'INVALID_DATA', detail)
      assert.equal(await buys(house, first), 200)
      const made = await makePrimary(house, second)
      assert.deepEqual([made.status, made.body['primary']], [200, true])
      const { body } = await house.ask('GET', path)
      const primary = embedded(body, 'apiCredentials').filter((one) => one['primary'])
      assert.deepEqual(
        primary.map((one) => one['id']),
        [second.id],
      )
      assert.equal((await house.ask('DELETE', first.path)).status, 204)
      assert.equal((await makePrimary(house, first)).status, 404)
    })
  })

  test('concurrent calls for the primary mark leave exactly one', async () => {
    await withHouse(async (house, path) => {
      const clients = [
        await addApiCredential(house),
        await addApiCredential(house),
        await addApiCredential(house),
      ]
      const asked = [...clients, ...clients].map((client) => makePrimary(house, client))
      for (const { status } of await Promise.all(asked)) assert.equal(status, 200)
      const { body } = await house.ask('GET', path)
      assert.equal(embedded(body, 'apiCredentials').filter((one) => one['primary']).length, 1)
    })
  })

  test('R8: a rename keeps id, client id and secret', async () => {
    await withHouse(async (house) => {
      const client = await addApiCredential(house, { name: 'before' })
      const token = await buyAccessToken(house, client)
      const { status, body, headers } = await house.ask('PATCH', client.path, {
        body: { name: 'after' },
      })
      assert.equal(status, 200)
      assert.deepEqual(
        [body['id'], body['clientId'], body['name']],
        [client.id, client.clientId, 'after'],
      )
      assert.equal(headers.get('warder-applied'), null)
      assert.equal(await buys(house, client), 200)
      assert.equal((await testToken(house, token)).status, 200)
    })
  })

  test('what is no range of addresses is refused by its place', async () => {
    await withHouse(async (house, path) => {
      const client = await addApiCredential(house)
      for (const range of ['192.0.2.1/24', '300.1.1.1', 'localhost', '1.2.3.4/33', '::/129', '']) {
        const body = { name: randomUUID(), allowedAddresses: ['::1', range] }
        const target = 'allowedAddresses.1'
        const answered = await house.ask('POST', path, { body })
        refused(answered, 400, 'INVALID_DATA', { code: 'INVALID_VALUE', target })
        const changed = await house.ask('PATCH', client.path, { body })
        refused(changed, 400, 'INVALID_DATA', { code: 'INVALID_VALUE', target })
      }
      const scopes = { name: 'x', scopes: ['two words'] }
      assert.equal((await house.ask('POST', path, { body: scopes })).status, 400)
    })
  })

  test('who may only look may not write; an editor may', async () => {
    await withHouse(async (house, path) => {
      const viewer = await addAdministrator(house, 'viewer')
      const editor = await addAdministrator(house, 'api-credentials-editor')
      const client = await addApiCredential(house)
      const { token } = viewer
      assert.equal((await house.ask('GET', path, { token })).status, 200)
      const writes = [
        house.ask('POST', path, { token, body: { name: 'x' } }),
        house.ask('PATCH', client.path, { token, body: { name: 'x' } }),
        house.ask('POST', `${client.path}/rotate`, { token }),
        house.ask('POST', `${client.path}/primary`, { token }),
        house.ask('DELETE', client.path, { token }),
      ]
      for (const answered of await Promise.all(writes)) refused(answered, 403, 'ACCESS_FAILED')
      const made = await house.ask('POST', path, { token: editor.token, body: { name: 'x' } })
      assert.equal(made.status, 201)
    })
  })

  test('a repeated request with an Idempotency-Key rotates once, and keeps the secret to itself', async () => {
    await withHouse(async (house) => {
      const client = await addApiCredential(house)
      const headers = { 'idempotency-key': 'once' }
      const first = await house.ask('POST', `${client.path}/rotate`, { headers })
      const second = await house.ask('POST', `${client.path}/rotate`, { headers })
      assert.equal(second.headers.get('idempotent-replayed'), 'true')
      assert.equal(second.body['clientSecret'], undefined)
      const clientSecret = String(first.body['clientSecret'])
      assert.equal(await buys(house, { ...client, clientSecret }), 200)
    })
  })
})

describe('what the audit says of API credentials', () => {
  let house: House
  before(async () => {
    house = await openHouse()
  })
  after(() => house.close())

  test('each deed is entered, without secrets', async () => {
    await addApiCredential(house)
    const client = await addApiCredential(house, { scopes: ['a'] })
    const rotated = await house.ask('POST', `${client.path}/rotate`)
    await house.ask('PATCH', client.path, { body: { scopes: [] } })
    await house.ask('DELETE', client.path)
    const { body, text } = await house.ask(
      'GET',
      `/v1/organizations/${house.organizationId}/audit?limit=1000`,
    )
    const deeds = embedded(body, 'entries').filter(
      (entry) => entry['target'] === client.id && String(entry['action']).startsWith('apiC'),
    )
    assert.deepEqual(
      deeds.map((entry) => [entry['action'], typeof entry['revision']]),
      [
        ['apiCredential.create', 'undefined'],
        ['apiCredential.rotate', 'undefined'],
        ['apiCredential.update', 'number'],
        ['apiCredential.delete', 'number'],
      ],
    )
    for (const secret of [client.clientSecret, String(rotated.body['clientSecret'])]) {
      assert.ok(!text.includes(secret))
    }
  })

  test('who sends back all that they were answered, the secret too, finds none of it in the audit', async () => {
    const path = apiCredentialsPath(house)
    const { body: shown } = await house.ask('POST', path, { body: { name: 'shown once' } })
    const one = `${path}/${String(shown['id'])}`
    const body = { ...shown, name: 'sent back' }
    assert.equal((await house.ask('PATCH', one, { body })).status, 200)
    await house.ask('POST', `${one}/rotate`, { body })
    const rows = await house.store.read((db) =>
      db.selectFrom('audit').selectAll().where('target', '=', String(shown['id'])).execute(),
    )
    assert.deepEqual(rows.map(({ action, details }) => [action, JSON.parse(details)]).slice(1), [
      [
        'apiCredential.update',
        { name: 'sent back', scopes: [], allowedAddresses: [], tokensEnded: false },
      ],
      ['apiCredential.rotate', { name: 'sent back', overlapSeconds: 0, revokeTokens: false }],
    ])
  })
})
