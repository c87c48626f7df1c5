import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { addAdministrator, embedded, openHouse, refused, type House } from './house.ts'

const ldap = {
  bindDN: 'uid=warder,dc=example,dc=com',
  bindPassword: 'of the directory',
  connectionSecurity: 'TLS',
  kerberos: { serviceAccountUserPrincipalName: 'a@b', serviceAccountPassword: 'of the account' },
  serversHostAndPort: ['ds1.example.com:636', 'ds2.example.com:636'],
  userTypes: [
    { name: 'people', orderedCorrelationAttributes: ['uid'], searchBaseDn: 'dc=example' },
  ],
  validateTlsCertificates: false,
  vendor: 'PingDirectory',
}
const radius = {
  davinci: { policy: { id: '0c5f3a1e-6c5d-4f0e-9c0b-2f1d8a6b4e77' } },
  defaultSharedSecret: 'of all',
  networkPolicyServer: { ip: '192.0.2.1', port: 1812 },
  radiusClients: [{ ip: '192.0.2.7', sharedSecret: 'of one' }, { ip: '192.0.2.8' }],
}
const secrets = /of the directory|of the account|of all|of one/

const settingsOf = (body: object, like: object) =>
  Object.fromEntries(Object.entries(body).filter(([name]) => name in like))

describe('the settings that gateways of some types have of their own', () => {
  let house: House
  let gateways: string
  before(async () => {
    house = await openHouse()
    gateways = `/v1/environments/${house.environmentId}/gateways`
  })
  after(() => house.close())

  const make = async (type: string, own: object) => {
    const body = { name: `${type} ${Math.trunc(performance.now() * 1000)}`, type, ...own }
    const made = await house.ask('POST', gateways, { body })
    assert.equal(made.status, 201)
    return { ...made, body, answer: made.body, path: `${gateways}/${String(made.body['id'])}` }
  }

  const refusedOf = (own: object) =>
    house.ask('POST', gateways, { body: { name: 'wrong', type: 'LDAP', ...own } })

  for (const [type, own] of [
    ['LDAP', ldap],
    ['RADIUS', radius],
  ] as const) {
    test(`${type}: what was written is read again by who may manage the gateway`, async () => {
      const { answer, path } = await make(type, own)
      assert.deepEqual(settingsOf(answer, own), own)
      assert.deepEqual(settingsOf((await house.ask('GET', path)).body, own), own)
    })

    test(`${type}: a viewer reads all but the secrets`, async () => {
      const { path } = await make(type, own)
      const { token } = await addAdministrator(house, 'viewer')
      const { body } = await house.ask('GET', path, { token })
      assert.ok(Object.keys(settingsOf(body, own)).length > 2)
      assert.doesNotMatch(JSON.stringify(body), secrets)
    })

    test(`${type}: no secret is in a list, nor in the database in the clear`, async () => {
      const { answer } = await make(type, own)
      const list = (await house.ask('GET', gateways)).body
      const one = embedded(list, 'gateways').find(({ id }) => id === answer['id'])
      assert.deepEqual(
        Object.keys(own).filter((name) => !(name in (one ?? {}))),
        [type === 'LDAP' ? 'bindPassword' : 'defaultSharedSecret'],
      )
      assert.doesNotMatch(JSON.stringify(list), secrets)
      const rows = await house.store.read((db) => db.selectFrom('gateways').selectAll().execute())
      for (const { sealedSettings, settings } of rows) {
        assert.doesNotMatch(`${settings} ${Buffer.from(sealedSettings ?? []).toString()}`, secrets)
      }
      assert.ok(rows.some(({ sealedSettings }) => sealedSettings !== null))
    })
  }

  test('a replay of the creation shows everything but the secrets', async () => {
    const body = { name: 'replayed', type: 'RADIUS', createCredential: false, ...radius }
    const headers = { 'idempotency-key': 'radius' }
    await house.ask('POST', gateways, { body, headers })
    const again = await house.ask('POST', gateways, { body, headers })
    assert.equal(again.headers.get('idempotent-replayed'), 'true')
    assert.deepEqual(again.body['networkPolicyServer'], radius.networkPolicyServer)
    assert.doesNotMatch(JSON.stringify(again.body), secrets)
  })

  test('a change that names some of them replaces all, one that names none leaves them', async () => {
    const { path, body } = await make('LDAP', ldap)
    const { name, type } = body
    await house.ask('PUT', path, { body: { name: `${name} b`, type, enabled: true } })
    const kept = (await house.ask('GET', path)).body
    assert.deepEqual([kept['name'], settingsOf(kept, ldap)], [`${name} b`, ldap])
    const own = { bindDN: 'cn=other', bindPassword: 'of the directory', vendor: 'CA Directory' }
    const changed = await house.ask('PUT', path, { body: { name, type, ...own } })
    assert.deepEqual(settingsOf(changed.body, ldap), own)
    assert.deepEqual(settingsOf((await house.ask('GET', path)).body, ldap), own)
  })

  test('those of another type are ignored', async () => {
    const { path } = await make('API_GATEWAY_INTEGRATION', { ...ldap, ...radius })
    const read = (await house.ask('GET', path)).body
    assert.deepEqual(settingsOf(read, { ...ldap, ...radius }), {})
  })

  test('of a wrong type or too long they are refused', async () => {
    const servers = await refusedOf({ serversHostAndPort: 'ds1.example.com:636' })
    refused(servers, 400, 'INVALID_DATA', { code: 'INVALID_VALUE', target: 'serversHostAndPort' })
    const long = await refusedOf({ userTypes: [{ name: 'x'.repeat(17_000) }] })
    refused(long, 400, 'INVALID_DATA', { code: 'SIZE_LIMIT_EXCEEDED', target: 'type' })
  })
})
