import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { manualClock, type ManualClock } from '../manual-clock.ts'
import { addAdministrator, addGateway, buyToken, openHouse, refused, type House } from './house.ts'

const keyed = (key: string) => ({ headers: { 'idempotency-key': key } })

describe('Idempotency-Key', () => {
  let house: House
  let clock: ManualClock
  before(async () => {
    clock = manualClock(Date.now())
    house = await openHouse({ clock })
  })
  after(() => house.close())

  test('a repeated create makes one credential and replays its facts without the secret', async () => {
    const { path } = await addGateway(house)
    const first = await house.ask('POST', `${path}/credentials`, keyed('one'))
    const again = await house.ask('POST', `${path}/credentials`, { body: {}, ...keyed('one') })
    assert.equal(again.status, 201)
    assert.equal(again.headers.get('idempotent-replayed'), 'true')
    assert.equal(again.headers.get('warder-warning'), 'secret-already-shown')
    const { credential, token, ...facts } = first.body
    assert.ok(credential === token && String(token).length > 100)
    assert.deepEqual(again.body, facts)
    assert.equal((await house.ask('GET', `${path}/credentials`)).body['count'], 1)
  })

  test('ten repeats at once make one credential, and show it once', async () => {
    const { path } = await addGateway(house)
    const create = () => house.ask('POST', `${path}/credentials`, keyed('ten'))
    const answers = await Promise.all(Array.from({ length: 10 }, create))
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]))
    assert.equal(new Set(answers.map(({ body }) => body['id'])).size, 1)
    assert.equal(answers.filter(({ body }) => 'credential' in body).length, 1)
    assert.equal((await house.ask('GET', `${path}/credentials`)).body['count'], 1)
  })

  test('another body under the same key is 409; another path, client or key is another request', async () => {
    const path = `/v1/environments/${house.environmentId}/gateways`
    const body = { name: 'keyed', type: 'LDAP' }
    const first = await house.ask('POST', path, { body, ...keyed('k') })
    assert.equal(first.status, 201)
    const replayed = await house.ask('POST', path, { body, ...keyed('k') })
    assert.equal(replayed.text.includes('"token"'), false)
    assert.equal(replayed.body['id'], first.body['id'])
    const other = { ...body, name: 'other' }
    refused(await house.ask('POST', path, { body: other, ...keyed('k') }), 409, 'REQUEST_FAILED')
    const { token } = await addAdministrator(house, 'environment-admin')
    const theirs = await house.ask('POST', path, { body: other, token, ...keyed('k') })
    assert.equal(theirs.status, 201)
    const elsewhere = `${path}/${String(first.body['id'])}/credentials`
    assert.equal((await house.ask('POST', elsewhere, keyed('k'))).status, 201)
  })

  test('a repeated rotation makes one key, and is answered with that one', async () => {
    for (const keys of ['keys', 'feedKeys']) {
      const path = `/v1/organizations/${house.organizationId}/${keys}`
      const first = await house.ask('POST', path, keyed('rotate'))
      const again = await house.ask('POST', path, keyed('rotate'))
      assert.deepEqual([first.status, again.status], [201, 201])
      assert.equal(again.headers.get('idempotent-replayed'), 'true')
      assert.equal(again.body['kid'], first.body['kid'])
      const { body } = await house.ask('GET', path)
      assert.equal(body['count'], 2)
    }
  })

  test('what was refused is not kept, and a key is free again after a day', async () => {
    const path = `/v1/environments/${house.environmentId}/gateways`
    const send = (name: string, token = house.token) =>
      house.ask('POST', path, { body: { name, type: 'LDAP' }, token, ...keyed('day') })
    assert.equal((await send('keyed')).status, 400)
    assert.equal((await send('day one')).status, 201)
    clock.advance(24 * 60 * 60 * 1000 + 1)
    assert.equal((await send('day two', await buyToken(house.url, house))).status, 201)
  })

  test('a key that is no visible ASCII of 255 characters is refused', async () => {
    const path = `/v1/environments/${house.environmentId}/gateways/${crypto.randomUUID()}`
    const token = await buyToken(house.url, house)
    for (const key of ['x'.repeat(256), 'a b', '']) {
      const answered = await house.ask('POST', `${path}/credentials`, { token, ...keyed(key) })
      refused(answered, 400, 'INVALID_DATA', { code: 'INVALID_VALUE', target: 'Idempotency-Key' })
    }
  })
})
