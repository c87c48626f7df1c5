import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { CompactSign, calculateJwkThumbprint } from 'jose'
import { isJsonObject, parseJsonObject, type JsonObject } from '../../src/credential/strict-json.ts'
import { readChange } from '../../src/standing/change.ts'
import { feedType } from '../../src/standing/feed-line.ts'
import { readFeedKeys } from '../../src/verifier/feed/feed-keys.ts'
import { embedded, openHouse, type House } from '../authority/house.ts'
import { enrol, startFeedVerifier, stateFolder, until, type FeedVerifier } from './fleet.ts'

const feedOf = async (verifier: FeedVerifier) =>
  (await verifier.status())['feed'] as { connected: boolean; reconnects: number }

describe('the feed gets other keys', () => {
  const folders = [stateFolder(), stateFolder(), stateFolder()]
  const enrolments: string[] = []
  let house: House
  let here: FeedVerifier
  let away: FeedVerifier
  let first = ''
  const started: FeedVerifier[] = []

  const start = async (at: number, authority?: string) => {
    const verifier = await startFeedVerifier({
      stateFolder: folders[at]?.path ?? '',
      enrolment: enrolments[at] ?? '',
      ...(authority === undefined ? {} : { authority }),
    })
    started.push(verifier)
    return verifier
  }
  before(async () => {
    house = await openHouse({ settings: { revocationWaitMs: 200 } })
    for (const name of ['here', 'away']) enrolments.push(await enrol(house, name))
    here = await start(0)
    away = await start(1)
    const { body } = await house.ask('GET', feedKeys())
    first = String(embedded(body, 'keys')[0]?.['kid'])
  })
  after(async () => {
    await Promise.all(started.map(({ stop }) => stop()))
    await house.close()
    for (const { remove } of folders) remove()
  })

  const feedKeys = () => `/v1/organizations/${house.organizationId}/feedKeys`
  const rotate = () => house.ask('POST', feedKeys())
  const retire = (kid: string) => house.ask('POST', `${feedKeys()}/${kid}/retire`)
  const gateways = () => `/v1/environments/${house.environmentId}/gateways`
  const addGateway = async (name: string) => {
    const body = { name, type: 'API_GATEWAY_INTEGRATION' }
    const answer = await house.ask('POST', gateways(), { body })
    const credential = embedded(answer.body, 'credentials')[0]
    const id = String(credential?.['id'])
    return {
      path: `${gateways()}/${String(answer.body['id'])}/credentials/${id}`,
      credential: String(credential?.['credential']),
    }
  }

  test('who is connected goes on without an interruption, and the new key signs', async () => {
    const { body, status } = await rotate()
    assert.deepEqual([status, body['state']], [201, 'active'])
    const one = await addGateway('rotated')
    assert.equal((await house.ask('DELETE', one.path)).headers.get('warder-applied'), '2/2')
    assert.deepEqual(await feedOf(here), {
      ...(await feedOf(here)),
      connected: true,
      reconnects: 0,
    })
  })

  test('the key that signs cannot be retired', async () => {
    const { body } = await house.ask('GET', feedKeys())
    const newest = embedded(body, 'keys').at(-1)
    const refused = await retire(String(newest?.['kid']))
    assert.equal(refused.status, 400)
  })

  test('F21: who was away while keys came and went recovers without hands', async () => {
    await away.stop()
    const dead = await addGateway('revoked meanwhile')
    assert.equal((await house.ask('DELETE', dead.path)).status, 204)
    assert.equal((await rotate()).body['state'], 'active')
    const retired = await retire(first)
    assert.deepEqual([retired.status, retired.body['state']], [200, 'retired'])
    away = await start(1)
    await until(async () => (await feedOf(away)).connected)
    assert.equal((await away.ask(dead.credential)).status, 401)
    const one = await addGateway('after')
    assert.equal((await house.ask('DELETE', one.path)).headers.get('warder-applied'), '2/2')
  })

  test('who enrols now begins with the newest key', async () => {
    enrolments.push(await enrol(house, 'late'))
    const late = await start(2)
    await until(async () => (await feedOf(late)).connected)
    const one = await addGateway('for the late one')
    assert.equal((await house.ask('DELETE', one.path)).headers.get('warder-applied'), '3/3')
  })

  test('what a retired key has signed on the disk still lets a verifier start alone', async () => {
    const dead = await addGateway('known dead')
    await house.ask('DELETE', dead.path)
    const live = await addGateway('live')
    await here.stop()
    const alone = await start(0, 'http://127.0.0.1:9')
    await until(async () => (await alone.ask(live.credential)).status === 200)
    assert.equal((await alone.ask(dead.credential)).status, 401)
  })
})

