import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createGuessLimit } from '../../src/authority/guess-limit.ts'
import { manualClock } from '../manual-clock.ts'
import {
  addAdministrator,
  addEnvironment,
  addGateway,
  ask,
  askForToken,
  claimsOf,
  openHouse,
  type Answered,
  type Client,
  type House,
} from './house.ts'
import { addOrganization } from './organizations.ts'

const form = 'application/x-www-form-urlencoded'
const grant = 'grant_type=client_credentials'

const basic = ({ clientId, clientSecret }: Client) => ({
  authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
})

const encode = (text: string) =>
  text.replace(/^./, (first) => `%${first.charCodeAt(0).toString(16)}`)

describe('the token endpoint', () => {
  let house: House
  let path: string
  before(async () => {
    house = await openHouse()
    path = `/${house.environmentId}/as/token`
  })
  after(() => house.close())

  const post = (body: string, headers: Record<string, string> = {}) =>
    ask(house.url, 'POST', path, { body, headers: { 'content-type': form, ...headers } })

  test('T7: a token is a bearer for fifteen minutes, and nobody may keep the answer', async () => {
    const { body, headers, status } = await askForToken(house.url, house)
    assert.equal(status, 200)
    assert.deepEqual(Object.keys(body), ['access_token', 'token_type', 'expires_in'])
    assert.deepEqual([body['token_type'], body['expires_in']], ['Bearer', 900])
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.equal(headers.get('pragma'), 'no-cache')
    const claims = claimsOf(body['access_token'])
    assert.equal(claims['aud'], `${house.url}/v1`)
    assert.equal(Number(claims['exp']) - Number(claims['iat']), 900)
  })

  test('that an administrator was here is noted', async () => {
    const { id } = await addAdministrator(house, 'viewer')
    await addGateway(house)
    const one = `/v1/organizations/${house.organizationId}/administrators/${id}`
    const { body } = await house.ask('GET', one)
    assert.match(String(body['lastUsedAt']), /Z$/)
  })

  test('T1: what is not form-urlencoded is 415', async () => {
    const body = JSON.stringify({ grant_type: 'client_credentials' })
    const answered = await post(body, { 'content-type': 'application/json', ...basic(house) })
    assert.equal(answered.status, 415)
    assert.equal(answered.body['error'], 'invalid_request')
  })

  const refusals: readonly [string, string, number, string][] = [
    ['T4: a parameter that is repeated', `${grant}&${grant}`, 400, 'invalid_request'],
    ['T4: a parameter without a value', 'grant_type=', 400, 'invalid_request'],
    ['no grant type', 'x=y', 400, 'invalid_request'],
    ['T8: another grant type', 'grant_type=password', 400, 'unsupported_grant_type'],
    ['T8: a scope', `${grant}&scope=all`, 400, 'invalid_scope'],
    ['T3: two ways of authentication', `${grant}&client_secret=x`, 400, 'invalid_request'],
  ]
  for (const [what, body, status, error] of refusals) {
    test(`${what} is refused with ${error}`, async () => {
      const answered = await post(body, basic(house))
      assert.equal(answered.status, status, answered.text)
      assert.equal(answered.body['error'], error)
      assert.match(String(answered.body['error_description']), /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
    })
  }

  test('T4: an unknown parameter is ignored', async () => {
    assert.equal((await post(`${grant}&unknown=1`, basic(house))).status, 200)
  })

  test('T2: id and secret are form-urlencoded before base64', async () => {
    const clientId = encode(house.clientId)
    const clientSecret = encode(house.clientSecret)
    assert.equal((await post(grant, basic({ ...house, clientId, clientSecret }))).status, 200)
  })

  test('T5, T6: unknown client, wrong secret, revoked client and another tenant’s environment look the same', async () => {
    const seen = new Set<string>()
    const look = ({ status, body, headers }: Answered) => {
      const { id: _, ...said } = body
      seen.add(JSON.stringify([status, said, headers.get('www-authenticate')]))
    }
    const { id, client } = await addAdministrator(house, 'viewer')
    await house.ask('DELETE', `/v1/organizations/${house.organizationId}/administrators/${id}`)
    const other = await addOrganization(house)
    const bound = await addAdministrator(house, 'viewer', await addEnvironment(house))
    look(await post(grant, basic({ ...house, clientId: crypto.randomUUID() })))
    look(await post(grant, basic({ ...house, clientSecret: house.clientSecret.slice(1) })))
    look(await post(grant, basic({ ...house, clientSecret: '' })))
    look(await post(grant, basic(client)))
    look(await post(grant, basic(bound.client)))
    look(await post(grant))
    look(await askForToken(house.url, { ...house, environmentId: other.environmentId }))
    look(await askForToken(house.url, { ...house, environmentId: 'nonsense' }))
    assert.equal(seen.size, 1, [...seen].join('\n'))
    assert.match([...seen].join(), /^\[401,.*"invalid_client".*Basic realm/)
  })

  test('a client authenticated in the body is told that this is not supported', async () => {
    const answered = await post(`${grant}&client_id=${house.clientId}&client_secret=x`)
    assert.equal(answered.status, 401)
    assert.equal(answered.body['error_description'], 'Unsupported authentication method.')
  })
})

test('T11, M18: who guesses is slowed with a Retry-After of a whole second at least', async () => {
  const house = await openHouse()
  const wrong = { ...house, clientSecret: 'x'.repeat(43) }
  const answers: Answered[] = []
  for (let guess = 0; guess < 15; guess += 1) answers.push(await askForToken(house.url, wrong))
  const limited = answers.filter(({ status }) => status === 429)
  assert.equal(answers.length - limited.length, 10)
  for (const { headers, body } of limited) {
    assert.match(headers.get('retry-after') ?? '', /^[1-9]\d*$/)
    assert.equal(body['code'], 'REQUEST_LIMITED')
    assert.equal(body['error'], 'temporarily_unavailable')
  }
  await house.close()
})

test('T11, M18: an administrator is let in at once, however many guess from the same address, and they stay slowed', async (t) => {
  const house = await openHouse({ clock: manualClock() })
  t.after(() => house.close())
  const guess = (clientId: string) =>
    askForToken(house.url, { ...house, clientId, clientSecret: 'x'.repeat(43) })
  const guesses: number[] = []
  const right: number[] = []
  for (let round = 0; round < 40; round += 1) {
    const wrong = [guess(`nobody-${round}`), guess(crypto.randomUUID()), guess(house.clientId)]
    const [own, ...others] = await Promise.all([askForToken(house.url, house), ...wrong])
    right.push(own.status)
    guesses.push(...others.map(({ status }) => status))
  }
  assert.deepEqual([...new Set(right)], [200])
  assert.equal(guesses.filter((status) => status === 401).length, 60)
  assert.equal(guesses.filter((status) => status === 429).length, 60)
  // Of a known client no more is told than of an unknown one.
  const [known, unknown] = [await guess(house.clientId), await guess('nobody')]
  assert.deepEqual([known.status, unknown.status], [429, 429])
  assert.deepEqual({ ...known.body, id: '' }, { ...unknown.body, id: '' })
})

describe('the guess limit', () => {
  test('nobody is slowed by guesses from elsewhere at the same client', () => {
    const clock = manualClock()
    const limit = createGuessLimit(clock)
    for (let guess = 0; guess < 10_000; guess += 1) {
      limit.attempt('client', `192.0.2.${guess % 200}`)
    }
    assert.equal(limit.attempt('client', '198.51.100.1'), 0)
  })

  test('guesses at many clients from one network are slowed, and time heals', () => {
    const clock = manualClock()
    const limit = createGuessLimit(clock)
    const passed = () =>
      Array.from({ length: 1000 }, (_, guess) =>
        limit.attempt(`client ${guess}`, `2001:db8::${guess.toString(16)}`),
      ).filter((wait) => wait === 0).length
    assert.equal(passed(), 60)
    clock.advance(10_000)
    assert.equal(passed(), 20)
    assert.equal(limit.attempt('client', '2001:db8:0:1::1'), 0)
    assert.equal(limit.attempt('client', '::ffff:192.0.2.1'), limit.attempt('other', '192.0.2.1'))
  })

  test('what is refused for the crowd that it comes from counts as no guess at its client', () => {
    const clock = manualClock()
    const limit = createGuessLimit(clock)
    const passed = (client: (guess: number) => string, times: number) =>
      Array.from({ length: times }, (_, guess) => limit.attempt(client(guess), '192.0.2.1')).filter(
        (wait) => wait === 0,
      ).length
    assert.equal(
      passed((guess) => `client ${guess}`, 60),
      60,
    )
    assert.equal(
      passed(() => 'late', 20),
      0,
    )
    clock.advance(10_000)
    assert.equal(
      passed(() => 'late', 20),
      10,
    )
  })

  test('of guesses that come at once no more pass than of those that come in a row', () => {
    const limit = createGuessLimit(manualClock())
    const waits = Array.from({ length: 50 }, () => limit.attempt('client', '192.0.2.1'))
    assert.equal(waits.filter((wait) => wait === 0).length, 10)
  })
})
