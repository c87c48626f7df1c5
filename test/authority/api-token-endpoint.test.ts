import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { addApiCredential, askForAccessToken, grantOf, type TestClient } from './api-clients.ts'
import { addGateway, ask, claimsOf, openHouse, type Answered, type House } from './house.ts'

const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
})
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const invalid = (description: string) => ({
  error: 'invalid_request',
  error_description: description,
})
const unauthorized = { error: 'access_denied', error_description: 'Unauthorized' }

function answers({ status, body }: Answered, wanted: number, exactly: object): void {
  assert.deepEqual([status, body], [wanted, exactly])
}

describe('the token endpoint of API clients', () => {
  let house: House
  let client: TestClient
  before(async () => {
    house = await openHouse()
    client = await addApiCredential(house, { scopes: ['read:payments', 'write:payments'] })
  })
  after(() => house.close())

  const post = (body: object, headers?: Record<string, string>) =>
    askForAccessToken(house.url, body, headers)
  const postForm = (body: Record<string, string>, headers: Record<string, string> = {}) =>
    ask(house.url, 'POST', '/v2/oauth/token', {
      body: new URLSearchParams(body).toString(),
      headers: { ...form, ...headers },
    })
  const grant = { grant_type: 'client_credentials' }

  test('R1: JSON, a form, and Basic with nothing of the client in the body all buy a token', async () => {
    const { clientId, clientSecret, audience } = client
    const header = basic(clientId, clientSecret)
    const bought = [
      await post(grantOf(client)),
      await postForm(grantOf(client)),
      await post({ ...grant, audience }, header),
      await postForm({ ...grant, audience }, header),
      // Both, where they say the same.
      await post(grantOf(client), header),
    ]
    assert.deepEqual(
      bought.map(({ status }) => status),
      bought.map(() => 200),
    )
  })

  test('R2: the answer has four members, an hour as a whole number, and Bearer', async () => {
    const { status, body, headers } = await post(grantOf(client))
    assert.equal(status, 200)
    assert.deepEqual(Object.keys(body), ['access_token', 'scope', 'expires_in', 'token_type'])
    assert.deepEqual(
      { ...body, access_token: '' },
      {
        access_token: '',
        scope: 'read:payments write:payments',
        expires_in: 3600,
        token_type: 'Bearer',
      },
    )
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.equal(headers.get('pragma'), 'no-cache')
  })

  test('that a client was here is noted, once it has been', async () => {
    const other = await addApiCredential(house)
    const noted = async () => (await house.ask('GET', other.path)).body['lastUsedAt']
    await post(grantOf({ ...other, clientSecret: 'x' }))
    await addGateway(house)
    assert.equal(await noted(), undefined)
    await post(grantOf(other))
    // What is noted in the background is written before a write that comes after it.
    await addGateway(house)
    assert.match(String(await noted()), /Z$/)
  })

  test('A1: a token has every claim of its profile, and lives for an hour', async () => {
    const { body } = await post(grantOf(client))
    const token = String(body['access_token'])
    const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
    assert.equal(header.typ, 'at+jwt')
    const { iss, aud, sub, client_id: id, scope, gen, exp, iat, jti, ...more } = claimsOf(token)
    assert.deepEqual(more, {})
    assert.deepEqual(
      [iss, aud, sub, id, scope, gen, Number(exp) - Number(iat)],
      [
        house.settings.credentials.issuer,
        client.audience,
        client.clientId,
        client.clientId,
        'read:payments write:payments',
        0,
        3600,
      ],
    )
    assert.match(String(jti), /^[0-9a-f-]{36}$/)
  })

  test('R3: what is missing is named, one thing at a time', async () => {
    const whole: Record<string, string> = grantOf(client)
    for (const name of ['grant_type', 'client_id', 'client_secret', 'audience']) {
      const description = `Missing required parameter: ${name}`
      const { [name]: _, ...rest } = whole
      answers(await post(rest), 400, invalid(description))
      answers(await postForm(rest), 400, invalid(description))
      // T4: what is empty is left out.
      answers(await post({ ...rest, [name]: '' }), 400, invalid(description))
    }
    answers(await post({}), 400, invalid('Missing required parameter: grant_type'))
    answers(
      await ask(house.url, 'POST', '/v2/oauth/token'),
      400,
      invalid('Missing required parameter: grant_type'),
    )
  })

  test('R3: a wrong secret and an unknown client are refused with the same bytes', async () => {
    const wrong = await post(grantOf({ ...client, clientSecret: `${client.clientSecret}x` }))
    answers(wrong, 401, unauthorized)
    const unknown = await post(grantOf({ ...client, clientId: '0'.repeat(32) }))
    const withNul = await post(grantOf({ ...client, clientId: 'a\0b' }))
    const inHeader = await post(
      { ...grant, audience: client.audience },
      basic(client.clientId, 'wrong'),
    )
    const unreadable = await post(
      { ...grant, audience: client.audience },
      { authorization: 'Basic ?' },
    )
    for (const answered of [unknown, withNul, inHeader, unreadable]) {
      answers(answered, 401, unauthorized)
      assert.equal(answered.text, wrong.text)
      assert.equal(answered.headers.get('www-authenticate'), 'Basic realm="warder"')
    }
  })

  test('R3: an audience that is not the client’s is refused by name, once the client is known', async () => {
    const elsewhere = (audience: string) => post(grantOf(client, { audience }))
    answers(await elsewhere('urn:elsewhere'), 403, {
      error: 'access_denied',
      error_description: 'Service not enabled within domain: urn:elsewhere',
    })
    const { body } = await elsewhere('a"b\\c\n\u{1f980}')
    assert.match(String(body['error_description']), /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
    answers(
      await post(grantOf({ ...client, clientSecret: 'x' }, { audience: 'urn:elsewhere' })),
      401,
      unauthorized,
    )
  })

  test('T8: other grants and scopes that are not granted have their own errors', async () => {
    const password = await post(grantOf(client, { grant_type: 'password' }))
    assert.deepEqual([password.status, password.body['error']], [400, 'unsupported_grant_type'])
    const one = await post(grantOf(client, { scope: 'read:payments' }))
    assert.deepEqual([one.status, one.body['scope']], [200, 'read:payments'])
    const more = await post(grantOf(client, { scope: 'read:payments everything' }))
    assert.deepEqual([more.status, more.body['error']], [400, 'invalid_scope'])
    assert.deepEqual(Object.keys(more.body), ['error', 'error_description'])
  })

  test('T3: two different clients in one request are none', async () => {
    const { clientId, clientSecret } = client
    const other = basic('other', clientSecret)
    const wrong = basic(clientId, 'wrong')
    for (const header of [other, wrong, { authorization: 'Bearer x.y.z' }]) {
      const { status, body } = await post(grantOf(client), header)
      assert.deepEqual([status, body['error']], [400, 'invalid_request'])
    }
  })

  test('T2: Basic is read as forms are, percent signs and all', async () => {
    const encoded = client.clientSecret.replaceAll('_', '%5F')
    const { audience } = client
    const { status } = await postForm({ ...grant, audience }, basic(client.clientId, encoded))
    assert.equal(status, 200)
  })

  test('what is no text, no object, twice there or of another type has two members for an answer', async () => {
    const raw = (body: string, type = 'application/json') =>
      ask(house.url, 'POST', '/v2/oauth/token', { body, headers: { 'content-type': type } })
    const answered = [
      await post(grantOf(client, { client_secret: 7 })),
      await post(grantOf(client, { audience: [client.audience] })),
      await post(grantOf(client, { scope: {} })),
      await raw('[]'),
      await raw('{"grant_type":"a","grant_type":"b"}'),
      await raw('grant_type=a&grant_type=b', form['content-type']),
    ]
    for (const { status, body } of answered) {
      assert.deepEqual([status, body['error']], [400, 'invalid_request'])
      assert.deepEqual(Object.keys(body), ['error', 'error_description'])
    }
    const xml = await raw('<a/>', 'text/xml')
    assert.deepEqual([xml.status, Object.keys(xml.body)], [415, ['error', 'error_description']])
    const get = await ask(house.url, 'GET', '/v2/oauth/token')
    assert.deepEqual([get.status, get.headers.get('allow')], [405, 'POST'])
  })

  test('a refusal is entered with the client that it was about, where there is one', async () => {
    await post(grantOf({ ...client, clientSecret: 'x' }))
    await post(grantOf({ ...client, clientId: 'a-secret-in-the-wrong-place' }))
    await addGateway(house)
    const rows = await house.store.read((db) =>
      db.selectFrom('audit').selectAll().where('action', '=', 'token.refused').execute(),
    )
    const entered = rows.map(({ actor, target, outcome }) => [actor, target, outcome])
    assert.deepEqual(entered.slice(-2), [
      [client.clientId, client.id, 'refused'],
      ['unknown', 'unknown', 'refused'],
    ])
  })

  test('T11: who guesses is told to wait; the client itself is never kept out', async () => {
    const other = await addApiCredential(house)
    const guess = () => post(grantOf({ ...other, clientSecret: 'a guess' }))
    const statuses = new Set<number>()
    for (let attempt = 0; attempt < 30; attempt += 1) statuses.add((await guess()).status)
    assert.deepEqual([...statuses], [401, 429])
    const waiting = await guess()
    assert.match(waiting.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
    assert.deepEqual(Object.keys(waiting.body), ['error', 'error_description'])
    assert.equal((await post(grantOf(other))).status, 200)
    // Nor does an unknown client get another answer than a known one.
    const unknown = grantOf({ ...other, clientId: 'f'.repeat(32) })
    const last = await Promise.all(Array.from({ length: 30 }, () => post(unknown)))
    assert.equal(last.at(-1)?.status, 429)
  })
})
