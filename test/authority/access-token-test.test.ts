import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { manualClock } from '../manual-clock.ts'
import { addApiCredential, buyAccessToken } from './api-clients.ts'
import { openHouse, type House } from './house.ts'

describe('the test of an access token', () => {
  const clock = manualClock()
  let house: House
  let token: string
  before(async () => {
    house = await openHouse({ clock })
    token = await buyAccessToken(house, await addApiCredential(house))
  })
  after(() => house.close())

  const ask = async (authorization?: string) => {
    const headers = authorization === undefined ? {} : { authorization }
    const answered = await fetch(`${house.url}/v2/oauth/token/test`, { headers })
    const type = answered.headers.get('content-type')
    return { status: answered.status, type, text: await answered.text(), answered }
  }

  test('R4: a token that counts is answered with a list of one, and how long it still does', async () => {
    clock.advance(1000)
    const { status, type, text } = await ask(`Bearer ${token}`)
    assert.deepEqual([status, type], [200, 'application/json'])
    assert.deepEqual(JSON.parse(text), [{ message: 'token_ok', seconds_to_expiry: 3599 }])
  })

  test('R4: no bearer, or one that is none, is 400 in plain text', async () => {
    for (const authorization of [
      undefined,
      'Basic eDp5',
      'Bearer',
      'Bearer x',
      `Bearer ${token} x`,
    ]) {
      const { status, type, text } = await ask(authorization)
      assert.equal(status, 400)
      assert.match(type ?? '', /^text\/plain/)
      assert.equal(text, 'Invalid Request parameters [Invalid bearer authentication token]')
    }
  })

  test('R4: a token that counts from one address is 401 from another', async () => {
    const client = await addApiCredential(house, { allowedAddresses: ['127.0.0.1'] })
    const bound = await buyAccessToken(house, client)
    const from = async (localAddress: string) => {
      const headers = { authorization: `Bearer ${bound}` }
      const asked = request(`${house.url}/v2/oauth/token/test`, { headers, localAddress })
      const [answered] = (await once(asked.end(), 'response')) as [IncomingMessage]
      answered.resume()
      return answered.statusCode
    }
    assert.deepEqual([await from('127.0.0.1'), await from('127.0.0.2')], [200, 401])
  })

  test('R4: a token of another signature, another kind, or that has expired is 401 with nothing in it', async () => {
    const forged = `${token.slice(0, -8)}${'A'.repeat(8)}`
    const empty = async (bearer: string) => {
      const { status, type, text, answered } = await ask(`Bearer ${bearer}`)
      assert.deepEqual([status, type, text], [401, null, ''])
      assert.equal(answered.headers.get('www-authenticate'), 'Bearer error="invalid_token"')
    }
    await empty(forged)
    await empty(house.token)
    clock.advance(3_598_999)
    assert.equal((await ask(`Bearer ${token}`)).status, 200)
    clock.advance(1)
    await empty(token)
  })

  test('T14: the metadata names the issuer of tokens and where to buy them', async () => {
    const answered = await fetch(`${house.url}/.well-known/oauth-authorization-server`)
    const metadata = (await answered.json()) as Record<string, unknown>
    assert.equal(metadata['issuer'], house.settings.credentials.issuer)
    assert.equal(metadata['token_endpoint'], `${house.url}/v2/oauth/token`)
    assert.equal(metadata['jwks_uri'], `${house.url}/.well-known/jwks.json`)
    const keys = await fetch(metadata['jwks_uri'])
    assert.equal(keys.status, 200)
  })
})
