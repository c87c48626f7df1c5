import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import type { Role } from '../../src/config/checks.ts'
import { good, load } from './loading.ts'

const local = (port: number) => ({ kind: 'tcp', host: '127.0.0.1', port })

test('nothing needs to be configured, and the defaults are those that are promised', (t) => {
  const config = good(t)
  assert.equal(config.data, './data')
  assert.deepEqual(config.database, { kind: 'sqlite', path: './data/warder.db' })
  assert.deepEqual(config.listen.http.address, local(7070))
  assert.deepEqual(config.listen.grpc.address, local(7071))
  assert.deepEqual(config.listen.spoe.address, local(7072))
  assert.deepEqual(config.listen.authority.address, local(7080))
  assert.deepEqual(config.listen.ops.address, local(7090))
  assert.equal(config.workers, availableParallelism())
  assert.equal(config.stateFile, './data/state')
  assert.deepEqual(config.freshness, { staleAfter: 15_000, expireAfter: 3_600_000 })
  assert.equal(config.revocation.wait, 1000)
  assert.deepEqual(config.outage, {
    noState: 'unavailable',
    expired: 'unavailable',
    internalError: 'unavailable',
  })
  assert.deepEqual(config.doors.nginx.headers, ['CLIENT-TOKEN', 'PDG-TOKEN'])
  assert.equal(config.doors.spoe.require, 'gateway')
  assert.deepEqual(config.limits, {
    headerBytes: 65_536,
    bodyBytes: 1_048_576,
    sockets: 10_000,
    batch: 100,
  })
  assert.equal(config.proofCache.max, 100_000)
  assert.deepEqual(config.leeway, { exp: 0, nbf: 60_000 })
  assert.deepEqual(config.trust, [])
  assert.equal(config.publicUrl, 'http://127.0.0.1:7080')
  assert.equal(config.verifierUrl, 'http://127.0.0.1:7070')
  assert.equal(config.authzen.identifier, 'http://127.0.0.1:7070')
  assert.deepEqual(config.credentials, {
    issuer: 'http://127.0.0.1:7080',
    audience: 'http://127.0.0.1:7080',
    algorithm: 'RS256',
    maxPerGateway: 5,
    statusList: false,
  })
  assert.equal(config.oauth.accessTokenLifetime, 3_600_000)
  assert.equal(config.region, 'local')
})

test('what is set moves the defaults that follow from it', (t) => {
  const config = good(t, {
    file: 'data: /var/lib/warder/\nlisten:\n  authority: { address: "[::1]:9443", tls: { cert: c, key: k } }\n',
  })
  assert.deepEqual(config.database, { kind: 'sqlite', path: '/var/lib/warder/warder.db' })
  assert.equal(config.stateFile, '/var/lib/warder/state')
  assert.equal(config.publicUrl, 'https://[::1]:9443')
  assert.equal(config.credentials.issuer, 'https://[::1]:9443')
})

test('an authority run apart has an operations port of its own', (t) => {
  const port = (role: Role) => good(t, { role, argv: ['--listen-ops=127.0.0.1:1'] }).listen.ops
  assert.deepEqual(port('authority').address, { kind: 'tcp', host: '127.0.0.1', port: 1 })
  const usual = good(t, { role: 'authority' }).listen.ops.address
  assert.deepEqual(usual, { kind: 'tcp', host: '127.0.0.1', port: 7091 })
})

test('flags go before the environment, which goes before the file', (t) => {
  const file = 'workers: 2\nregion: file\nlog: { level: debug }\n'
  const env = { WARDER_WORKERS: '3', WARDER_REGION: 'environment' }
  const loaded = load(t, { file, env, argv: ['--workers', '4'] })
  assert.ok(loaded.ok)
  const { workers, region, log } = loaded.config
  assert.deepEqual(
    { workers, region, log },
    { workers: 4, region: 'environment', log: { level: 'debug' } },
  )
  const where = (key: string) => loaded.settings.find((setting) => setting.key === key)?.where
  assert.equal(where('workers'), '--workers')
  assert.equal(where('region'), 'WARDER_REGION')
  assert.equal(where('log.level'), 'warder.yaml:3:15')
  assert.equal(where('data'), 'default')
})

