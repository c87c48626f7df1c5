import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import {
  addGateway,
  claimsOf,
  embedded,
  openHouse,
  refused,
  time,
  uuid,
  type House,
} from './house.ts'

describe('credentials', () => {
  let house: House
  let gateways: string
  before(async () => {
    house = await openHouse()
    gateways = `/v1/environments/${house.environmentId}/gateways`
  })
  after(() => house.close())

  const bodies: readonly [
    string,
    { readonly body?: string | Blob; readonly headers?: Record<string, string> },
  ][] = [
    ['M6: no body and no content type', {}],
    [
      'M7: {} with a JSON content type',
      { body: '{}', headers: { 'content-type': 'application/json' } },
    ],
    ['M7: a JSON content type and no body', { headers: { 'content-type': 'application/json' } }],
    ['M7: {} without a content type', { body: new Blob(['{}']) }],
    [
      'M7: a character set',
      { body: '{}', headers: { 'content-type': 'application/json; charset=UTF-8' } },
    ],
  ]
  for (const [what, init] of bodies) {
    test(`${what} creates a credential`, async () => {
      const { path } = await addGateway(house)
      const response = await fetch(`${house.url}${path}/credentials`, {
        method: 'POST',
        ...init,
        headers: { ...init.headers, authorization: `Bearer ${house.token}` },
      })
      assert.equal(response.status, 201, await response.text())
    })
  }

  test('M8: the answer holds a JWT of three parts, its alias, an id that is its jti and the time, and no lastUsedAt', async () => {
    const { path } = await addGateway(house)
    const { body, status } = await house.ask('POST', `${path}/credentials`)
    assert.equal(status, 201)
    assert.match(String(body['credential']), /^[\w-]+\.[\w-]+\.[\w-]+$/)
    assert.equal(body['token'], body['credential'])
    assert.equal(claimsOf(body['credential'])['jti'], body['id'])
    assert.match(String(body['createdAt']), time)
    assert.equal('lastUsedAt' in body, false)
    assert.equal(body['httpAccessApiUrl'], house.settings.verifierUrl)
  })

  test('M9: a secret is in no other answer, and nowhere in the database', async () => {
    const { path } = await addGateway(house)
    const made = await house.ask('POST', `${path}/credentials`)
    const token = String(made.body['credential'])
    const id = String(made.body['id'])
    const [, , signature = ''] = token.split('.')
    const reads = [path, gateways, `${path}/credentials`, `${path}/credentials/${id}`]
    const audit = `/v1/organizations/${house.organizationId}/audit?limit=1000`
    for (const read of [...reads, audit]) {
      const { text, status } = await house.ask('GET', read)
      assert.equal(status, 200)
      assert.equal(text.includes(signature), false, read)
    }
    const rows = await house.store.read(async (db) => [
      await db.selectFrom('credentials').selectAll().execute(),
      await db.selectFrom('audit').selectAll().execute(),
      await db.selectFrom('changes').selectAll().execute(),
      await db.selectFrom('idempotencyKeys').selectAll().execute(),
    ])
    assert.equal(JSON.stringify(rows).includes(signature), false)
  })

  test('M10: the sixth credential is refused and the count stays 5; after one is deleted there is room', async () => {
    const { path } = await addGateway(house)
    const all: string[] = []
    for (let made = 0; made < 5; made += 1) {
      const { status, body } = await house.ask('POST', `${path}/credentials`)
      assert.equal(status, 201)
      all.push(String(body['id']))
    }
    const sixth = await house.ask('POST', `${path}/credentials`)
    refused(sixth, 400, 'INVALID_DATA', { code: 'SIZE_LIMIT_EXCEEDED', target: 'credentials' })
    assert.equal(sixth.body['details']?.[0]?.['innerError']?.['maximumValue'], 5)
    assert.equal((await house.ask('GET', `${path}/credentials`)).body['count'], 5)
    assert.equal((await house.ask('DELETE', `${path}/credentials/${all[2]}`)).status, 204)
    assert.equal((await house.ask('POST', `${path}/credentials`)).status, 201)
  })

  test('M11: the list embeds credentials, with numeric count and size and a link to itself', async () => {
    const { path } = await addGateway(house, { createCredential: true })
    const { body } = await house.ask('GET', `${path}/credentials`)
    assert.equal(body['count'], 1)
    assert.equal(body['size'], 1)
    assert.equal(body['_links']?.['self']?.['href'], `${house.url}${path}/credentials`)
    const [one] = embedded(body, 'credentials')
    assert.match(String(one?.['id']), uuid)
    assert.match(String(one?.['createdAt']), time)
  })

  test('M12, M13: read one answers 200; a deleted, an unknown and another gateway’s credential 404; a second DELETE 404', async () => {
    const { path } = await addGateway(house, { createCredential: true })
    const other = await addGateway(house)
    const sibling = await house.ask('POST', `${path}/credentials`)
    const made = await house.ask('POST', `${path}/credentials`)
    const id = String(made.body['id'])
    assert.equal((await house.ask('GET', `${path}/credentials/${id}`)).status, 200)
    for (const unknown of [randomUUID(), 'nonsense', id.toUpperCase()]) {
      refused(await house.ask('GET', `${path}/credentials/${unknown}`), 404, 'NOT_FOUND')
    }
    refused(await house.ask('GET', `${other.path}/credentials/${id}`), 404, 'NOT_FOUND')
    refused(await house.ask('DELETE', `${other.path}/credentials/${id}`), 404, 'NOT_FOUND')
    assert.equal((await house.ask('DELETE', `${path}/credentials/${id}`)).status, 204)
    refused(await house.ask('GET', `${path}/credentials/${id}`), 404, 'NOT_FOUND')
    refused(await house.ask('DELETE', `${path}/credentials/${id}`), 404, 'NOT_FOUND')
    const left = await house.ask('GET', `${path}/credentials/${String(sibling.body['id'])}`)
    assert.equal(left.status, 200)
  })

  test('M16: the JWT carries every documented claim, httpAccessApiUrl and apiUrl, and no exp', async () => {
    const { path, id, answered } = await addGateway(house, { type: 'RADIUS' })
    const { body } = await house.ask('POST', `${path}/credentials`)
    const { jti, iat, ...claims } = claimsOf(body['credential'])
    assert.deepEqual(claims, {
      iss: 'https://warder.test',
      aud: 'https://warder.test',
      authUrl: house.url,
      consoleUrl: `${house.url}/console/`,
      apiUrl: house.url,
      httpAccessApiUrl: 'http://127.0.0.1:7070',
      environmentId: house.environmentId,
      environmentName: 'default',
      gatewayId: id,
      gatewayName: answered.body['name'],
      gatewayType: 'RADIUS',
      organizationId: house.organizationId,
      organizationName: 'default',
      region: 'local',
      targetClusterEnvironment: 'default',
      targetGeography: 'NA',
    })
    assert.equal(jti, body['id'])
    assert.ok(Number.isInteger(iat))
  })

  test('M22: of ten creates at once on a gateway with room for one, one succeeds', async () => {
    const { path } = await addGateway(house)
    const create = () => house.ask('POST', `${path}/credentials`)
    for (let made = 0; made < 4; made += 1) await create()
    const answers = await Promise.all(Array.from({ length: 10 }, create))
    assert.equal(answers.filter(({ status }) => status === 201).length, 1)
    assert.equal(answers.filter(({ status }) => status === 400).length, 9)
    assert.equal((await house.ask('GET', `${path}/credentials`)).body['count'], 5)
  })

  test('M22: of ten deletes at once of one credential, one answers 204 and the others 404', async () => {
    const { path } = await addGateway(house)
    const { body } = await house.ask('POST', `${path}/credentials`)
    const remove = () => house.ask('DELETE', `${path}/credentials/${String(body['id'])}`)
    const answers = await Promise.all(Array.from({ length: 10 }, remove))
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [204, ...Array.from({ length: 9 }, () => 404)],
    )
  })

  test('M24: environment, gateway and credential ids are lowercase UUIDs', async () => {
    const { path, id } = await addGateway(house)
    const { body } = await house.ask('POST', `${path}/credentials`)
    for (const one of [house.environmentId, id, String(body['id'])]) assert.match(one, uuid)
  })
})
