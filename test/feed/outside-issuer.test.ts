import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { addGateway, embedded, openHouse, type House } from '../authority/house.ts'
import { gatewayClaims, issuerKey, issuerName, keySet, signToken } from '../verifier/issuer.ts'
import { trustEntry } from '../verifier/running.ts'
import { enrol, startFeedVerifier, stateFolder, until } from './fleet.ts'

/** Under which the house issues. */
const ownName = 'https://warder.test'

test('AT-20: of an outside issuer and the authority of the same name the authority counts, and the verifier says so', async (t) => {
  const house = await openHouse()
  t.after(() => house.close())
  const folder = stateFolder()
  t.after(folder.remove)
  const key = issuerKey('key-1')
  writeFileSync(join(folder.path, 'keys.json'), keySet(key))
  const entry = { revoked: undefined }
  const verifier = await startFeedVerifier({
    stateFolder: folder.path,
    enrolment: await enrol(house, 'edge'),
    trust: [trustEntry(folder.path, { ...entry, issuer: ownName }), trustEntry(folder.path, entry)],
  })
  t.after(() => verifier.stop())
  const statusOf = async (token: string) => (await verifier.ask(token)).status

  const path = `/v1/environments/${house.environmentId}/gateways`
  const body = { name: 'edge', type: 'API_GATEWAY_INTEGRATION' }
  const added = await house.ask('POST', path, { body })
  const issued = added.body['_embedded']?.['credentials']?.[0]
  const credential = String(issued?.['credential'])
  assert.equal(await statusOf(credential), 200)
  const { environmentId } = house
  const outside = (iss: string) => statusOf(signToken(key, gatewayClaims({ iss, environmentId })))
  assert.deepEqual([await outside(ownName), await outside(issuerName)], [401, 200])
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

test('what an outside issuer spells like an id of the authority is neither a use nor an alarm of that one', async (t) => {
  const house = await openHouse()
  t.after(() => house.close())
  const folder = stateFolder()
  t.after(folder.remove)
  const key = issuerKey('key-1')
  const revoked = join(folder.path, 'revoked.txt')
  writeFileSync(join(folder.path, 'keys.json'), keySet(key))
  writeFileSync(revoked, '# nobody\n')
  const verifier = await startFeedVerifier({
    stateFolder: folder.path,
    enrolment: await enrol(house, 'edge'),
    trust: [trustEntry(folder.path)],
  })
  t.after(() => verifier.stop())
  const [own, marker] = [await issue(house), await issue(house)]
  const statusOf = async (token: string) => (await verifier.ask(token)).status
  const { environmentId } = house
  const alike = signToken(key, gatewayClaims({ jti: own.id, environmentId }))

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
    trust: [trustEntry(folder.path)],
  })
  t.after(() => verifier.stop())
  const statusOf = async (token: string) => (await verifier.ask(token)).status
  const revision = async () => (await verifier.status())['revision']
  const { environmentId } = house
  const of = (jti: string) => signToken(key, gatewayClaims({ jti, environmentId }))
  const [one, other] = [of('one'), of('other')]

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
