import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { describe, test, type TestContext } from 'node:test'
import { fetchKeySet } from '../../src/verifier/key-set-source.ts'
import { listen } from '../../src/verifier/listening.ts'
import { manualClock } from '../manual-clock.ts'
import { gatewayClaims, issuerKey, keySet, signToken, type IssuerKey } from './issuer.ts'
import { nginxHook, runVerifier, statusOf, trustEntry, until, usualOutage } from './running.ts'
import { exchange } from './wire.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** An issuer's server, which answers as it is told and counts. */
async function issuerServer(t: TestContext, first: Answer) {
  let answer = first
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    answer(request, response)
  })
  const port = await listen(server, { kind: 'tcp', host: '127.0.0.1', port: 0 })
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    asked,
    url: `http://127.0.0.1:${port}/keys`,
    become(next: Answer) {
      answer = next
    },
  }
}

const gives =
  (...keys: readonly IssuerKey[]): Answer =>
  (_, response) =>
    response.end(keySet(...keys))

const algorithms = ['ES256'] as const

describe('fetching a key set', { concurrency: true }, () => {
  const cases: readonly (readonly [title: string, answer: Answer, problem: RegExp])[] = [
    [
      'does not follow a redirect',
      (_, response) => response.writeHead(302, { location: '/elsewhere' }).end(),
      /status 302/,
    ],
    [
      'takes no error for a set',
      (_, response) => response.writeHead(503).end('{"keys":[]}'),
      /503/,
    ],
    ['takes no 204 for an empty set', (_, response) => response.writeHead(204).end(), /204/],
    ['takes no page for a set', (_, response) => response.end('<html></html>'), /not a JWK set/],
    ['takes no empty body for a set', (_, response) => response.end(), /not a JWK set/],
    [
      'takes no part for the whole',
      (_, response) => {
        response.writeHead(200, { 'content-length': 1000 })
        response.write('{"keys":[]}')
        setImmediate(() => response.destroy())
      },
      /cannot be fetched/,
    ],
    [
      'ends when it is too large, announced or not',
      (_, response) => {
        const more = () => {
          while (!response.destroyed && response.write(' '.repeat(65_536)));
        }
        response.on('drain', more)
        more()
      },
      /larger than 256 KiB/,
    ],
    ['ends at the deadline when nothing comes', () => {}, /cannot be fetched \(TimeoutError\)/],
    [
      'ends at the deadline when it dribbles',
      (_, response) => {
        const dribble = setInterval(() => response.write(' '), 50)
        response.on('close', () => clearInterval(dribble))
      },
      /cannot be fetched \(TimeoutError\)/,
    ],
  ]
  for (const [title, answer, problem] of cases) {
    test(title, async (t) => {
      const server = await issuerServer(t, answer)
      const began = Date.now()
      const reading = await fetchKeySet(server.url, algorithms, 300)
      assert.match(reading.kind === 'broken' ? reading.problem : '', problem)
      assert.deepEqual(server.asked, ['/keys'])
      assert.ok(Date.now() - began < 3000)
    })
  }

  test('from nobody is broken, and no address is quoted', async () => {
    const reading = await fetchKeySet('http://127.0.0.1:1/keys', algorithms)
    assert.deepEqual(reading, { kind: 'broken', problem: 'cannot be fetched (ECONNREFUSED)' })
  })
})

test('however many unknown keys are presented, an issuer is asked once in a cool-down, and a new key comes then', async (t) => {
  const [first, second] = [issuerKey('first'), issuerKey('second')]
  const server = await issuerServer(t, gives(first))
  const clock = manualClock(Date.now())
  const running = await runVerifier({
    workers: 2,
    trust: (folder) => [trustEntry(folder, { jwks: server.url })],
    parts: { clock },
  })
  t.after(() => running.stop())
  const status = async (token: string) => statusOf(running.place, nginxHook(token))
  const good = signToken(first, gatewayClaims())
  assert.equal(await status(good), 200)
  assert.equal(server.asked.length, 1)

  const flood = async () => {
    const hooks = Array.from({ length: 200 }, (_, at) =>
      nginxHook(signToken(first, gatewayClaims(), { kid: `none-${at}` })),
    )
    const lines = [hooks.slice(0, 100), hooks.slice(100)].map(async (each) =>
      exchange(running.place, each.join(''), 100),
    )
    for (const { answers } of await Promise.all(lines)) {
      assert.ok(answers.every((answer) => answer.status === 401))
    }
  }
  await flood()
  await until(() => server.asked.length === 2)
  await flood()
  server.become(gives(first, second))
  // Each thread asks for keys once in a second.
  await new Promise((resolve) => setTimeout(resolve, 1100))
  await flood()
  assert.equal(server.asked.length, 2)
  assert.equal(await status(good), 200)

  clock.advance(31_000)
  const fresh = signToken(second, gatewayClaims())
  await until(async () => (await status(fresh)) === 200)
  assert.equal(server.asked.length, 3)
  assert.equal(await running.metric('warder_key_set_refreshes_total{result="success"}'), 3)
})

