import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { clientClaims, gatewayClaims, issuerKey, seconds, signToken } from './issuer.ts'
import { forwardHook, nginxHook, runVerifier, statusOf, until } from './running.ts'
import { ask, exchangeAll, header, request } from './wire.ts'

const running = await runVerifier({ workers: 2 })
after(async () => running.stop())

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0)
interface StatusPage {
  readonly doors: Readonly<Record<'nginx' | 'forward', { allow: number; deny: number }>>
}

const statusPage = async () => JSON.parse((await running.page('/status')).body)

const counts = ({ doors: { nginx, forward } }: StatusPage) =>
  [nginx.allow, forward.allow, forward.deny].join(' ')

test('pages are there for GET and HEAD, and nothing else is', async () => {
  for (const path of ['/livez', '/readyz', '/status', '/metrics', '/readyz?verbose']) {
    const answer = await running.page(path)
    assert.deepEqual([answer.status, header(answer, 'cache-control')], [200, 'no-store'], path)
    const post = await ask(
      running.opsPlace,
      request(`POST ${path} HTTP/1.1`, 'Host: a', 'Content-Length: 0'),
    )
    assert.deepEqual([post.status, header(post, 'allow')], [405, 'GET, HEAD'])
    const head = request(`HEAD ${path} HTTP/1.1`, 'Host: a', 'Connection: close')
    const { rest } = await exchangeAll(running.opsPlace, head)
    assert.match(rest, /^HTTP\/1.1 200 /)
    assert.ok(rest.endsWith('\r\n\r\n'))
  }
  for (const path of ['/', '/auth/nginx', '/livez/', '/constructor', '/__proto__', '//livez']) {
    assert.equal((await running.page(path)).status, 404, path)
  }
  assert.equal(await statusOf(running.opsPlace, nginxHook(running.token())), 404)
})

test('the status page says what has been judged, by what and by whom', async () => {
  const before_ = await statusPage()
  const token = running.token()
  await ask(running.place, nginxHook(token))
  await ask(running.place, forwardHook(token))
  await ask(running.place, forwardHook('x'))
  running.put('revoked.txt', 'a\nb\nc\n')
  await until(async () => (await statusPage()).revoked.entries === 3)
  await until(async () => (await statusPage()).proofCache.misses > before_.proofCache.misses)
  // A thread counts once it has answered.
  const { nginx, forward } = before_.doors
  const wanted = [nginx.allow + 1, forward.allow + 1, forward.deny + 1].join(' ')
  await until(async () => counts(await statusPage()) === wanted)
  const page = await statusPage()
  assert.deepEqual(Object.keys(page).toSorted(), [
    'doors',
    'feed',
    'freshness',
    'proofCache',
    'revision',
    'revoked',
    'startedAt',
    'threads',
    'version',
  ])
  assert.deepEqual(page.freshness, {
    state: 'fresh',
    ageSeconds: 0,
    staleAfterSeconds: 15,
    expireAfterSeconds: 3600,
  })
  assert.ok(page.revision > before_.revision)
  const startedAgo = Date.now() - Date.parse(page.startedAt)
  assert.ok(startedAgo >= 0 && startedAgo < performance.now() + 1000)
  assert.deepEqual(
    page.threads.map(({ id }: { id: number }) => id),
    [0, 1],
  )
  const requests = page.threads.map((each: { requests: number }) => each.requests)
  const doors = Object.values<Record<string, number>>(page.doors)
  const decided = doors.flatMap((each) => Object.values(each))
  assert.equal(sum(requests), sum(decided))
  assert.ok(page.revoked.bytes > 0)
})

test('every metric that is promised is there from the start', async () => {
  await ask(running.place, nginxHook('x'))
  await until(async () => (await running.metric('warder_decisions_total{door="nginx",dec')) > 0)
  const { body } = await running.page('/metrics')
  for (const name of [
    'warder_decision_duration_seconds_bucket{le="0.00001"}',
    'warder_decision_duration_seconds_count',
    'warder_standing_revision',
    'warder_standing_age_seconds',
    'warder_freshness_state{state="fresh"}',
    'warder_revoked_entries',
    'warder_proof_cache_entries',
    'warder_proof_cache_hits_total',
    'warder_proof_cache_misses_total',
    'warder_feed_connected',
    'warder_feed_reconnects_total',
    'warder_feed_failures_total',
    'warder_key_set_age_seconds',
    'warder_key_set_refreshes_total{result="success"}',
    'warder_key_set_refreshes_total{result="failure"}',
    'warder_state_file_failures_total',
    'warder_connections_dropped_total{listener="http"}',
    'warder_usage_dropped_total',
    'warder_usage_unreported_total',
    'warder_revoked_presented_total',
  ]) {
    assert.ok(
      body.split('\n').some((line) => line.startsWith(`${name} `)),
      name,
    )
  }
})

test('each token counts once as found or as verified', async (t) => {
  const alone = await runVerifier()
  t.after(() => alone.stop())
  const known = alone.token()
  const expired = alone.token({ exp: 1 })
  const hooks = [known, known, known, alone.token(), 'x', expired, expired]
  for (const token of hooks) await ask(alone.place, nginxHook(token))
  const found = () => alone.metric('warder_proof_cache_hits_total ')
  const missed = () => alone.metric('warder_proof_cache_misses_total ')
  await until(async () => (await found()) + (await missed()) >= hooks.length)
  assert.deepEqual([await found(), await missed()], [3, 4])
})

describe('a refusal leaves a trace and no secret', () => {
  test('in log, metrics and status, at the level of debug', async () => {
    const foreign = issuerKey('key-1')
    const shown = [
      running.token({ exp: seconds() - 1 }),
      running.token({ aud: 'other' }),
      running.token({ iss: 'https://secret-issuer.test' }),
      running.token({ jti: 'secret jti' }),
      signToken(foreign, gatewayClaims()),
      signToken(foreign, gatewayClaims(), { kid: 'secret-kid' }),
      signToken(running.key, clientClaims()),
      running.token(),
      'secret-that-is-no-token',
      `${running.token()}x`,
    ]
    for (const token of shown) {
      await ask(running.place, nginxHook(token, `Cookie: session=${token}`))
      await ask(running.place, forwardHook(undefined, `Authorization: Bearer ${token}`))
      await ask(running.place, nginxHook(token).replace('q=1', `CLIENT-TOKEN=${token}`))
      await ask(running.place, nginxHook(token, `PDG-TOKEN: ${token}`))
    }
    const revoked = running.token({ jti: 'revoked-id', sub: 'gateway-9' })
    running.put('revoked.txt', 'revoked-id\n')
    await until(async () => (await statusOf(running.place, nginxHook(revoked))) === 401)
    await until(() => running.log().includes('revoked credential still presented'))
    await until(() => running.log().includes('"reason":"credential-misplaced"'))

    const pages = [await running.page('/metrics'), await running.page('/status')]
    const texts = [running.log(), ...pages.map(({ text }) => text)]
    for (const text of texts) {
      assert.doesNotMatch(text, /secret|session=|eyJ/)
      for (const token of [...shown, revoked]) {
        for (const part of token.split('.')) assert.ok(!text.includes(part))
      }
    }
    assert.match(
      running.log(),
      /"reason":"credential-revoked".*"credentialId":"revoked-id","gatewayId":"gateway-9"/,
    )
  })
})
