import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { addGateway, embedded, openHouse, type House } from '../authority/house.ts'
import {
  gatewayClaims,
  issuerKey,
  issuerName,
  keySet,
  signToken,
  type Claims,
} from '../verifier/issuer.ts'
import { trustEntry } from '../verifier/running.ts'
import { enrol, startFeedVerifier, stateFolder, until } from './fleet.ts'

/** Under which the house issues. */
const ownName = 'https://warder.test'

/** A house, and a verifier that follows it and trusts an outside issuer whose files are beside its state. */
async function runBoth(t: TestContext, trust = (folder: string) => [trustEntry(folder)]) {
  const house = await openHouse()
  t.after(() => house.close())
  const folder = stateFolder()
  t.after(folder.remove)
  const key = issuerKey('key-1')
  const [revoked, keys] = [join(folder.path, 'revoked.txt'), join(folder.path, 'keys.json')]
  writeFileSync(keys, keySet(key))
  writeFileSync(revoked, '# nobody\n')
  const verifier = await startFeedVerifier({
    stateFolder: folder.path,
    enrolment: await enrol(house, 'edge'),
    trust: trust(folder.path),
  })
  t.after(() => verifier.stop())
  const statusOf = async (token: string) => (await verifier.ask(token)).status
  const { environmentId } = house
  const outside = (claims: Claims) => signToken(key, gatewayClaims({ environmentId, ...claims }))
  return { house, verifier, revoked, keys, statusOf, outside }
}

test('AT-20: of an outside issuer and the authority of the same name the authority counts, and the verifier says so', async (t) => {
  const { house, verifier, statusOf, outside } = await runBoth(t, (folder) => [
    trustEntry(folder, { issuer: ownName }),
    trustEntry(folder),
  ])

  const path = `/v1/environments/${house.environmentId}/gateways`
  const body = { name: 'edge', type: 'API_GATEWAY_INTEGRATION' }
  const added = await house.ask('POST', path, { body })
  const issued = added.body['_embedded']?.['credentials']?.[0]
  const credential = String(issued?.['credential'])
  assert.equal(await statusOf(credential), 200)
  const named = (iss: string) => statusOf(outside({ iss }))
  assert.deepEqual([await named(ownName), await named(issuerName)], [401, 200])
  const { status, body: reasons } = await verifier.page('/readyz')
  assert.equal(status, 200)
  assert.match(
    reasons,
    /"degraded".*issuer https:\/\/warder\.test of trust: does not count, the authority/,
  )

  const ended = await house.ask(
    'DELETE',
    `${path}/${added.body['id']}/credentials/${issued?.['id']}`,
  )
  assert.equal(ended.headers.get('warder-applied'), '1/1')
  assert.equal(await statusOf(credential), 401)
})

test('an outside issuer that cannot be read holds up no credential of the authority', async (t) => {
  const { house, verifier, keys, statusOf, outside } = await runBoth(t, (folder) => [
    trustEntry(folder, { issuer: 'https://away.test', jwks: join(folder, 'later.json') }),
    trustEntry(folder),
  ])
  const { token, path } = await issue(house)
  const away = outside({ iss: 'https://away.test' })
  assert.deepEqual([await statusOf(token), await statusOf(away)], [200, 503])
  assert.match(
    (await verifier.page('/readyz')).body,
    /"degraded".*away\.test of trust: was not read/,
  )

  const { headers } = await house.ask('DELETE', path)
  assert.equal(headers.get('warder-applied'), '1/1')
  assert.equal(await statusOf(token), 401)
  writeFileSync(join(dirname(keys), 'later.json'), readFileSync(keys))
  await until(async () => (await statusOf(away)) === 200)
})

test('what an outside issuer spells like an id of the authority is neither a use nor an alarm of that one', async (t) => {
  const { house, revoked, statusOf, outside } = await runBoth(t)
  const [own, marker] = [await issue(house), await issue(house)]
  const alike = outside({ jti: own.id })

  assert.deepEqual([await statusOf(alike), await statusOf(marker.token)], [200, 200])
  const usesOf = async (path: string) => (await house.ask('GET', path)).body['uses'] ?? 0
  await until(async () => (await usesOf(marker.path)) === 1, 10_000)
  assert.equal(await usesOf(own.path), 0)

  for (const { path } of [own, marker]) await house.ask('DELETE', path)
  writeFileSync(revoked, `${own.id}\n`)
  await until(async () => (await statusOf(alike)) === 401)
  assert.equal(await statusOf(marker.token), 401)
  const alarms = async () => {
    const path = `/v1/organizations/${house.organizationId}/audit`
    const { body } = await house.ask('GET', `${path}?action=credential.presented-revoked`)
    return embedded(body, 'entries').map(({ target }) => target)
  }
  await until(async () => (await alarms()).length > 0, 10_000)
  assert.deepEqual(await alarms(), [marker.id])
})

test('AT-22: what an outside issuer revokes counts at once, though the authority has nothing new to say', async (t) => {
  const { verifier, revoked, keys, statusOf, outside } = await runBoth(t)
  const revision = async () => (await verifier.status())['revision']
  const [one, other] = [outside({ jti: 'one' }), outside({ jti: 'other' })]

  const before = await revision()
  assert.deepEqual([await statusOf(one), await statusOf(other)], [200, 200])
  writeFileSync(revoked, 'one\n')
  await until(async () => (await statusOf(one)) === 401)
  assert.equal(await statusOf(other), 200)
  writeFileSync(keys, keySet(issuerKey('key-1')))
  await until(async () => (await statusOf(other)) === 401)
  assert.equal(await revision(), before)
})

async function issue(house: House) {
  const gateway = await addGateway(house, { createCredential: true })
  const credential = embedded(gateway.answered.body, 'credentials')[0]
  const id = String(credential?.['id'])
  const path = `${gateway.path}/credentials/${id}`
  return { id, path, token: String(credential?.['credential']) }
}
