import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { gatewayClaims, issuerKey, seconds, signToken } from './issuer.ts'
import { forwardHook, nginxHook, runVerifier, sameEachTime, until } from './running.ts'
import { ask, header } from './wire.ts'

const running = await runVerifier()
after(async () => running.stop())

/** Tokens that are refused, each for another reason. */
async function refusedTokens(): Promise<ReadonlyMap<string, string>> {
  const live = running.token()
  const revoked = running.token({ jti: 'revoked-1' })
  running.put('revoked.txt', 'revoked-1\n')
  await until(async () => (await ask(running.place, nginxHook(revoked))).status === 401)
  return new Map([
    ['expired', running.token({ exp: seconds() - 1 })],
    ['revoked', revoked],
    ['of an unknown key', signToken(issuerKey('unknown'), gatewayClaims())],
    ['of another key with a known name', signToken(issuerKey('key-1'), gatewayClaims())],
    ['of an unknown issuer', running.token({ iss: 'https://other.test' })],
    ['for somebody else', running.token({ aud: 'https://other.test' })],
    ['not yet valid', running.token({ nbf: seconds() + 3600 })],
    ['issued in the future', running.token({ iat: seconds() + 3600 })],
    ['without an id', running.token({ jti: undefined })],
    ['changed', `${live.slice(0, -4)}AAAA`],
    ['cut', live.slice(0, -10)],
    ['malformed', 'x'],
    ['endless', 'x.'.repeat(20_000)],
  ])
}

describe('a refusal', () => {
  test('says the same for every reason, on either door', async () => {
    const tokens = await refusedTokens()
    for (const hook of [nginxHook, forwardHook]) {
      const texts = new Set<string>()
      for (const [reason, token] of tokens) {
        const answer = await ask(running.place, hook(token))
        assert.equal(answer.status, 401, reason)
        assert.equal(header(answer, 'www-authenticate'), 'Bearer error="invalid_token"')
        assert.equal(header(answer, 'cache-control'), 'no-store')
        texts.add(sameEachTime(answer))
      }
      assert.equal(texts.size, 1)
    }
  })

  test('says the same for no credential and for an empty one, and that one is needed', async () => {
    const texts = new Set<string>()
    for (const hook of [nginxHook(undefined), nginxHook('')]) {
      const answer = await ask(running.place, hook)
      assert.equal(answer.status, 401)
      assert.equal(header(answer, 'www-authenticate'), 'Bearer')
      assert.equal(header(answer, 'cache-control'), 'no-store')
      texts.add(sameEachTime(answer))
    }
    assert.equal(texts.size, 1)
  })

  test('to nginx has no body, to others a small one in JSON, and neither names anybody', async () => {
    const jti = 'jti-of-nobody'
    const token = running.token({ jti, sub: 'gateway-secret', exp: 1 })
    const nginx = await ask(running.place, nginxHook(token))
    assert.equal(header(nginx, 'content-length'), '0')
    assert.equal(nginx.body, '')
    const forward = await ask(running.place, forwardHook(token))
    assert.equal(header(forward, 'content-type'), 'application/json; charset=utf-8')
    assert.deepEqual(JSON.parse(forward.body), {
      code: 'ACCESS_FAILED',
      message: 'the credential is not accepted',
    })
    for (const { text, headers } of [nginx, forward]) {
      assert.ok(!text.includes(jti) && !text.includes('gateway-secret') && !text.includes(token))
      const warder = headers.filter(([name]) => name.startsWith('X-Warder-'))
      assert.deepEqual(
        warder.map(([name]) => name),
        ['X-Warder-Decision-Id'],
      )
    }
  })

  test('to HEAD has the same head and no body', async () => {
    const get = await ask(running.place, nginxHook('x'))
    const head = await ask(running.place, nginxHook('x').replace('GET', 'HEAD'))
    assert.equal(sameEachTime(head), sameEachTime(get))
  })

  test('keeps the connection, as an allow does, which keeps it for longer', async () => {
    for (const [hook, kept] of [
      [nginxHook('x'), 10],
      [forwardHook('x'), 10],
      [nginxHook(running.token()), 3650],
    ] as const) {
      const answer = await ask(running.place, hook)
      assert.equal(header(answer, 'connection'), 'keep-alive')
      assert.equal(header(answer, 'keep-alive'), `timeout=${kept}`)
    }
  })
})

test('must stay allowed: what is unusual and right', async () => {
  for (const claims of [
    { aud: ['https://warder.test'] },
    { aud: ['https://other.test', 'https://warder.test'] },
    { extra: { deep: [1, null, true] }, scope: 'x' },
    { exp: seconds() + 2 },
    { nbf: seconds() + 55 },
    { iat: seconds() + 55 },
    { iat: undefined },
    { iat: seconds() - 0.5 },
    { jti: 'x'.repeat(256) },
  ]) {
    assert.equal((await ask(running.place, nginxHook(running.token(claims)))).status, 200)
  }
  for (const header_ of [{ typ: 'application/JWT' }, { typ: undefined }, { x: 1, cty: 'y' }]) {
    const token = signToken(running.key, gatewayClaims(), header_)
    assert.equal((await ask(running.place, nginxHook(token))).status, 200)
  }
})
