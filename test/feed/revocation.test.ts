import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { readEnrolment } from '../../src/verifier/feed/enrolment.ts'
import { openHouse, type House } from '../authority/house.ts'
import { enrol, startFeedVerifier, stateFolder, until, type FeedVerifier } from './fleet.ts'

describe('a fleet that follows an authority over the network', () => {
  const folders = [stateFolder(), stateFolder()]
  let house: House
  let verifiers: readonly FeedVerifier[] = []
  const enrolments: string[] = []

  before(async () => {
    house = await openHouse()
    for (const name of ['one', 'two']) enrolments.push(await enrol(house, name))
    verifiers = await Promise.all(
      folders.map(({ path }, at) =>
        startFeedVerifier({ stateFolder: path, enrolment: enrolments[at] ?? '' }),
      ),
    )
  })
  after(async () => {
    await Promise.all(verifiers.map(({ stop }) => stop()))
    await house.close()
    for (const { remove } of folders) remove()
  })

  const gateways = () => `/v1/environments/${house.environmentId}/gateways`
  const addGateway = async (name: string) => {
    const body = { name, type: 'API_GATEWAY_INTEGRATION' }
    const answer = await house.ask('POST', gateways(), { body })
    assert.equal(answer.status, 201)
    const credential = answer.body['_embedded']?.['credentials']?.[0]
    return {
      id: String(answer.body['id']),
      credentialId: String(credential?.['id']),
      credential: String(credential?.['credential']),
    }
  }
  const statuses = async (credential: string) =>
    Promise.all(verifiers.map(async ({ ask }) => (await ask(credential)).status))

  test('allows a new credential everywhere without being told of it', async () => {
    const { credential } = await addGateway('new')
    assert.deepEqual(await statuses(credential), [200, 200])
  })

  test('refuses a revoked credential at every verifier as soon as the call has returned', async () => {
    for (let round = 0; round < 10; round++) {
      const { id, credentialId, credential } = await addGateway(`round ${round}`)
      assert.deepEqual(await statuses(credential), [200, 200])
      const path = `${gateways()}/${id}/credentials/${credentialId}`
      const { status, headers } = await house.ask('DELETE', path)
      assert.equal(status, 204)
      assert.equal(headers.get('warder-applied'), '2/2')
      assert.equal(headers.get('warder-fenced-at'), null)
      assert.deepEqual(await statuses(credential), [401, 401])
    }
  })

  test('refuses the credentials of a gateway that is disabled, and takes them again', async () => {
    const { id, credential } = await addGateway('switched')
    const set = (enabled: boolean) =>
      house.ask('PUT', `${gateways()}/${id}`, {
        body: { name: 'switched', type: 'API_GATEWAY_INTEGRATION', enabled },
      })
    assert.equal((await set(false)).headers.get('warder-applied'), '2/2')
    assert.deepEqual(await statuses(credential), [401, 401])
    await set(true)
    await until(async () => (await statuses(credential)).every((status) => status === 200))
  })

  test('says who has not applied it, and until when that one may go on', async () => {
    const [, second] = verifiers
    await second?.stop()
    const { id, credentialId } = await addGateway('fenced')
    const started = Date.now()
    const { headers } = await house.ask('DELETE', `${gateways()}/${id}/credentials/${credentialId}`)
    assert.equal(headers.get('warder-applied'), '1/2')
    const fencedAt = Date.parse(headers.get('warder-fenced-at') ?? '')
    assert.ok(fencedAt > started + 3_500_000 && fencedAt < started + 3_700_000)
    assert.ok(Date.now() - started >= 1000)
  })

  test('a verifier that follows another process is counted, though this one has never heard of it', async () => {
    const name = 'elsewhere'
    const verifierId = readEnrolment(await enrol(house, name))?.id ?? assert.fail()
    const leaseEndsAt = Date.now() + 2000
    const told = { version: null, revision: null, freshness: null, lastSeenAt: null }
    const lease = { verifierId, instance: 'there', leaseMs: 1000, leaseEndsAt }
    await house.store.write(({ db }) =>
      db
        .insertInto('verifierInstances')
        .values({ ...lease, ...told })
        .execute(),
    )
    const { id, credentialId } = await addGateway('seen elsewhere')
    const { headers } = await house.ask('DELETE', `${gateways()}/${id}/credentials/${credentialId}`)
    assert.match(headers.get('warder-applied') ?? '', /^1\/3$/)
    await until(async () => Date.now() > leaseEndsAt)
  })

  test('a verifier that was away refuses what was revoked meanwhile once it is back', async () => {
    const { id, credentialId, credential } = await addGateway('away')
    await house.ask('DELETE', `${gateways()}/${id}/credentials/${credentialId}`)
    const back = await startFeedVerifier({
      stateFolder: folders[1]?.path ?? '',
      enrolment: enrolments[1] ?? '',
    })
    verifiers = [...verifiers.slice(0, 1), back]
    await until(async () => (await back.page('/readyz')).status === 200)
    assert.deepEqual(await statuses(credential), [401, 401])
  })

  test('a verifier that starts without the authority refuses what it knew to be revoked', async () => {
    const live = await addGateway('live')
    const dead = await addGateway('dead')
    const path = `${gateways()}/${dead.id}/credentials/${dead.credentialId}`
    assert.equal((await house.ask('DELETE', path)).headers.get('warder-applied'), '2/2')
    await verifiers[1]?.stop()
    const alone = await startFeedVerifier({
      stateFolder: folders[1]?.path ?? '',
      enrolment: enrolments[1] ?? '',
      authority: 'http://127.0.0.1:9',
    })
    verifiers = [...verifiers.slice(0, 1), alone]
    await until(async () => (await alone.ask(live.credential)).status === 200)
    assert.equal((await alone.ask(dead.credential)).status, 401)
  })
})
