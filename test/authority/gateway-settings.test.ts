import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { embedded, openHouse, refused, type House } from './house.ts'

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
const { bindPassword: _password, kerberos: _account, ...ldapClear } = ldap
const ldapShown = { ...ldapClear, kerberos: { serviceAccountUserPrincipalName: 'a@b' } }
const { defaultSharedSecret: _secret, radiusClients: _clients, ...radiusClear } = radius
const radiusShown = { ...radiusClear, radiusClients: [{ ip: '192.0.2.7' }, { ip: '192.0.2.8' }] }
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

  for (const [type, own, shown] of [
    ['LDAP', ldap, ldapShown],
    ['RADIUS', radius, radiusShown],
  ] as const) {
    test(`${type}: what was written is read again, but for its secrets`, async () => {
      const { answer, path } = await make(type, own)
      assert.deepEqual(settingsOf(answer, own), shown)
      assert.deepEqual(settingsOf((await house.ask('GET', path)).body, own), shown)
      const list = (await house.ask('GET', gateways)).body
      const one = embedded(list, 'gateways').find(({ id }) => id === answer['id'])
      assert.deepEqual(settingsOf(one ?? {}, own), shown)
    })
  }

  test('their secrets are nowhere in the database', async () => {
    await make('LDAP', ldap)
    await make('RADIUS', radius)
    const rows = await house.store.read((db) => db.selectFrom('gateways').selectAll().execute())
    assert.ok(rows.some(({ settings }) => settings?.includes('PingDirectory')))
    assert.doesNotMatch(JSON.stringify(rows), secrets)
  })

  test('a replay of the creation shows the same', async () => {
    const body = { name: 'replayed', type: 'RADIUS', createCredential: false, ...radius }
    const headers = { 'idempotency-key': 'radius' }
    await house.ask('POST', gateways, { body, headers })
    const again = await house.ask('POST', gateways, { body, headers })
    assert.equal(again.headers.get('idempotent-replayed'), 'true')
    assert.deepEqual(settingsOf(again.body, radius), radiusShown)
  })

  test('a change that names some of them replaces all, one that names none leaves them', async () => {
    const { path, body } = await make('LDAP', ldap)
    const { name, type } = body
    await house.ask('PUT', path, { body: { name: `${name} b`, type, enabled: true } })
    const kept = (await house.ask('GET', path)).body
    assert.deepEqual([kept['name'], settingsOf(kept, ldap)], [`${name} b`, ldapShown])
    const own = { bindDN: 'cn=other', bindPassword: 'of the directory', vendor: 'CA Directory' }
    const changed = await house.ask('PUT', path, { body: { name, type, ...own } })
    const shown = { bindDN: 'cn=other', vendor: 'CA Directory' }
    assert.deepEqual(settingsOf(changed.body, ldap), shown)
    assert.deepEqual(settingsOf((await house.ask('GET', path)).body, ldap), shown)
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
