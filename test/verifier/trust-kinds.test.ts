import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { TrustSettings } from '../../src/verifier/trust-source.ts'
import { clientClaims, gatewayClaims, issuerKey, keySet, signToken, type Claims } from './issuer.ts'
import {
  clientEntry,
  forwardHook,
  gatewayDoor,
  nginxHook,
  runVerifier,
  statusOf,
  trustEntry,
  until,
  type Running,
} from './running.ts'

// One issuer in two entries: gateways ask at one door, clients at the other.

const clientDoor = {
  carrier: { kind: 'bearer', headers: [] },
  require: 'client',
  environment: undefined,
} as const

async function runBoth(
  t: TestContext,
  trust: (folder: string) => readonly TrustSettings[],
): Promise<Running> {
  const doors = { nginx: gatewayDoor, forward: clientDoor }
  const running = await runVerifier({ settings: { doors }, trust })
  t.after(() => running.stop())
  return running
}

const asGateway = ({ place }: Running, token: string) => statusOf(place, nginxHook(token))
const asClient = ({ place }: Running, token: string) =>
  statusOf(place, forwardHook(undefined, `Authorization: Bearer ${token}`))

test('AT-20, AT-21: of two key sets of one issuer, neither signs for the kind of the other', async (t) => {
  const [gateways, clients] = [issuerKey('gateways'), issuerKey('clients')]
  const running = await runBoth(t, (folder) => {
    const jwks = join(folder, 'clients.json')
    writeFileSync(jwks, keySet(clients))
    writeFileSync(join(folder, 'keys.json'), keySet(gateways))
    return [trustEntry(folder), { ...clientEntry(folder), jwks }]
  })
  const gateway = (key: typeof gateways) => signToken(key, gatewayClaims())
  const client = (key: typeof gateways) => signToken(key, clientClaims())
  assert.equal(await asGateway(running, gateway(gateways)), 200)
  assert.equal(await asClient(running, client(clients)), 200)
  assert.equal(await asGateway(running, gateway(clients)), 401)
  assert.equal(await asClient(running, client(gateways)), 401)

  // A key that goes over to the other set takes with it what it has signed for the first, seen before or not.
  const seen = gateway(gateways)
  assert.equal(await asGateway(running, seen), 200)
  running.put('clients.json', keySet(clients, gateways))
  await until(async () => (await asClient(running, client(gateways))) === 200)
  assert.equal(await asGateway(running, seen), 200)
  running.put('keys.json', keySet(issuerKey('next')))
  await until(async () => (await asGateway(running, seen)) === 401)
  assert.equal(await asGateway(running, gateway(gateways)), 401)
  assert.equal(await asClient(running, client(gateways)), 200)
})

test('a key that takes the kid of another replaces it in every entry that shares the file', async (t) => {
  const running = await runBoth(t, (folder) => [trustEntry(folder), clientEntry(folder)])
  const next = issuerKey(running.key.kid)
  const [old, fresh] = [running.token(), signToken(next, gatewayClaims())]
  assert.deepEqual([await asGateway(running, old), await asGateway(running, fresh)], [200, 401])
  running.put('keys.json', keySet(next))
  await until(async () => (await asGateway(running, fresh)) === 200)
  assert.equal(await asGateway(running, old), 401)
  assert.equal(await asClient(running, signToken(next, clientClaims())), 200)
  assert.equal(await asClient(running, signToken(running.key, clientClaims())), 401)
  await until(async () => (await running.page('/readyz')).body === '{"state":"ready"}')
})

test('two key sets of one issuer that give a kid to two keys count as they were until they agree', async (t) => {
  const running = await runBoth(t, (folder) => {
    const jwks = join(folder, 'clients.json')
    writeFileSync(jwks, keySet(issuerKey('clients')))
    return [trustEntry(folder), { ...clientEntry(folder), jwks }]
  })
  const next = issuerKey(running.key.kid)
  const ready = async () => (await running.page('/readyz')).body
  running.put('clients.json', keySet(running.key))
  await until(async () => (await asClient(running, signToken(running.key, clientClaims()))) === 200)
  running.put('keys.json', keySet(next))
  await until(async () => /gives a kid to another key/.test(await ready()))
  assert.equal(await asGateway(running, running.token()), 200)
  assert.equal(await asGateway(running, signToken(next, gatewayClaims())), 401)
  running.put('clients.json', keySet(next))
  await until(async () => (await asGateway(running, signToken(next, gatewayClaims()))) === 200)
  assert.equal(await asGateway(running, running.token()), 401)
  assert.equal(await asClient(running, signToken(next, clientClaims())), 200)
  await until(async () => (await ready()) === '{"state":"ready"}')
})

for (const closesFirst of [true, false]) {
  test(`a key that one entry closes is closed, be it the ${closesFirst ? 'first' : 'last'} that names it`, async (t) => {
    const running = await runBoth(t, (folder) => {
      const jwks = join(folder, 'clients.json')
      const shared = issuerKey('shared')
      writeFileSync(join(folder, 'keys.json'), keySet(shared))
      writeFileSync(jwks, keySet(shared))
      const entries = [trustEntry(folder), { ...clientEntry(folder), jwks }]
      return closesFirst ? entries : entries.toReversed()
    })
    const now = Math.floor(Date.now() / 1000)
    const { key } = running
    running.put('clients.json', keySet(key))
    running.put('keys.json', keySet({ ...key, jwk: { ...key.jwk, issuedUntil: now - 3600 } }))
    const before = signToken(key, gatewayClaims({ iat: now - 3700 }))
    await until(async () => (await asGateway(running, before)) === 200)
    await until(async () => (await asGateway(running, running.token())) === 401)
    const client = signToken(key, clientClaims({ iat: now - 3700, exp: now + 60 }))
    await until(async () => (await asClient(running, client)) === 200)
    assert.equal(await asGateway(running, running.token()), 401)
  })
}

test('AT-21: algorithms that one entry of an issuer allows are not allowed for the other', async (t) => {
  const ed25519: Claims = {
    ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }),
    kid: 'other',
  }
  const running = await runBoth(t, (folder) => {
    const shared = issuerKey('shared')
    writeFileSync(join(folder, 'keys.json'), keySet(shared, { ...shared, jwk: ed25519 }))
    return [trustEntry(folder, { algorithms: ['EdDSA'] }), clientEntry(folder)]
  })
  running.put('keys.json', keySet(running.key, { ...running.key, jwk: ed25519 }))
  await until(async () => (await asClient(running, signToken(running.key, clientClaims()))) === 200)
  assert.equal(await asGateway(running, running.token()), 401)
})
