import assert from 'node:assert/strict'
import { client, say, upgrade, upgradeRequest } from './client.ts'
import { assertPassed, hello, type Case } from './scene.ts'
import { targetCases } from './targets.ts'

// What a request may be, and what becomes of it.

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

/** Whether a target stands in a question, and not merely its end. */
function isAskedAbout(asked: string, target: string): boolean {
  for (let at = asked.indexOf(target); at !== -1; at = asked.indexOf(target, at + 1)) {
    if (at > 0 && asked[at - 1] !== '/') return true
  }
  return false
}

export const requests: readonly Case[] = [
  {
    title: 'passes a request whose gateway is live, and says who it is',
    async run({ port }) {
      const seen = await say(port, hello)
      assertPassed(seen)
      assert.match(seen.body, /^GET \/app\/hello\?q=1 HTTP\/1\.1\r\n/)
      assert.match(seen.body, /^x-warder-decision-id: \S+\r?$/im)
    },
  },
  {
    title: 'shows the application no identity and no credential of the client’s own making',
    async run({ port }) {
      const spoofed = identityHeaders.flatMap((name) => [
        `X-Warder-${name}: spoofed`,
        `X_Warder_${name.replaceAll('-', '_')}: spoofed`,
        `X.Warder.${name}: spoofed`,
        `X-Warder_${name}: spoofed`,
      ])
      const names = ['Client-Token', 'PDG-TOKEN', 'Client_Token', 'pdg.token']
      const credentials = names.map((name) => `${name}: spoofed`)
      const seen = await say(port, client('GET /app/x HTTP/1.1', ...spoofed, ...credentials))
      assertPassed(seen)
      assert.doesNotMatch(seen.body, /spoofed/)
      assert.doesNotMatch(seen.body, /^(?:client|pdg)[-_.]token:/im)
    },
  },
  {
    title: 'does not take what the client says of the original request',
    async run({ port }) {
      const names = ['Uri', 'Method', 'Host', 'Proto'].flatMap((name) => [
        `X-Forwarded-${name}`,
        `X-Original-${name}`,
        `X_Forwarded_${name}`,
      ])
      const query = `/x?client-token=t`
      const lines = names.map((name) => `${name}: ${name.endsWith('Uri') ? query : 'a, b'}`)
      assertPassed(await say(port, client('GET /app/x HTTP/1.1', ...lines)))
    },
  },
  {
    title:
      'lets nobody take the identity, the credential or the question away by naming them in Connection',
    async run({ port }) {
      const identity = identityHeaders.map((name) => `X-Warder-${name}`)
      const others = ['Client-Token', 'X-Forwarded-Uri', 'X-Original-Uri', 'X-Forwarded-Method']
      // Apart, since Envoy takes no more than ten of them.
      for (const named of [identity, others]) {
        const connection = ['close', ...named].join(', ')
        const head = `GET /app HTTP/1.1\r\nHost: a.test\r\nConnection: ${connection}\r\n\r\n`
        assertPassed(await say(port, head))
      }
    },
  },
  {
    title: 'refuses a credential in the query or in a cookie',
    async run({ port }) {
      assert.equal((await say(port, client('GET /x?client-token=t HTTP/1.1'))).status, 401)
      const cookie = await say(port, client('GET /x HTTP/1.1', 'Cookie: client-token=t'))
      assert.equal(cookie.status, 401)
      assert.match(cookie.headers, /^www-authenticate: Bearer/im)
    },
  },
  {
    title: 'does not judge by two Authorization headers',
    async run({ port, gateway }) {
      const two = ['Authorization: Bearer one', 'Authorization: Bearer two']
      const { status } = await say(port, client('GET /app HTTP/1.1', ...two))
      assert.equal(status, gateway.twoAuthorizations)
    },
  },
  {
    title: 'refuses what it cannot ask about whole',
    async run({ town, port, gateway }) {
      const { status } = await say(port, 'GET /app/h10 HTTP/1.0\r\n\r\n')
      assert.ok([0, 400, ...gateway.incomplete].includes(status), `${status}`)
      const before = town.application.requests()
      await say(port, client('OPTIONS * HTTP/1.1'))
      assert.equal(town.application.requests(), before)
    },
  },
  {
    title: 'gives the application the target that was judged, or nothing',
    async run({ town, gateway, note }) {
      const { relay, doors } = await town.relay(gateway)
      const port = await town.start(gateway, town.token({ jti: 'standing', sub: 'gw-7' }), doors)
      const notPassed: string[] = []
      for (const { target, isPlain } of targetCases()) {
        relay.forget()
        const before = town.application.requests()
        const { status, body } = await say(port, client(`GET ${target} HTTP/1.1`))
        const [, got = ''] = /^GET (\S*) HTTP\/1\.1\r\n/.exec(body) ?? []
        if (status === 200 && town.application.requests() > before) {
          assert.ok(isAskedAbout(relay.asked(), got), `${target}: ${got} passed unasked`)
          if (got !== target) notPassed.push(`${target} → ${got}`)
        } else {
          assert.ok(!isPlain, `${target}: ${status}`)
          assert.equal(town.application.requests(), before, target)
          notPassed.push(`${target} ${status}`)
        }
      }
      note(`not passed as they were written: ${notPassed.join(', ')}`)
    },
  },
  {
    title: 'passes a body that comes late',
    async run({ port }) {
      const post = client('POST /app/post HTTP/1.1', 'Content-Length: 4')
      const seen = await say(port, post, 'late')
      assertPassed(seen)
      assert.match(seen.body, /\r\n\r\n(?:4\r\n)?late/)
    },
  },
  {
    title: 'passes an upgrade, and not without a live credential',
    async run({ port, town, gateway }) {
      const seen = await upgrade(port, 'over the wall')
      assert.equal(seen.status, 101)
      assert.match(seen.body, /over the wall$/)
      const refusing = await town.start(gateway, 'x.y.z')
      assert.equal((await say(refusing, upgradeRequest)).status, 401)
    },
  },
  {
    title: 'passes 1,100 headers whole, or refuses them',
    async run({ port, gateway }) {
      const lines = Array.from({ length: 1100 }, (_, index) => `X-A-${index}: v`)
      const seen = await say(port, client('GET /app HTTP/1.1', ...lines))
      assert.equal(seen.status, gateway.manyHeaders)
      if (seen.status !== 200) return
      assertPassed(seen)
      assert.equal(seen.body.match(/^x-a-\d+: v\r?$/gim)?.length, 1100)
    },
  },
  {
    title: 'passes a cookie of 60 KiB',
    async run({ port }) {
      const cookie = `a=${'x'.repeat(60 * 1024 - 2)}`
      const seen = await say(port, client('GET /app HTTP/1.1', `Cookie: ${cookie}`))
      assertPassed(seen)
      assert.ok(seen.body.includes(cookie))
    },
  },
]
