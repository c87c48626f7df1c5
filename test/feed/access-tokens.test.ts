import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  addApiCredential,
  apiCredentialsPath,
  buyAccessToken,
  type TestClient,
} from '../authority/api-clients.ts'
import { addGateway, embedded, openHouse, type House } from '../authority/house.ts'
import { addOrganization } from '../authority/organizations.ts'
import { gatewayDoor, nginxHook, statusOf } from '../verifier/running.ts'
import { ask, request } from '../verifier/wire.ts'
import { enrol, startFeedVerifier, stateFolder, until, type FeedVerifier } from './fleet.ts'

// Access tokens at verifiers that follow over the network, from the token endpoint to the doors.

const verifiersMax = 16
const doors = {
  nginx: { ...gatewayDoor, require: 'both' },
  forward: { ...gatewayDoor, require: 'client' },
  envoy: { ...gatewayDoor, carrier: { ...gatewayDoor.carrier, kind: 'bearer' }, require: 'client' },
  authzen: { ...gatewayDoor, require: 'client' },
} as const

const forward = (bearer: string, ...more: readonly string[]) =>
  request(
    'GET /auth/forward HTTP/1.1',
    'Host: app',
    `Authorization: Bearer ${bearer}`,
    'X-Forwarded-Host: app',
    'X-Forwarded-Method: GET',
    'X-Forwarded-Proto: http',
    'X-Forwarded-Uri: /',
    ...more,
  )
const envoy = (bearer: string, ...more: readonly string[]) =>
  request(
    'GET /auth/envoy/x HTTP/1.1',
    'Host: app',
    `Authorization: Bearer ${bearer}`,
    'X-Forwarded-Proto: http',
    ...more,
  )

