import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { randomUUID } from 'node:crypto'
import {
  audience,
  gatewayClaims,
  issuerKey,
  issuerName,
  keySet,
  signToken,
  type IssuerKey,
} from '../verifier/issuer.ts'
import { openMeddler } from './meddler.ts'
import { until } from './program.ts'
import { percentile } from './verifier.ts'
import { fault, keepAsking, type World } from './world.ts'

// Keys come and go.

fault(
  'F21: a verifier that was away while keys were rotated comes back without hands',
  async (world) => {
    const { node } = await world.verifier('one')
    const { authority } = world
    const keys = `/v1/organizations/${authority.organization()}/keys`
    const old = await authority.issue()
    await node.end('SIGKILL')
    world.promised = false
    assert.equal((await authority.call('POST', keys, {})).status, 201)
    // The lease of the one that is away holds the new key back: nobody is shown what nobody can check.
    assert.equal(kidOf((await authority.issue()).token), kidOf(old.token))
    node.start()
    await node.untilReady()
    await until(
      'the new key signs',
      async () => {
        const next = await authority.issue()
        const isNew = kidOf(next.token) !== kidOf(old.token)
        if (isNew) assert.equal(await node.ask(next), 200)
        return isNew
      },
      30_000,
    )
    world.promised = true
    assert.equal(await node.ask(old), 200)
    world.promised = false
    const retired = await authority.call('POST', `${keys}/${kidOf(old.token)}/retire`, {})
    assert.ok(retired.status === 200 || retired.status === 201, `${retired.status}`)
    assert.equal(await node.ask(old), 401)
  },
)

fault(
  'F21: a verifier that was away while the key of the feed was rotated and retired follows again',
  async (world) => {
    const { node } = await world.verifier('one')
    const { authority } = world
    const [live, dead, late] = await Promise.all([1, 2, 3].map(() => authority.issue()))
    assert.ok(live && dead && late)
    const path = `/v1/organizations/${authority.organization()}/feedKeys`
    const keys = async () => (await authority.call('GET', path)).body['_embedded']?.['keys'] ?? []
    const [first] = await keys()
    world.promised = false
    await node.end('SIGKILL')
    assert.equal((await authority.call('POST', path)).status, 201)
    await authority.revoke(dead)
    const retired = await authority.call('POST', `${path}/${String(first?.['kid'])}/retire`)
    const before = (await keys()).map((key) => `${String(key['kid'])} ${String(key['state'])}`)
    assert.ok((retired.status ?? 500) < 500, `${retired.status}`)
    node.start()
    await node.untilReady()
    assert.deepEqual([await node.ask(live), await node.ask(dead)], [200, 401], before.join())
    assert.equal((await authority.revoke(late)).headers['warder-applied'], '1/1')
    // And again with nobody to ask.
    await node.end('SIGKILL')
    await authority.end('SIGKILL')
    node.start()
    await until('it serves alone', async () => (await node.ask(live)) === 200, 20_000)
    assert.deepEqual([await node.ask(dead), await node.ask(late)], [401, 401])
    await authority.start()
  },
)

function kidOf(token: string): string {
  const [header = ''] = token.split('.')
  return (JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }).kid
}