const hourMs = 3_600_000

describe('a key set that could not be fetched for too long', { concurrency: true }, () => {
  for (const [answer, status] of [
    ['unavailable', 503],
    ['deny', 401],
    ['allow', 200],
  ] as const) {
    test(`is gone by no more, where outage.expired is ${answer}`, async (t) => {
      const own = issuerKey('own')
      const server = await issuerServer(t, gives(own))
      const clock = manualClock(Date.now())
      const running = await runVerifier({
        settings: { outage: { ...usualOutage, expired: answer } },
        trust: (folder) => [
          trustEntry(folder),
          trustEntry(folder, { issuer: 'https://fetched.test', jwks: server.url }),
        ],
        parts: { clock },
      })
      t.after(() => running.stop())
      const of = async (token: string) => statusOf(running.place, nginxHook(token))
      const fetched = (jti: string, key = own) =>
        signToken(key, gatewayClaims({ iss: 'https://fetched.test', jti }))
      const seen = fetched('seen')
      running.put('revoked.txt', 'revoked\n')
      await until(async () => (await of(fetched('revoked'))) === 401)
      server.become((_, response) => response.writeHead(503).end())
      clock.advance(hourMs)
      assert.equal(await of(seen), 200)
      assert.equal(await running.metric('warder_key_set_age_seconds'), 3600)

      clock.advance(1)
      const ready = async () => (await running.page('/readyz')).body
      await until(async () => /"degraded".*age of key set [^"]+: too old/.test(await ready()))
      await until(async () => /status 503/.test(await ready()))
      assert.deepEqual([await of(seen), await of(fetched('new'))], [status, status])
      // What would be refused is refused, and other issuers are judged.
      assert.equal(await of(fetched('revoked')), 401)
      assert.equal(await of(fetched('forged', issuerKey('own'))), 401)
      assert.equal(await of(running.token()), 200)

      server.become(gives(own))
      await until(async () => (await ready()) === '{"state":"ready"}')
      assert.deepEqual([await of(seen), await of(fetched('new'))], [200, 200])
      assert.equal(await running.metric('warder_key_set_age_seconds'), 0)
    })
  }
})

test('a verifier all of whose keys are too old is not ready, and says how old they are', async (t) => {
  const key = issuerKey('only')
  const server = await issuerServer(t, gives(key))
  const clock = manualClock(Date.now())
  const running = await runVerifier({
    trust: (folder) => [trustEntry(folder, { jwks: server.url })],
    parts: { clock },
  })
  t.after(() => running.stop())
  const hook = nginxHook(signToken(key, gatewayClaims()))
  assert.equal(await statusOf(running.place, hook), 200)
  server.become((_, response) => response.writeHead(503).end())
  clock.advance(hourMs + 1000)
  await until(async () => (await running.page('/readyz')).status === 503)
  assert.match((await running.page('/readyz')).body, /"not-ready".*"expired".*too old/)
  assert.equal(await statusOf(running.place, hook), 503)
  assert.match(
    (await running.page('/status')).body,
    /"freshness":{"state":"expired","ageSeconds":3601,/,
  )
  assert.equal(await running.metric('warder_freshness_state{state="expired"}'), 1)
  assert.equal(await running.metric('warder_standing_age_seconds'), 3601)
  assert.match(
    (await running.page('/metrics')).body,
    /^warder_source_broken{source="age of key set .*} 1$/m,
  )

  server.become(gives(key))
  await until(async () => (await running.page('/readyz')).body === '{"state":"ready"}')
  assert.equal(await statusOf(running.place, hook), 200)
})

test('an issuer that cannot be asked at the start is asked again, and only then anything is allowed', async (t) => {
  const server = await issuerServer(t, (_, response) =>
    response.writeHead(302, { location: '/elsewhere' }).end(),
  )
  const running = await runVerifier({
    trust: (folder) => [trustEntry(folder, { jwks: `${server.url}?api_key=s3cret` })],
  })
  t.after(() => running.stop())
  const hook = nginxHook(running.token())
  assert.equal(await statusOf(running.place, hook), 503)
  const { status, body } = await running.page('/readyz')
  assert.equal(status, 503)
  assert.match(body, /"state":"not-ready".*status 302/)
  assert.doesNotMatch(body + running.log(), /s3cret/)
  assert.match(
    (await running.page('/status')).body,
    /"revision":null,"freshness":{"state":"expired",/,
  )
  assert.equal((await running.page('/livez')).status, 200)

  server.become(gives(running.key))
  await until(async () => (await statusOf(running.place, hook)) === 200)
  assert.equal((await running.page('/readyz')).body, '{"state":"ready"}')
  assert.ok(server.asked.every((path) => path === '/keys?api_key=s3cret'))
})