describe('keys of the feed', () => {
  test('a retired key announces nothing more, and no other record brings it back', async () => {
    const [a, b, x] = await Promise.all([keyOf(), keyOf(), keyOf()])
    const addB = await line(a, { kind: 'feed-key-added', jwk: b.jwk }, 2)
    const retireA = await line(b, { kind: 'feed-key-retired', kid: a.kid }, 3)
    const addX = await line(a, { kind: 'feed-key-added', jwk: x.jwk }, 4)
    const keys = await readFeedKeys({ first: a.jwk, announcements: [addB] }, a.kid)
    assert.ok(keys)
    assert.ok(keys.open(addX))
    assert.equal(await keys.learn({ first: a.jwk, announcements: [addB, retireA] }), 'more')
    assert.equal(keys.open(addX), undefined)
    assert.ok(keys.openKept(addX))
    assert.equal(await keys.learn({ first: a.jwk, announcements: [addB, addX] }), 'untrusted')
    assert.equal(await keys.learn({ first: a.jwk, announcements: [addB] }), 'nothing')
    assert.equal(keys.open(addX), undefined)
    const again = await readFeedKeys({ first: a.jwk, announcements: [addB, retireA, addX] }, a.kid)
    assert.equal(again, undefined)
  })

  test('the last key cannot be retired, and a key that nobody announced is not taken', async () => {
    const [a, x] = await Promise.all([keyOf(), keyOf()])
    const retireA = await line(a, { kind: 'feed-key-retired', kid: a.kid }, 2)
    const addX = await line(x, { kind: 'feed-key-added', jwk: x.jwk }, 2)
    for (const said of [retireA, addX]) {
      assert.equal(await readFeedKeys({ first: a.jwk, announcements: [said] }, a.kid), undefined)
    }
    assert.equal(await readFeedKeys({ first: a.jwk, announcements: [] }, x.kid), undefined)
  })

  test('a key of another algorithm is none, be it the first or an announced one', async () => {
    const a = await keyOf()
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const exported = publicKey.export({ format: 'jwk' })
    const kid = await calculateJwkThumbprint(exported)
    const jwk = { ...exported, kid, alg: 'ES256' }
    const other = parseJsonObject(Buffer.from(JSON.stringify(jwk))) ?? assert.fail()
    assert.equal(await readFeedKeys({ first: other, announcements: [] }, kid), undefined)
    const added = await line(a, { kind: 'feed-key-added', jwk: other }, 2)
    assert.equal(await readFeedKeys({ first: a.jwk, announcements: [added] }, a.kid), undefined)
  })
})

interface Pair {
  readonly kid: string
  readonly jwk: JsonObject
  readonly privateKey: KeyObject
}

async function keyOf(): Promise<Pair> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const exported = publicKey.export({ format: 'jwk' })
  const kid = await calculateJwkThumbprint(exported)
  const jwk = parseJsonObject(Buffer.from(JSON.stringify({ ...exported, kid, alg: 'EdDSA' })))
  assert.ok(isJsonObject(jwk))
  return { kid, jwk, privateKey }
}

async function line({ kid, privateKey }: Pair, facts: object, revision: number): Promise<string> {
  const change = { ...facts, epoch: 'e', revision, previous: revision - 1, at: 1, chain: 'c' }
  const payload = Buffer.from(JSON.stringify(change))
  assert.ok(readChange(parseJsonObject(payload) ?? {}))
  return new CompactSign(payload)
    .setProtectedHeader({ alg: 'EdDSA', kid, typ: feedType })
    .sign(privateKey)
}
