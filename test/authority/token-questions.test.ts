import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { addApiCredential, buyAccessToken, testToken, type TestClient } from './api-clients.ts'
import { addGateway, ask, embedded, openHouse, type House } from './house.ts'
import { addOrganization } from './organizations.ts'
import { manualClock } from '../manual-clock.ts'
import { enrol, startFeedVerifier, stateFolder, until, type FeedVerifier } from '../feed/fleet.ts'
import { gatewayDoor, statusOf } from '../verifier/running.ts'
import { request } from '../verifier/wire.ts'

async function withHouse(work: (house: House) => Promise<void>): Promise<void> {
  const house = await openHouse({ settings: { revocationWaitMs: 200 } })
  try {
    await work(house)
  } finally {
    await house.close()
  }
}

interface Told {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
  readonly text: string
}

async function send(
  house: House,
  path: 'introspect' | 'revoke',
  form: Record<string, string>,
  client?: TestClient,
): Promise<Told> {
  const basic =
    client && Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64')
  const answer = await fetch(`${house.url}/oauth/${path}`, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers: basic === undefined ? {} : { authorization: `Basic ${basic}` },
  })
  const text = await answer.text()
  const body = JSON.parse(text || '{}') as Record<string, unknown>
  return { status: answer.status, headers: answer.headers, body, text }
}

async function issue(house: House) {
  const gateway = await addGateway(house, { createCredential: true })
  const credential = embedded(gateway.answered.body, 'credentials')[0]
  const path = `${gateway.path}/credentials/${String(credential?.['id'])}`
  return { path, gatewayId: gateway.id, token: String(credential?.['credential']) }
}

const asks = ({ place }: FeedVerifier, token: string) =>
  statusOf(
    place,
    request(
      'GET /auth/forward HTTP/1.1',
      'Host: app',
      `Authorization: Bearer ${token}`,
      'X-Forwarded-Host: app',
      'X-Forwarded-Method: GET',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Uri: /',
    ),
  )

const environmentsOf = ({ organizationId }: House) =>
  `/v1/organizations/${organizationId}/environments`

const inactive = '{"active":false}'