/** An outside issuer that publishes its keys, and counts who asks. */
async function openIssuer(world: World) {
  let keys: readonly IssuerKey[] = [issuerKey('key-1')]
  let fetched = 0
  const server = createServer((_, response) => {
    fetched++
    response.writeHead(200, { 'content-type': 'application/jwk-set+json' }).end(keySet(...keys))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  world.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    fetched: () => fetched,
    publish(...next: readonly IssuerKey[]) {
      keys = next
    },
    key: () => keys[0] ?? issuerKey('none'),
  }
}

/** A verifier that trusts an outside issuer beside the authority. */
async function trusting(world: World, jwks: string) {
  const config = join(world.folder, 'trust.yaml')
  const entry = `- issuer: ${issuerName}\n    jwks: ${jwks}\n    audience: ${audience}`
  writeFileSync(config, `trust:\n  ${entry}\n`)
  const { node } = await world.verifier('one', { env: { WARDER_CONFIG: config } })
  // What a verifier is enrolled for bounds what it takes of anybody.
  const claims = { environmentId: world.authority.environment() }
  return {
    node,
    status: async (token: string) => (await node.hook(token)).status,
    tokenOf: (key: IssuerKey) => signToken(key, gatewayClaims(claims)),
  }
}

fault(
  'F22: the tokens of a key that was withdrawn at once are refused, and those of the next accepted',
  async (world) => {
    const issuer = await openIssuer(world)
    const { status, tokenOf } = await trusting(world, issuer.url)
    const [first, second] = [issuer.key(), issuerKey('key-2')]
    const old = tokenOf(first)
    assert.deepEqual(await byAllThreads(() => status(old)), [200])
    issuer.publish(second)
    // The first token of a key that nobody knows has the set fetched anew.
    await until('the new key counts', async () => (await status(tokenOf(second))) === 200, 15_000)
    assert.deepEqual(await byAllThreads(() => status(old)), [401])
  },
)

/** The different answers to a question that is asked so often at once that each thread has to answer, and remembers. */
async function byAllThreads<T>(asks: () => Promise<T>): Promise<readonly T[]> {
  return [...new Set(await Promise.all(Array.from({ length: 30 }, asks)))]
}

fault('F22: a key that is taken out of a watched file is gone within seconds', async (world) => {
  const file = join(world.folder, 'keys.json')
  const [first, second] = [issuerKey('key-1'), issuerKey('key-2')]
  writeFileSync(file, keySet(first, second))
  const { status, tokenOf } = await trusting(world, file)
  const old = tokenOf(first)
  assert.deepEqual(await byAllThreads(() => status(old)), [200])
  writeFileSync(file, keySet(second))
  await until('it is gone', async () => (await status(old)) === 401, 10_000)
  assert.deepEqual(await byAllThreads(() => status(old)), [401])
  assert.equal(await status(tokenOf(second)), 200)
})

fault(
  'F23: a flood of unknown keys costs the issuer one question and the others nothing',
  async (world) => {
    const issuer = await openIssuer(world)
    const { node, status, tokenOf } = await trusting(world, issuer.url)
    const live = await world.authority.issue()
    const valid = tokenOf(issuer.key())
    assert.equal(await status(valid), 200)
    const fetched = issuer.fetched()
    const quiet = keepAsking([node], [live], 2)
    await delay(1500)
    await quiet.stop()
    const before = percentile(node.took(), 99)
    const load = keepAsking([node], [live], 2)
    const stranger = issuerKey('stranger')
    const end = performance.now() + 4000
    const flood = async () => {
      while (performance.now() < end) {
        const got = await status(signToken(stranger, gatewayClaims(), { kid: randomUUID() }))
        assert.equal(got, 401)
      }
    }
    await Promise.all(Array.from({ length: 32 }, flood))
    await load.stop()
    const during = percentile(node.took(), 99)
    assert.ok(issuer.fetched() - fetched <= 1, `asked ${issuer.fetched() - fetched} times`)
    assert.equal(await status(valid), 200)
    assert.ok(during < Math.max(250, before * 20), `${before} ms before, ${during} ms during`)
  },
)

fault(
  'F24: a verifier that is refused goes on with what it knows, says so, and recovers by itself',
  async (world) => {
    const meddler = await openMeddler(world.authority.port)
    world.after(meddler.close)
    const env = { WARDER_FRESHNESS_STALE_AFTER: '1s', WARDER_FRESHNESS_EXPIRE_AFTER: '6s' }
    const { node } = await world.verifier('one', { authority: meddler.url, env })
    const live = await world.authority.issue()
    meddler.meddling = { answer: () => ({ status: 401 }) }
    meddler.interrupt()
    await until('it says so', async () => (await node.page('/readyz')).text.includes('"stale"'))
    await until('it is told', () => /"why":"refused"/.test(node.program().log()))
    assert.equal(await node.ask(live), 200)
    world.promised = false
    await until('it expires', async () => (await node.ask(live)) === 503)
    meddler.meddling = {}
    await until('it is back', async () => (await node.ask(live)) === 200, 30_000)
  },
)

fault(
  'F24: an enrolment that was revoked gets nothing any more, and its verifier expires',
  async (world) => {
    const env = { WARDER_FRESHNESS_STALE_AFTER: '1s', WARDER_FRESHNESS_EXPIRE_AFTER: '3s' }
    const { node } = await world.verifier('one', { env })
    const live = await world.authority.issue()
    const path = `/v1/organizations/${world.authority.organization()}/verifiers`
    const list = await world.authority.call('GET', path)
    const [verifier] = list.body['_embedded']?.['verifiers'] ?? []
    world.promised = false
    const { status } = await world.authority.call('DELETE', `${path}/${String(verifier?.['id'])}`)
    assert.equal(status, 204)
    await until('it expires', async () => (await node.ask(live)) === 503)
    await delay(1000)
    assert.equal(await node.ask(live), 503)
  },
)
