import assert from 'node:assert/strict'
import { test } from 'node:test'
import { versionOf, type Gateway } from './gateway.ts'
import { gateways } from './gateways.ts'
import { build, client, say, type Town } from './town.ts'

// Every gateway that is installed, started from what lies under deploy/gateways/, and judged by what clients and the
// application see.

const hello = client('GET /app/hello?q=1 HTTP/1.1')

const identityHeaders = [
  'gateway-id',
  'gateway-name',
  'environment-id',
  'credential-id',
  'subject',
  'scope',
  'decision-id',
  'revision',
] as const

const targets = [
  '/app/a%2Fb%20c/%C3%A9?x=%2F&y=a+b',
  '/app/../admin/x',
  '/app/%2e%2e/admin/x',
  '//app//x/',
  '/app;v=1/x',
  '/app\\..\\admin',
  '/app/x?',
]

const until = async (holds: () => Promise<boolean>) => {
  const deadline = Date.now() + 10_000
  while (!(await holds())) assert.ok(Date.now() < deadline, 'what was waited for did not come')
}

for (const gateway of gateways) {
  const found = versionOf(gateway)
  if ('missing' in found) test(gateway.name, { skip: `not run: ${found.missing}` }, () => {})
  else
    test(`${gateway.name} (${found.version})`, async (t) => {
      const town = await build(t, gateway)
      const port = await town.gateway(town.token({ jti: 'standing', sub: 'gw-7' }))
      await t.test('passes a request whose gateway is live, and says who it is', async () => {
        const seen = await say(port, hello)
        assert.equal(seen.status, 200)
        assert.match(seen.body, /^GET \/app\/hello\?q=1 HTTP\/1\.1\r\n/)
        assert.match(seen.body, /^x-warder-gateway-id: gw-7\r?$/im)
        assert.match(seen.body, /^x-warder-credential-id: standing\r?$/im)
      })
      await clientsCannotPose(t, port)
      await t.test('passes targets as they were written', async () => {
        for (const target of targets.filter(gateway.keepsTarget)) {
          const seen = await say(port, client(`GET ${target} HTTP/1.1`))
          assert.equal(seen.status, 200, target)
          assert.ok(seen.body.startsWith(`GET ${target} HTTP/1.1\r\n`), target)
        }
      })
      await t.test('refuses what it cannot ask about whole', async () => {
        const { status } = await say(port, 'GET /app/h10 HTTP/1.0\r\n\r\n')
        assert.ok(status === gateway.incompleteStatus || status === 400, `${status}`)
        assert.notEqual((await say(port, client('OPTIONS * HTTP/1.1'))).status, 200)
      })
      await t.test('passes a body that comes late, and an upgrade', async () => {
        const post = client('POST /app/post HTTP/1.1', 'Content-Length: 4')
        assert.equal((await say(port, post, 'late')).status, 200)
        const upgrade = [
          'GET /ws HTTP/1.1',
          'Host: a.test',
          'Upgrade: websocket',
          'Connection: Upgrade',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
          'Sec-WebSocket-Version: 13',
          '',
          '',
        ].join('\r\n')
        assert.match((await say(port, upgrade)).body, /^upgrade: websocket\r?$/im)
      })
      await credentialsCount(t, town)
      await outages(t, gateway, town, port)
    })
}

type Context = Parameters<typeof build>[0]

async function clientsCannotPose(t: Context, port: number): Promise<void> {
  await t.test('shows the application no identity of the client’s own making', async () => {
    const spoofed = identityHeaders.flatMap((name) => [
      `X-Warder-${name}: spoofed`,
      `X_Warder_${name.replaceAll('-', '_')}: spoofed`,
      `X.Warder.${name}: spoofed`,
    ])
    const more = [
      ...spoofed,
      'Client-Token: spoofed',
      'PDG-TOKEN: spoofed',
      'Client_Token: spoofed',
    ]
    const seen = await say(port, client('GET /app/x HTTP/1.1', ...more))
    assert.equal(seen.status, 200)
    assert.doesNotMatch(seen.body, /spoofed/)
  })
  await t.test('lets nobody take the identity away by naming it in Connection', async () => {
    const named = identityHeaders.map((name) => `X-Warder-${name}`).join(', ')
    const text = `GET /app HTTP/1.1\r\nHost: a.test\r\nConnection: close, ${named}\r\n\r\n`
    const seen = await say(port, text)
    assert.equal(seen.status, 200)
    assert.match(seen.body, /^x-warder-gateway-id: gw-7\r?$/im)
  })
  await t.test('refuses a credential in the query or in a cookie', async () => {
    const query = await say(port, client('GET /x?client-token=t HTTP/1.1'))
    assert.equal(query.status, 401)
    const cookie = await say(port, client('GET /x HTTP/1.1', 'Cookie: client-token=t'))
    assert.equal(cookie.status, 401)
    assert.match(cookie.headers, /^www-authenticate: Bearer/im)
  })
}

async function credentialsCount(t: Context, town: Town): Promise<void> {
  const live = town.token()
  const refused = {
    missing: '',
    'no token': 'x.y.z',
    expired: town.token({ exp: 1_700_000_000 }),
    tampered: `${live.slice(0, -4)}AAAA`,
  }
  for (const [name, credential] of Object.entries(refused)) {
    await t.test(`refuses with 401 when its credential is ${name}`, async () => {
      const seen = await say(await town.gateway(credential), hello)
      assert.equal(seen.status, 401)
      assert.match(seen.headers, /^www-authenticate: Bearer/im)
    })
  }
  await t.test(
    'passes with the old and the new credential until the old one is revoked',
    async () => {
      const [old, next] = [town.token({ jti: 'old' }), town.token({ jti: 'new' })]
      const [oldPort, nextPort] = [await town.gateway(old), await town.gateway(next)]
      assert.equal((await say(oldPort, hello)).status, 200)
      assert.equal((await say(nextPort, hello)).status, 200)
      town.revoke('old')
      await until(async () => (await say(oldPort, hello)).status === 401)
      const after = await Promise.all(Array.from({ length: 50 }, async () => say(oldPort, hello)))
      assert.ok(after.every(({ status }) => status === 401))
      assert.equal((await say(nextPort, hello)).status, 200)
    },
  )
}

async function outages(t: Context, gateway: Gateway, town: Town, port: number): Promise<void> {
  await t.test('is closed while the verifier is gone, and open again when it is back', async () => {
    await town.stopVerifier('SIGKILL')
    for (let count = 0; count < 3; count++) {
      assert.equal((await say(port, hello)).status, gateway.outageStatus)
    }
    await town.startVerifier()
    await until(async () => (await say(port, hello)).status === 200)
  })
  await t.test('refuses nobody wrongly while the verifier is told to stop', async () => {
    const stopped = town.stopVerifier('SIGTERM')
    const statuses = new Set<number>()
    for (let count = 0; count < 20; count++) statuses.add((await say(port, hello)).status)
    await stopped
    for (const status of statuses) assert.ok([200, gateway.outageStatus].includes(status))
    await town.startVerifier()
    await until(async () => (await say(port, hello)).status === 200)
  })
}