describe('introspection and revocation', () => {
  test('R1, I1: both are POST, and nobody asks without showing who they are', async () => {
    await withHouse(async (house) => {
      const client = await addApiCredential(house)
      const wrong = { ...client, clientSecret: 'x'.repeat(43) }
      for (const path of ['introspect', 'revoke'] as const) {
        for (const one of [undefined, wrong]) {
          const told = await send(house, path, { token: 'x' }, one)
          assert.deepEqual([told.status, told.body['error']], [401, 'invalid_client'])
          assert.match(told.headers.get('www-authenticate') ?? '', /^Basic /)
        }
        const got = await fetch(`${house.url}/oauth/${path}`)
        assert.equal(got.status, 405)
        const missing = await send(house, path, {}, client)
        assert.deepEqual([missing.status, missing.body['error']], [400, 'invalid_request'])
      }
    })
  })

  test('a live token is told what it is, and I2: anything else is told exactly that it is not active', async () => {
    await withHouse(async (house) => {
      const client = await addApiCredential(house)
      const { token, gatewayId, path } = await issue(house)
      const told = async (one: string) => send(house, 'introspect', { token: one }, client)
      const gateway = await told(token)
      assert.equal(gateway.body['active'], true)
      assert.equal(gateway.body['gatewayId'], gatewayId)
      assert.match(gateway.headers.get('cache-control') ?? '', /no-store/)
      const access = await told(await buyAccessToken(house, client))
      assert.deepEqual([access.body['active'], access.body['client_id']], [true, client.clientId])
      await house.ask('DELETE', path)
      const changed = `${token.slice(0, -2)}AA`
      for (const dead of [token, changed, 'nonsense', house.token]) {
        const { status, text } = await told(dead)
        assert.deepEqual([status, text], [200, inactive])
      }
    })
  })

  test('a credential is not active while its gateway or environment is disabled, nor once the environment is deleted', async () => {
    await withHouse(async (house) => {
      const client = await addApiCredential(house)
      const { body } = await house.ask('POST', environmentsOf(house), { body: { name: 'e' } })
      const environment = `${environmentsOf(house)}/${String(body['id'])}`
      const one = await issue({ ...house, environmentId: String(body['id']) })
      const gateway = one.path.replace(/\/credentials.*/, '')
      const isActive = async () =>
        (await send(house, 'introspect', { token: one.token }, client)).body['active']
      const type = 'API_GATEWAY_INTEGRATION'
      const put = async (path: string, enabled: boolean) => {
        await house.ask('PUT', path, { body: { name: 'e', type, enabled } })
        return isActive()
      }
      assert.equal(await isActive(), true)
      for (const path of [gateway, environment]) {
        assert.deepEqual([await put(path, false), await put(path, true)], [false, true])
      }
      await house.ask('DELETE', environment)
      assert.equal(await isActive(), false)
    })
  })

  test('a credential is not active once its gateway is deleted', async () => {
    await withHouse(async (house) => {
      const client = await addApiCredential(house)
      const { token, path } = await issue(house)
      await house.ask('DELETE', path.replace(/\/credentials.*/, ''))
      assert.equal((await send(house, 'introspect', { token }, client)).text, inactive)
    })
  })

  test('of a token that counts from some addresses only, these are told', async () => {
    await withHouse(async (house) => {
      const allowedAddresses = ['127.0.0.0/8', '2001:db8::/32', '::ffff:192.0.2.7']
      const client = await addApiCredential(house, { allowedAddresses })
      const token = await buyAccessToken(house, client)
      const { body } = await send(house, 'introspect', { token }, client)
      assert.equal(body['active'], true)
      const told = ['127.0.0.0/8', '2001:db8:0:0:0:0:0:0/32', '192.0.2.7/32']
      assert.deepEqual(body['allowed_addresses'], told)
    })
  })

  test('who took a scope away is named to who asks why the tokens have ended', async () => {
    await withHouse(async (house) => {
      const client = await addApiCredential(house, { scopes: ['a', 'b'] })
      const token = await buyAccessToken(house, client)
      await house.ask('PATCH', client.path, { body: { scopes: ['a'] } })
      const path = `/v1/environments/${house.environmentId}/explain`
      const { body } = await house.ask('POST', path, { body: { token } })
      assert.deepEqual([body['reason'], typeof body['ended']?.['by']], ['tokens-revoked', 'string'])
    })
  })

  test('a token of another organization is not active, nor can it be ended', async () => {
    await withHouse(async (house) => {
      const client = await addApiCredential(house)
      const { token } = await issue(house)
      const theirs = await buyAccessToken(house, client)
      const { token: bearer, ...other } = await addOrganization(house)
      const asOther: House['ask'] = (method, path, options) =>
        ask(house.url, method, path, { ...options, token: bearer })
      const stranger = await addApiCredential({ ...house, ...other, ask: asOther })
      for (const one of [token, theirs]) {
        assert.equal((await send(house, 'introspect', { token: one }, stranger)).text, inactive)
      }
      assert.equal((await send(house, 'revoke', { token: theirs }, stranger)).status, 200)
      assert.equal((await testToken(house, theirs)).status, 200)
    })
  })

  test('R2, R3, R4, R8: what is unknown, not the client’s own or ended before is 200 all the same, whatever the hint', async () => {
    await withHouse(async (house) => {
      const [client, other] = [await addApiCredential(house), await addApiCredential(house)]
      const { token: credential } = await issue(house)
      const own = await buyAccessToken(house, client)
      const theirs = await buyAccessToken(house, other)
      const hint = { token_type_hint: 'no such type' }
      const texts = new Set<string>()
      for (const token of ['nonsense', credential, theirs, own, own]) {
        const told = await send(house, 'revoke', { token, ...hint }, client)
        assert.equal(told.status, 200)
        texts.add(told.text)
      }
      assert.equal(texts.size, 1)
      assert.equal((await send(house, 'introspect', { token: own }, client)).text, inactive)
      for (const token of [credential, theirs]) {
        const told = await send(house, 'introspect', { token }, client)
        assert.equal(told.body['active'], true)
      }
      assert.notEqual((await testToken(house, own)).status, 200)
      const explain = `/v1/environments/${house.environmentId}/explain`
      const explained = await house.ask('POST', explain, { body: { token: own } })
      assert.equal(explained.body['reason'], 'credential-revoked')
      assert.equal(explained.body['ended']?.['by'], client.clientId)
      assert.equal((await testToken(house, theirs)).status, 200)
    })
  })

  test('what was revoked is kept for as long as any verifier may take it for good, and no longer', async () => {
    const clock = manualClock()
    const house = await openHouse({ clock })
    const client = await addApiCredential(house)
    const revokeOne = async () => {
      const token = await buyAccessToken(house, client)
      assert.equal((await send(house, 'revoke', { token }, client)).status, 200)
      const rows = await house.store.read((db) =>
        db.selectFrom('revokedTokens').select('jti').execute(),
      )
      return rows.length
    }
    assert.equal(await revokeOne(), 1)
    clock.advance((3600 + 600) * 1000)
    assert.equal(await revokeOne(), 2)
    clock.advance(1000)
    assert.equal(await revokeOne(), 2)
    await house.close()
  })

  test('R7: after the 200 the token is refused by every verifier, and by one that comes later', async () => {
    await withHouse(async (house) => {
      const folders = [stateFolder(), stateFolder()]
      const start = async (at: number) =>
        startFeedVerifier({
          stateFolder: folders[at]?.path ?? '',
          enrolment: await enrol(house, `verifier ${at}`),
          doors: { forward: { ...gatewayDoor, require: 'client' } },
        })
      const first = await start(0)
      const client = await addApiCredential(house)
      const [dead, live] = [
        await buyAccessToken(house, client),
        await buyAccessToken(house, client),
      ]
      await until(async () => (await asks(first, dead)) === 200)
      const told = await send(house, 'revoke', { token: dead }, client)
      assert.equal(told.headers.get('warder-applied'), '1/1')
      const second = await start(1)
      await until(async () => (await asks(second, live)) === 200)
      for (const one of [first, second]) {
        assert.deepEqual([await asks(one, dead), await asks(one, live)], [401, 200])
      }
      await Promise.all([first.stop(), second.stop()])
      for (const { remove } of folders) remove()
    })
  })
})
