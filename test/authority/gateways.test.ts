import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import {
  addEnvironment,
  addGateway,
  askForToken,
  embedded,
  openHouse,
  refused,
  uuid,
  type House,
} from './house.ts'

describe('gateways and environments', () => {
  let house: House
  let gateways: string
  before(async () => {
    house = await openHouse()
    gateways = `/v1/environments/${house.environmentId}/gateways`
  })
  after(() => house.close())

  test('M1: a gateway made of enabled, name and type answers 201 with its id, environment and link', async () => {
    const name = `M1 ${randomUUID()}`
    const body = { enabled: true, name, type: 'API_GATEWAY_INTEGRATION' }
    const made = await house.ask('POST', gateways, { body })
    assert.equal(made.status, 201)
    assert.match(String(made.body['id']), uuid)
    assert.equal(made.body['environment']?.['id'], house.environmentId)
    const self = `${house.url}${gateways}/${String(made.body['id'])}`
    assert.equal(made.body['_links']?.['self']?.['href'], self)
    const read = await house.ask('GET', self)
    const { name: shown, enabled, supportedVersions, currentAlerts } = read.body
    assert.deepEqual(
      { shown, enabled, supportedVersions, currentAlerts },
      { shown: name, enabled: true, supportedVersions: [], currentAlerts: [] },
    )
  })

  test('the first credential comes with the gateway, shown once, unless it is left out', async () => {
    const with_ = await addGateway(house, { createCredential: true })
    const [first] = embedded(with_.answered.body, 'credentials')
    assert.equal(String(first?.['credential']).split('.').length, 3)
    assert.equal(first?.['token'], first?.['credential'])
    const list = await house.ask('GET', `${with_.path}/credentials`)
    assert.equal(list.body['count'], 1)
    const without = await addGateway(house)
    assert.equal(without.answered.body['_embedded'], undefined)
    assert.equal((await house.ask('GET', `${without.path}/credentials`)).body['count'], 0)
  })

  test('M2: a name is unique in its environment and free in another', async () => {
    const name = `M2 ${randomUUID()}`
    await addGateway(house, { name })
    const body = { name, type: 'LDAP', enabled: true }
    const again = await house.ask('POST', gateways, { body })
    refused(again, 400, 'INVALID_DATA', { code: 'UNIQUENESS_VIOLATION', target: 'name' })
    const elsewhere = `/v1/environments/${await addEnvironment(house)}/gateways`
    assert.equal((await house.ask('POST', elsewhere, { body })).status, 201)
    const other = await addGateway(house)
    const renamed = await house.ask('PUT', other.path, {
      body: { name, type: 'API_GATEWAY_INTEGRATION' },
    })
    refused(renamed, 400, 'INVALID_DATA', { code: 'UNIQUENESS_VIOLATION', target: 'name' })
  })

  const wrong: readonly [string, object, string, string][] = [
    ['a bad character in name', { name: 'a<b', type: 'LDAP' }, 'INVALID_VALUE', 'name'],
    ['no name', { type: 'LDAP' }, 'REQUIRED_VALUE', 'name'],
    ['no type', { name: 'x' }, 'REQUIRED_VALUE', 'type'],
    ['an unknown type', { name: 'x', type: 'NGINX' }, 'INVALID_VALUE', 'type'],
    ['an empty name', { name: '', type: 'LDAP' }, 'EMPTY_VALUE', 'name'],
    ['a name that is a number', { name: 7, type: 'LDAP' }, 'INVALID_VALUE', 'name'],
    [
      'a name that is too long',
      { name: 'x'.repeat(257), type: 'LDAP' },
      'SIZE_LIMIT_EXCEEDED',
      'name',
    ],
    ['enabled as text', { name: 'x', type: 'LDAP', enabled: 'yes' }, 'INVALID_VALUE', 'enabled'],
    [
      'a NUL in the description',
      { name: 'x', type: 'LDAP', description: 'a\0' },
      'INVALID_VALUE',
      'description',
    ],
  ]
  for (const [what, body, code, target] of wrong) {
    test(`M3: ${what} is refused with ${code} at ${target}`, async () => {
      const answered = await house.ask('POST', gateways, { body })
      refused(answered, 400, 'INVALID_DATA', { code, target })
    })
  }

  test("M3: letters of every script, marks, digits and / . ' _ - are fine in a name, and unknown members are ignored", async () => {
    const name = `Zürich/東京 é. o'neil_1-2 ${randomUUID()}`
    const { answered } = await addGateway(house, { name, unknown: { deep: [1] }, id: 'mine' })
    assert.equal(answered.body['name'], name)
    assert.match(String(answered.body['id']), uuid)
  })

  test('M4: PUT changes name, description and enabled; another type is refused and nothing changes', async () => {
    const { path } = await addGateway(house, { description: 'before' })
    const name = `M4 ${randomUUID()}`
    const type = 'API_GATEWAY_INTEGRATION'
    const put = await house.ask('PUT', path, {
      body: { name, description: 'after', enabled: false, type },
    })
    assert.equal(put.status, 200)
    const read = async () => {
      const { body } = await house.ask('GET', path)
      return [body['name'], body['description'], body['enabled'], body['type']]
    }
    assert.deepEqual(await read(), [name, 'after', false, type])
    const retyped = await house.ask('PUT', path, {
      body: { name: 'other', enabled: true, type: 'LDAP' },
    })
    refused(retyped, 400, 'INVALID_DATA', { code: 'CONSTRAINT_VIOLATION', target: 'type' })
    assert.deepEqual(await read(), [name, 'after', false, type])
    await house.ask('PUT', path, { body: { name, type } })
    assert.deepEqual(await read(), [name, undefined, false, type])
  })

  test('M5: a deleted gateway and its credentials answer 404, and its name is free again', async () => {
    const name = `M5 ${randomUUID()}`
    const { path, answered } = await addGateway(house, { name, createCredential: true })
    const [credential] = embedded(answered.body, 'credentials')
    const deleted = await house.ask('DELETE', path)
    assert.equal(deleted.status, 204)
    assert.equal(deleted.text, '')
    for (const gone of [
      path,
      `${path}/credentials`,
      `${path}/credentials/${String(credential?.['id'])}`,
    ]) {
      refused(await house.ask('GET', gone), 404, 'NOT_FOUND')
      if (gone !== `${path}/credentials`) refused(await house.ask('DELETE', gone), 404, 'NOT_FOUND')
    }
    refused(await house.ask('POST', `${path}/credentials`), 404, 'NOT_FOUND')
    const body = { name, type: 'API_GATEWAY_INTEGRATION' }
    refused(await house.ask('PUT', path, { body }), 404, 'NOT_FOUND')
    const again = await addGateway(house, { name })
    const list = await house.ask('GET', `${gateways}?limit=1000`)
    const named = embedded(list.body, 'gateways').filter((one) => String(one['name']) === name)
    assert.deepEqual(
      named.map((one) => one['id']),
      [again.id],
    )
  })

  test('a list pages forwards and backwards through every gateway once, by absolute links', async () => {
    const environmentId = await addEnvironment(house)
    const path = `/v1/environments/${environmentId}/gateways`
    const names = Array.from({ length: 7 }, (_, index) => `page ${index}`)
    for (const name of names) {
      await house.ask('POST', path, { body: { name, type: 'LDAP', createCredential: false } })
    }
    const seen: string[] = []
    let last = ''
    for (let next: string | undefined = `${path}?limit=3`; next !== undefined;) {
      const { body, status } = await house.ask('GET', next)
      assert.equal(status, 200)
      assert.equal(body['count'], 7)
      seen.push(...embedded(body, 'gateways').map((one) => String(one['name'])))
      last = next
      next = body['_links']?.['next']?.['href']
    }
    assert.deepEqual(seen.toSorted(), names)
    const back: string[] = []
    for (let previous: string | undefined = last; previous !== undefined;) {
      const { body } = await house.ask('GET', previous)
      back.unshift(...embedded(body, 'gateways').map((one) => String(one['name'])))
      previous = body['_links']?.['prev']?.['href']
    }
    assert.deepEqual(back, seen)
    for (const bad of ['limit=0', 'limit=x', 'limit=1001', 'cursor=zzz', 'limit=1&limit=2']) {
      refused(await house.ask('GET', `${path}?${bad}`), 400, 'INVALID_DATA')
    }
  })

  test('environments are found by name, created, renamed, and deleted but for the last', async () => {
    const organization = `/v1/organizations/${house.organizationId}`
    const name = `tf-testacc "dynamic" ${randomUUID()}`
    const made = await house.ask('POST', `${organization}/environments`, { body: { name } })
    assert.equal(made.status, 201)
    const id = String(made.body['id'])
    const find = async (filter: string) =>
      house.ask('GET', `/v1/environments?filter=${encodeURIComponent(filter)}`)
    const found = await find(`name eq ${JSON.stringify(name)}`)
    assert.deepEqual(
      embedded(found.body, 'environments').map((one) => one['id']),
      [id],
    )
    assert.equal((await find('name eq "nobody"')).body['count'], 0)
    refused(await find('name sw "x"'), 400, 'INVALID_DATA', {
      code: 'INVALID_FILTER',
      target: 'filter',
    })
    const one = `${organization}/environments/${id}`
    const renamed = await house.ask('PUT', one, { body: { name: `${name} 2` } })
    assert.equal(renamed.body['name'], `${name} 2`)
    assert.equal((await house.ask('GET', `/v1/environments/${id}`)).body['name'], `${name} 2`)
    const taken = { code: 'UNIQUENESS_VIOLATION', target: 'name' }
    const other = { body: { name: 'default' } }
    refused(await house.ask('PUT', one, other), 400, 'INVALID_DATA', taken)
    refused(
      await house.ask('POST', `${organization}/environments`, other),
      400,
      'INVALID_DATA',
      taken,
    )
    await house.ask('PUT', one, { body: { name, enabled: false } })
    const kept = await house.ask('PUT', one, { body: { name } })
    assert.equal(kept.body['enabled'], false)
    assert.equal((await house.ask('DELETE', one)).status, 204)
    refused(await house.ask('DELETE', one), 404, 'NOT_FOUND')
    refused(await house.ask('PUT', one, { body: { name } }), 404, 'NOT_FOUND')
    const sold = await askForToken(house.url, { ...house, environmentId: id })
    assert.deepEqual([sold.status, sold.body['error']], [401, 'invalid_client'])
    refused(await house.ask('GET', `/v1/environments/${id}`), 404, 'NOT_FOUND')
    refused(await house.ask('GET', `/v1/environments/${id}/gateways`), 404, 'NOT_FOUND')
  })

  test('the only environment of an organization cannot be deleted', async () => {
    const alone = await openHouse()
    const path = `/v1/organizations/${alone.organizationId}/environments/${alone.environmentId}`
    refused(await alone.ask('DELETE', path), 400, 'INVALID_DATA', {
      code: 'CONSTRAINT_VIOLATION',
      target: 'environmentId',
    })
    await alone.close()
  })
})