test('every promised variable sets its key', (t) => {
  const env = {
    WARDER_DATA: '/d',
    WARDER_DATABASE: 'postgres://warder:hunter2@db/warder',
    WARDER_LISTEN_HTTP: 'off',
    WARDER_LISTEN_GRPC: 'off',
    WARDER_LISTEN_SPOE: 'off',
    WARDER_LISTEN_AUTHORITY: 'unix:/run/authority',
    WARDER_LISTEN_OPS: '127.0.0.1:1',
    WARDER_WORKERS: '8',
    WARDER_AUTHORITY: 'https://authority.example',
    WARDER_ENROLMENT: 'wv1.eyJhIjoxfQ',
    WARDER_STATE_FILE: '/s',
    WARDER_FRESHNESS_STALE_AFTER: '5s',
    WARDER_FRESHNESS_EXPIRE_AFTER: '30m',
    WARDER_REVOCATION_WAIT: '0s',
    WARDER_LOG_LEVEL: 'warn',
    WARDER_DOORS_NGINX_HEADERS: 'X-A, X-B',
    WARDER_INSECURE_PLAINTEXT_LISTEN: 'true',
  }
  const config = good(t, { env })
  assert.equal(config.data, '/d')
  assert.equal(
    config.database.kind === 'postgres' && config.database.url.reveal(),
    env.WARDER_DATABASE,
  )
  assert.equal(config.listen.http.address.kind, 'off')
  assert.deepEqual(config.listen.authority.address, { kind: 'unix', path: '/run/authority' })
  assert.equal(config.workers, 8)
  assert.equal(config.authority.url, 'https://authority.example')
  assert.equal(config.enrolment.value?.reveal(), env.WARDER_ENROLMENT)
  assert.equal(config.stateFile, '/s')
  assert.deepEqual(config.freshness, { staleAfter: 5000, expireAfter: 1_800_000 })
  assert.equal(config.revocation.wait, 0)
  assert.equal(config.log.level, 'warn')
  assert.deepEqual(config.doors.nginx.headers, ['X-A', 'X-B'])
  assert.equal(config.insecure.plaintextListen, true)
})

test('the file nests as the keys do, with anchors, short and long forms', (t) => {
  const file = `
listen:
  http: 127.0.0.1:1
  grpc: &off off
  spoe: *off
authority: { url: https://authority.example, ca: ca.pem }
enrolment: { file: enrolment }
doors:
  nginx: { carrier: bearer, require: gateway }
  sideband: { gatewayTypes: [API_GATEWAY_INTEGRATION] }
  spoe:
    boundCredential: credential
    listen: unix:/run/spoe
trust:
  - issuer: https://idp.example
    jwks: https://idp.example/jwks
    audience: [a, b]
  - { issuer: x, kind: client, jwks: keys.json, audience: a, algorithms: ES256, typ: at+jwt }
limits:
`
  const config = good(t, { file })
  assert.equal(config.listen.spoe.address.kind, 'off')
  assert.equal(config.authority.ca, 'ca.pem')
  assert.equal(config.enrolment.file, 'enrolment')
  assert.equal(config.doors.nginx.carrier, 'bearer')
  assert.deepEqual(config.doors.sideband.gatewayTypes, ['API_GATEWAY_INTEGRATION'])
  assert.deepEqual(config.doors.spoe.listen.address, { kind: 'unix', path: '/run/spoe' })
  const [first, second] = config.trust
  assert.deepEqual(first?.audience, ['a', 'b'])
  assert.equal(first.kind, 'gateway')
  assert.equal(first.typ, undefined)
  assert.deepEqual(second?.algorithms, ['ES256'])
})

test('the configuration is frozen to its last part', (t) => {
  const frozen = (value: unknown): boolean =>
    typeof value !== 'object' ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every(frozen))
  const file = 'trust: [{ issuer: x, jwks: k, audience: a }]\nenrolment: wv1.AA\n'
  assert.ok(frozen(good(t, { file })))
})

test('an empty variable is not set, and those of Kubernetes and of other commands are left alone', (t) => {
  const env = {
    WARDER_DATA: '',
    WARDER_URL: 'x',
    WARDER_SERVICE_HOST: '10.0.0.1',
    WARDER_SERVICE_PORT_HTTP: '7070',
    WARDER_AUTHORITY_PORT_7080_TCP_ADDR: '10.0.0.1',
    WARDER_PORT: 'tcp://10.0.0.1:7070',
  }
  assert.equal(good(t, { env }).data, './data')
})
