import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { OutageAnswers } from '../../src/decision/decide.ts'
import { keySet } from './issuer.ts'
import {
  forwardHook,
  identityHeaders,
  nginxHook,
  runVerifier,
  statusOf,
  trustEntry,
  until,
  usualOutage,
  type Running,
} from './running.ts'
import { ask, exchange, header } from './wire.ts'

/** A verifier whose key set is not there. */
const withoutKeys = async (outage: Partial<OutageAnswers> = {}): Promise<Running> =>
  runVerifier({
    settings: { outage: { ...usualOutage, ...outage } },
    trust: (folder) => [trustEntry(folder, { jwks: join(folder, 'later.json') })],
  })

test('without a standing every question is answered with 503, alive and not ready, until there is one', async (t) => {
  const running = await withoutKeys()
  t.after(() => running.stop())
  for (const hook of [nginxHook, forwardHook]) {
    for (const token of [running.token(), undefined, 'x']) {
      const answer = await ask(running.place, hook(token))
      assert.deepEqual([answer.status, header(answer, 'retry-after')], [503, '1'])
      assert.equal(header(answer, 'www-authenticate'), undefined)
      assert.match(header(answer, 'x-warder-decision-id') ?? '', /^[\w-]+$/)
      assert.equal(header(answer, 'x-warder-revision'), undefined)
    }
  }
  assert.equal((await ask(running.place, nginxHook('x'))).body, '')
  assert.equal((await running.page('/livez')).status, 200)
  const { status, body } = await running.page('/readyz')
  assert.equal(status, 503)
  assert.match(body, /^{"state":"not-ready","reasons":\["no standing","key set .*ENOENT/)

  running.put('later.json', keySet(running.key))
  await until(async () => (await statusOf(running.place, nginxHook(running.token()))) === 200)
  assert.equal((await running.page('/readyz')).body, '{"state":"ready"}')
})

test('an issuer that could not be read holds up its own tokens alone, and is named until it was', async (t) => {
  const issuer = 'https://away.test'
  const running = await runVerifier({
    trust: (folder) => [
      trustEntry(folder, { issuer, jwks: join(folder, 'later.json'), revoked: undefined }),
      trustEntry(folder),
    ],
  })
  t.after(() => running.stop())
  const away = running.token({ iss: issuer })
  const statuses = async () =>
    Promise.all(
      [running.token(), away, undefined, 'x'].map(async (token) =>
        statusOf(running.place, nginxHook(token)),
      ),
    )
  assert.deepEqual(await statuses(), [200, 503, 401, 401])
  const { status, body } = await running.page('/readyz')
  assert.equal(status, 200)
  assert.match(body, /"degraded".*issuer https:\/\/away\.test of trust: was not read yet/)
  assert.match(body, /key set .*later\.json/)
  await until(async () => {
    const counted =
      'warder_decisions_total{door="nginx",decision="unavailable",reason="keys-unread"}'
    return (await running.metric(counted)) === 1
  })

  running.put('later.json', keySet(running.key))
  await until(async () => (await statusOf(running.place, nginxHook(away))) === 200)
  assert.equal((await running.page('/readyz')).body, '{"state":"ready"}')
})

test('a list that is broken or missing at the start is never taken for an empty one', async (t) => {
  for (const [content, problem] of [
    ['revoked-1\nno id\n', /line 2 is no id/],
    [undefined, /cannot be read \(ENOENT\)/],
  ] as const) {
    const running = await runVerifier({
      trust(folder) {
        const other = trustEntry(folder, { issuer: 'https://other.test', revoked: undefined })
        const revoked = join(folder, 'second.txt')
        if (content !== undefined) writeFileSync(revoked, content)
        return [other, trustEntry(folder, { revoked })]
      },
    })
    t.after(() => running.stop())
    const token = running.token({ jti: 'revoked-1' })
    assert.equal(await statusOf(running.place, nginxHook(token)), 503)
    assert.match((await running.page('/readyz')).body, problem)
    // Nothing shows whose it would be.
    assert.equal(await statusOf(running.place, nginxHook(running.token())), 503)
    running.put('second.txt', 'revoked-1\n')
    await until(async () => (await statusOf(running.place, nginxHook(token))) === 401)
    assert.equal(await statusOf(running.place, nginxHook(running.token())), 200)
  }
})

test('without a standing the configured answer is given: deny', async (t) => {
  const running = await withoutKeys({ noState: 'deny' })
  t.after(() => running.stop())
  const answer = await ask(running.place, nginxHook(running.token()))
  assert.equal(answer.status, 401)
  const counted = 'warder_decisions_total{door="nginx",decision="deny",reason="denied-in-outage"}'
  await until(async () => (await running.metric(counted)) === 1)
})

test('without a standing the configured answer is given: allow, for nobody in particular', async (t) => {
  const running = await withoutKeys({ noState: 'allow' })
  t.after(() => running.stop())
  const answer = await ask(running.place, nginxHook('x'))
  assert.equal(answer.status, 200)
  for (const name of identityHeaders) {
    const empty = name !== 'X-Warder-Decision-Id'
    assert.equal(header(answer, name) === '', empty, name)
  }
  // It never makes up for what a good standing refuses.
  running.put('later.json', keySet(running.key))
  await until(async () => (await statusOf(running.place, nginxHook('x'))) === 401)
})

test('a flood of forged tokens is refused or told to come back, while those that are known go on', async (t) => {
  const running = await runVerifier()
  t.after(() => running.stop())
  const known = running.token()
  assert.equal(await statusOf(running.place, nginxHook(known)), 200)
  const token = running.token()
  const flood = Array.from({ length: 3000 }, (_, at) => nginxHook(`${token}${at.toString(36)}`))
  const statuses = new Map<number, number>()
  for (let round = 0; round < 3; round++) {
    const { answers } = await exchange(running.place, flood.join(''), flood.length)
    for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1)
    assert.equal(await statusOf(running.place, nginxHook(known)), 200)
  }
  assert.deepEqual(
    [...statuses.keys()].filter((status) => status !== 401 && status !== 503),
    [],
  )
  // Known tokens stay known: none of the flood took a place among the proofs.
  await until(async () => {
    const { proofCache } = JSON.parse((await running.page('/status')).body)
    return proofCache.entries === 1
  })
})

test('of two issuers that share a key set, the one that can use none of it is named, whatever the other finds', async (t) => {
  const running = await runVerifier({
    trust: (folder) => [
      trustEntry(folder, { issuer: 'https://other.test', algorithms: ['EdDSA'] }),
      trustEntry(folder),
    ],
  })
  t.after(() => running.stop())
  const { body } = await running.page('/readyz')
  assert.match(body, /key set [^"]* for gateways of https:\/\/other\.test: has no key/)
  const other = running.token({ iss: 'https://other.test' })
  assert.equal(await statusOf(running.place, nginxHook(other)), 503)
  assert.equal(await statusOf(running.place, nginxHook(running.token())), 200)
})
