import assert from 'node:assert/strict'
import { appendFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { readKeySet } from '../../src/verifier/key-set-source.ts'
import { readRevokedFile } from '../../src/verifier/revoked-file.ts'
import { manualClock } from '../manual-clock.ts'
import { gatewayClaims, issuerKey, keySet, signToken } from './issuer.ts'
import { nginxHook, runVerifier, statusOf, trustEntry, until } from './running.ts'
import { ask, header } from './wire.ts'

const clock = manualClock(Date.now())

const running = await runVerifier({ workers: 2, parts: { clock } })
after(async () => running.stop())

const status = (token: string) => statusOf(running.place, nginxHook(token))
const becomes = (token: string, wanted: number) =>
  until(async () => (await status(token)) === wanted)
const readiness = async () => (await running.page('/readyz')).body
const isReady = async () => (await readiness()) === '{"state":"ready"}'

const lettingsGo = () => running.log().split('are not revoked any more').length
/** Has the list been as it is for long enough. */
async function letGo(): Promise<void> {
  const before_ = lettingsGo()
  clock.advance(30_000)
  await until(() => lettingsGo() > before_)
}

describe('a list of revoked ids', () => {
  test('that is put in place by renaming counts at once, for tokens that were just allowed', async () => {
    const [one, other] = [running.token({ jti: 'one' }), running.token({ jti: 'other' })]
    assert.deepEqual([await status(one), await status(other)], [200, 200])
    running.put('revoked.txt', '# comment\n\none # left us\n')
    await becomes(one, 401)
    assert.equal(await status(other), 200)
    assert.equal(await status(running.token({ jti: 'ONE' })), 401)
    const presented = () => running.metric('warder_revoked_presented_total')
    const before_ = await presented()
    await status(one)
    await until(async () => (await presented()) > before_)
  })

  test('that is written where it stands counts too', async () => {
    const token = running.token({ jti: 'appended' })
    assert.equal(await status(token), 200)
    appendFileSync(join(running.folder, 'revoked.txt'), 'appended\n')
    await becomes(token, 401)
  })

  test('AT-47: lets go what it has been without for half a minute, and takes what is new meanwhile', async () => {
    const [token, next] = [running.token({ jti: 'for-a-while' }), running.token({ jti: 'next' })]
    running.put('revoked.txt', 'one\nfor-a-while\n')
    await becomes(token, 401)
    await letGo()
    running.put('revoked.txt', 'one\nnext\n')
    await becomes(next, 401)
    assert.equal(await status(token), 401)
    assert.match(running.log(), /"ids":2,"gone":1.*"ids are gone from a list, and stay revoked/)
    clock.advance(29_000)
    running.put('revoked.txt', 'one\nnext\nfor-a-while\n')
    await until(() => /"ids":3,"gone":0/.test(running.log()))
    clock.advance(29_000)
    running.put('revoked.txt', 'one\n')
    await until(() => /"ids":1,"gone":2/.test(running.log()))
    // Whoever looks for the half minute does so once in a second.
    await new Promise((resolve) => setTimeout(resolve, 1100))
    assert.deepEqual([await status(token), await status(next)], [401, 401])
    await letGo()
    await becomes(token, 200)
    assert.equal(await status(next), 200)
    assert.match(
      running.log(),
      /"gone":2.*"ids that are gone from a list are not revoked any more"/,
    )
  })

  test('AT-47: whose beginning is all that was written, or whose end is cut, lets nobody in', async () => {
    const path = join(running.folder, 'revoked.txt')
    const token = running.token({ jti: 'last-of-all' })
    running.put('revoked.txt', 'one\nlast-of-all\n')
    await becomes(token, 401)
    writeFileSync(path, 'one\n')
    await until(() => /"ids":1,"gone":1/.test(running.log()))
    assert.equal(await status(token), 401)
    for (const cut of ['one\nlast-of-', 'one\nlast-of-all']) {
      writeFileSync(path, cut)
      await until(async () => /has no end of line at its end/.test(await readiness()))
      clock.advance(31_000)
      await new Promise((resolve) => setTimeout(resolve, 1100))
      assert.equal(await status(token), 401)
      running.put('revoked.txt', 'one\nlast-of-all\n')
      await until(isReady)
    }
  })

  test('takes a # that touches an id for a part of it', async () => {
    const named = (jti: string) => status(running.token({ jti }))
    running.put('revoked.txt', 'one\nabc#1\n  # def\nghi\t#1\n')
    await becomes(running.token({ jti: 'abc#1' }), 401)
    assert.deepEqual([await named('abc'), await named('def'), await named('ghi')], [200, 200, 401])
  })

  test('that is broken, empty or gone leaves the last good one in force, and says so', async () => {
    const path = join(running.folder, 'revoked.txt')
    const revoked = running.token({ jti: 'one' })
    const live = running.token()
    for (const [spoil, problem] of [
      [() => writeFileSync(path, 'two\nno id\n'), /line 2 is no id/],
      [() => writeFileSync(path, ''), /is empty/],
      [() => rmSync(path), /cannot be read \(ENOENT\)/],
    ] as const) {
      spoil()
      await until(async () => problem.test(await readiness()))
      assert.match(await readiness(), /^{"state":"degraded"/)
      assert.deepEqual([await status(revoked), await status(live)], [401, 200])
      running.put('revoked.txt', 'one\n')
      await until(isReady)
      assert.deepEqual([await status(revoked), await status(live)], [401, 200])
    }
    assert.match(
      running.log(),
      /"source":"revoked list .*"problem":"line 2 is no id".*stays in force/,
    )
    assert.match(running.log(), /"source":"revoked list .*"a source is in order again"/)
    writeFileSync(path, '')
    const broken = async () =>
      running.metric(`warder_source_broken{source="revoked list ${path} for gateways`)
    await until(async () => (await broken()) === 1)
    running.put('revoked.txt', '# nobody any more\n')
    await until(async () => (await broken()) === 0)
    await letGo()
    await becomes(revoked, 200)
  })
})

test('AT-47: an empty list is no list at a start either; a comment says that nothing is revoked', async (t) => {
  const started = await runVerifier({
    trust: (folder) => {
      writeFileSync(join(folder, 'revoked.txt'), ' \n\n')
      return [trustEntry(folder)]
    },
  })
  t.after(() => started.stop())
  const hook = nginxHook(started.token())
  assert.equal(await statusOf(started.place, hook), 503)
  const { status: answered, body } = await started.page('/readyz')
  assert.equal(answered, 503)
  assert.match(body, /"state":"not-ready".*is empty: write a line that begins with # if nothing/)
  assert.match(
    started.log(),
    /is empty.*"a source is broken, and there is nothing that it said before"/,
  )
  started.put('revoked.txt', '# nobody\n')
  await until(async () => (await statusOf(started.place, hook)) === 200)
  assert.equal((await started.page('/readyz')).body, '{"state":"ready"}')
})

describe('a key set', () => {
  test('that is replaced ends every token of the old key at once and takes those of the new one', async () => {
    const other = issuerKey('key-2')
    const old = running.token()
    const fresh = signToken(other, gatewayClaims())
    assert.deepEqual([await status(old), await status(fresh)], [200, 401])
    running.put('keys.json', keySet(running.key, other))
    await becomes(fresh, 200)
    assert.equal(await status(old), 200)
    running.put('keys.json', keySet(other))
    await becomes(old, 401)
    assert.equal(await status(fresh), 200)

    const sameName = { ...issuerKey('key-2') }
    running.put('keys.json', keySet(sameName, running.key))
    await becomes(fresh, 401)
    assert.equal(await status(signToken(sameName, gatewayClaims())), 200)
    running.put('keys.json', keySet(running.key))
    await becomes(old, 200)
    await until(isReady)
  })

  test('that is broken leaves the last good one in force, and says so', async () => {
    const live = running.token()
    const failures = () => running.metric('warder_key_set_refreshes_total{result="failure"}')
    const oct = JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'key-1' }] })
    for (const [content, problem] of [
      ['', /is not a JWK set/],
      ['{"keys":', /is not a JWK set/],
      [`${keySet(running.key)}garbage`, /is not a JWK set/],
      [oct, /has no key that can be used/],
      [undefined, /cannot be read \(ENOENT\)/],
    ] as const) {
      const before_ = await failures()
      if (content === undefined) rmSync(join(running.folder, 'keys.json'))
      else running.put('keys.json', content)
      await until(async () => problem.test(await readiness()))
      assert.ok((await failures()) > before_)
      assert.equal(await status(live), 200)
      assert.equal(await status(signToken(issuerKey('key-1'), gatewayClaims())), 401)
      running.put('keys.json', keySet(running.key))
      await until(isReady)
    }
    assert.match(running.log(), /"source":"key set /)
    assert.doesNotMatch(running.log(), /c2VjcmV0/)
  })

  test('that lists no keys at all ends every token', async () => {
    const live = running.token()
    running.put('keys.json', '{"keys":[]}')
    await becomes(live, 401)
    assert.match(await readiness(), /"degraded".*"keys of key set [^"]*: there are none/)
    running.put('keys.json', keySet(running.key))
    await becomes(live, 200)
    await until(isReady)
  })

  test('with one key that cannot be used goes without it, and the log says which', async () => {
    const weak = { ...issuerKey('weak'), jwk: { kty: 'RSA', kid: 'weak', n: 'AQAB', e: 'AQAB' } }
    running.put('keys.json', keySet(running.key, weak))
    await until(() => /"index":1,"kid":"weak".*"a key is left out"/.test(running.log()))
    assert.equal(await status(running.token()), 200)
    assert.ok(await isReady())
  })
})

test('what is no list or no key set is never read as one', async () => {
  for (const text of [
    'two\0\0\0\n',
    'a b\n',
    '\ufeffone\n',
    `${'x'.repeat(257)}\n`,
    'caf\xe9\n',
    'cut',
  ]) {
    assert.equal(readRevokedFile(Buffer.from(text), 'issuer').kind, 'broken')
  }
  for (const text of [
    '',
    ' ',
    '{}',
    '[]',
    'null',
    '{"keys":{}}',
    '<html></html>',
    '\ufeff{"keys":[]}',
  ]) {
    assert.equal((await readKeySet(Buffer.from(text), ['ES256'])).kind, 'broken')
  }
})

test('two issuers with one name for their keys are never taken for each other', async (t) => {
  const other = issuerKey('key-1')
  const second = 'https://second.test'
  const two = await runVerifier({
    trust: (folder) => {
      writeFileSync(join(folder, 'second.json'), keySet(other))
      writeFileSync(join(folder, 'second.txt'), 'shared\n')
      const jwks = join(folder, 'second.json')
      const revoked = join(folder, 'second.txt')
      return [trustEntry(folder), trustEntry(folder, { issuer: second, jwks, revoked })]
    },
  })
  t.after(() => two.stop())
  const of = async (token: string) => statusOf(two.place, nginxHook(token))
  const secondToken = (claims = {}) => signToken(other, gatewayClaims({ iss: second, ...claims }))
  assert.deepEqual([await of(two.token()), await of(secondToken())], [200, 200])
  assert.equal(await of(two.token({ iss: second })), 401)
  assert.equal(await of(signToken(other, gatewayClaims())), 401)
  // Revoked by one issuer is revoked of that one.
  assert.equal(await of(two.token({ jti: 'shared' })), 200)
  assert.equal(await of(secondToken({ jti: 'shared' })), 401)
})

test('exp passes while a proof is kept, to the second', async () => {
  const exp = Math.ceil((Date.now() + 200) / 1000)
  const token = running.token({ exp })
  while (Date.now() < exp * 1000 - 20) assert.equal(await status(token), 200)
  await until(() => Date.now() >= exp * 1000)
  const answer = await ask(running.place, nginxHook(token))
  assert.equal(answer.status, 401)
  assert.equal(header(answer, 'www-authenticate'), 'Bearer error="invalid_token"')
})