const evaluation = (bearer: string) => {
  const [subject, resource] = [
    { type: 'user', id: 'a' },
    { type: 'route', id: '/' },
  ]
  const body = JSON.stringify({ subject, action: { name: 'GET' }, resource })
  const head = request(
    'POST /access/v1/evaluation HTTP/1.1',
    'Host: app',
    `Authorization: Bearer ${bearer}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  )
  return `${head}${body}`
}

describe('access tokens at a fleet of sixteen', () => {
  const folders = Array.from({ length: verifiersMax }, stateFolder)
  let house: House
  let verifiers: readonly FeedVerifier[] = []
  let first: FeedVerifier['place']
  let primary: TestClient

  before(async () => {
    house = await openHouse()
    primary = await addApiCredential(house)
    const start = async ({ path }: (typeof folders)[number], at: number) =>
      startFeedVerifier({ stateFolder: path, enrolment: await enrol(house, `v${at}`), doors })
    verifiers = await Promise.all(folders.map(start))
    first = verifiers[0]?.place ?? { port: 0 }
  })
  after(async () => {
    await Promise.all(verifiers.map(({ stop }) => stop()))
    await house.close()
    for (const { remove } of folders) remove()
  })

  const everywhere = (token: string) =>
    Promise.all(verifiers.map(({ place }) => statusOf(place, forward(token))))
  const all = (status: number) => verifiers.map(() => status)

  test('a door that asks for the client’s token takes it, and no gateway’s credential in its place', async () => {
    const token = await buyAccessToken(house, primary)
    const { answered } = await addGateway(house, { createCredential: true })
    const credential = String(embedded(answered.body, 'credentials')[0]?.['credential'])
    assert.deepEqual(await everywhere(token), all(200))
    assert.equal(await statusOf(first, forward(credential)), 401)
    assert.equal(await statusOf(first, envoy(token)), 200)
    assert.equal(await statusOf(first, forward(house.token)), 401)
    // And one that asks for both takes neither alone.
    const bearer = `Authorization: Bearer ${token}`
    assert.equal(await statusOf(first, nginxHook(credential, bearer)), 200)
    assert.equal(await statusOf(first, nginxHook(credential)), 401)
    assert.equal(await statusOf(first, nginxHook(undefined, bearer)), 401)
    assert.equal(await statusOf(first, nginxHook(token, bearer)), 401)
    const swapped = `Authorization: Bearer ${credential}`
    assert.equal(await statusOf(first, nginxHook(token, swapped)), 401)
  })

  test('a token that is bound to addresses counts only where the gateway says that one of them asks', async () => {
    const allowedAddresses = ['127.0.0.1', '192.0.2.0/24', '2001:db8::/32']
    const client = await addApiCredential(house, { allowedAddresses })
    const token = await buyAccessToken(house, client)
    const cases: readonly (readonly [address: readonly string[], status: number])[] = [
      [['192.0.2.7'], 200],
      [['2001:db8::1'], 200],
      [['::ffff:192.0.2.7'], 200],
      [['198.51.100.1, 192.0.2.7'], 200],
      [['198.51.100.1'], 401],
      [['2001:db9::1'], 401],
      // What a client may have written itself stands in front.
      [['192.0.2.7, 198.51.100.1'], 401],
      [['192.0.2.7,'], 401],
      [['192.0.2.7:443'], 401],
      [['192.0.2.07'], 401],
      [['unknown'], 401],
      [['192.0.2.7', '192.0.2.7'], 401],
      [[], 401],
    ]
    for (const [addresses, status] of cases) {
      const lines = addresses.map((address) => `X-Forwarded-For: ${address}`)
      assert.equal(await statusOf(first, forward(token, ...lines)), status, lines.join())
      assert.equal(await statusOf(first, envoy(token, ...lines)), status, lines.join())
    }
    const { answered } = await addGateway(house, { createCredential: true })
    const credential = String(embedded(answered.body, 'credentials')[0]?.['credential'])
    const hook = nginxHook(credential, `Authorization: Bearer ${token}`)
    assert.equal(await statusOf(first, hook), 200)
    const elsewhere = 'X-Real-IP: 198.51.100.1'
    assert.equal(await statusOf(first, hook.replace('X-Real-IP: 127.0.0.1', elsewhere)), 401)
    assert.equal(await statusOf(first, hook.replace('X-Real-IP: 127.0.0.1', 'X-A: b')), 401)
    const free = await buyAccessToken(house, primary)
    assert.equal(await statusOf(first, forward(free)), 200)
    // AuthZEN tells no address.
    assert.match((await ask(first, evaluation(free))).body, /"decision":true/)
    assert.doesNotMatch((await ask(first, evaluation(token))).body, /"decision":true/)
    assert.equal((await house.ask('DELETE', client.path)).status, 204)
  })

  test('R9: after the answer to a deletion no verifier takes its tokens, while all of them are asked', async () => {
    const other = await buyAccessToken(house, primary)
    for (let round = 0; round < 3; round += 1) {
      const client = await addApiCredential(house)
      const token = await buyAccessToken(house, client)
      assert.deepEqual(await everywhere(token), all(200))
      const load = loadOf(verifiers, token)
      await load.running()
      const { status, headers } = await house.ask('DELETE', client.path)
      const deletedAt = performance.now()
      assert.equal(status, 204)
      assert.equal(headers.get('warder-applied'), `${verifiersMax}/${verifiersMax}`)
      const asked = await load.stop()
      assert.ok(asked.some(({ sentAt, status: was }) => sentAt < deletedAt && was === 200))
      const late = asked.filter(({ sentAt }) => sentAt >= deletedAt)
      assert.ok(late.length >= verifiersMax)
      assert.deepEqual([...new Set(late.map(({ status: was }) => was))], [401])
      assert.deepEqual(await everywhere(other), all(200))
    }
  })

  test('revokeTokens ends what is out at every verifier by the answer, and nothing that comes after', async () => {
    const client = await addApiCredential(house)
    const old = await buyAccessToken(house, client)
    assert.deepEqual(await everywhere(old), all(200))
    const body = { revokeTokens: true }
    const { headers, body: rotated } = await house.ask('POST', `${client.path}/rotate`, { body })
    assert.equal(headers.get('warder-applied'), `${verifiersMax}/${verifiersMax}`)
    assert.deepEqual(await everywhere(old), all(401))
    const clientSecret = String(rotated['clientSecret'])
    const next = await buyAccessToken(house, { ...client, clientSecret })
    assert.deepEqual(await everywhere(next), all(200))
  })

  test('AT-70: the tokens of another organization count at none of these verifiers', async () => {
    const other = await addOrganization(house)
    const path = apiCredentialsPath(other)
    const made = await house.ask('POST', path, { token: other.token, body: { name: 'other' } })
    const [clientId, clientSecret] = [made.body['clientId'], made.body['clientSecret']]
    const client = { ...primary, clientId: String(clientId), clientSecret: String(clientSecret) }
    const audience = String(made.body['audience'])
    const token = await buyAccessToken(house, { ...client, audience })
    const folder = stateFolder()
    const enrolment = await enrol(house, 'afterwards')
    const fresh = await startFeedVerifier({ stateFolder: folder.path, enrolment, doors })
    await until(async () => (await fresh.page('/readyz')).status === 200)
    assert.deepEqual(await everywhere(token), all(401))
    assert.equal(await statusOf(fresh.place, forward(token)), 401)
    await fresh.stop()
    folder.remove()
  })

  test('a verifier that starts later refuses the tokens of who was deleted before', async () => {
    const client = await addApiCredential(house)
    const token = await buyAccessToken(house, client)
    assert.equal((await house.ask('DELETE', client.path)).status, 204)
    const folder = stateFolder()
    const enrolment = await enrol(house, 'late')
    const late = await startFeedVerifier({ stateFolder: folder.path, enrolment, doors })
    await until(async () => (await late.page('/readyz')).status === 200)
    const live = await buyAccessToken(house, primary)
    assert.equal(await statusOf(late.place, forward(live)), 200)
    assert.equal(await statusOf(late.place, forward(token)), 401)
    await late.stop()
    folder.remove()
  })
})

interface Asked {
  readonly sentAt: number
  readonly status: number
}

/** Asks every verifier, each without a pause, until it is stopped and each has been asked once more. */
function loadOf(verifiers: readonly FeedVerifier[], token: string) {
  const asked: Asked[] = []
  let stopped = false
  const lane = async ({ place }: FeedVerifier) => {
    for (let last = false; !last;) {
      last = stopped
      const sentAt = performance.now()
      asked.push({ sentAt, status: await statusOf(place, forward(token)) })
    }
  }
  const lanes = verifiers.map(lane)
  return {
    async running(): Promise<void> {
      await until(async () => asked.length >= verifiers.length * 3)
    },
    async stop(): Promise<readonly Asked[]> {
      stopped = true
      await Promise.all(lanes)
      return asked
    },
  }
}
