import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import {
  forwardHook,
  gatewayDoor,
  identityHeaders,
  runVerifier,
  until,
} from '../verifier/running.ts'
import { ask, exchange, exchangeAll, header, open, request } from '../verifier/wire.ts'

const running = await runVerifier({
  settings: {
    doors: { envoy: gatewayDoor, forward: gatewayDoor },
    limits: { headerBytes: 65_536, bodyBytes: 64 * 1024, sockets: 100 },
  },
})
after(async () => running.stop())

interface Hook {
  readonly method?: string
  readonly target?: string
  readonly token?: string | undefined
  readonly more?: readonly string[]
}

function envoyHook({ method = 'GET', target = '/orders/1?x=2', more = [], ...rest }: Hook): string {
  const token = 'token' in rest ? rest.token : running.token()
  return request(
    `${method} /auth/envoy${target} HTTP/1.1`,
    'Host: app.example.test',
    ...(token === undefined ? [] : [`client-token: ${token}`]),
    ...more,
  )
}

const statusOf = async (hook: Hook) => (await ask(running.place, envoyHook(hook))).status

describe('Envoy over HTTP', () => {
  test('an allow is 200 without a body, with every identity header', async () => {
    const answer = await ask(running.place, envoyHook({}))
    assert.equal(answer.status, 200)
    assert.equal(header(answer, 'content-length'), '0')
    for (const name of identityHeaders) assert.notEqual(header(answer, name), undefined, name)
  })

  test('any method that HTTP has is a question, whatever it means elsewhere', async () => {
    const methods = [
      'GET',
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
      'OPTIONS',
      'TRACE',
      'PROPFIND',
      'PURGE',
    ]
    for (const method of methods) {
      assert.equal(await statusOf({ method }), 200, method)
      assert.equal(await statusOf({ method, token: undefined }), 401, method)
    }
    assert.equal(await statusOf({ method: 'OPTIONS', target: '*' }), 200)
  })

  test('the prefix is taken off as text: what stands behind it may be any path', async () => {
    const targets = [
      '/',
      '//',
      '/..',
      '/../nginx',
      '/%2e%2e/x',
      '/a%2fb',
      '/a;b',
      '/a\\b',
      '/auth/nginx',
      '/?',
      '/%',
    ]
    for (const target of targets) {
      assert.equal(await statusOf({ target }), 200, target)
      assert.equal(await statusOf({ target, token: 'x' }), 401, target)
    }
  })

  test('a target that is no path is no question', async () => {
    for (const target of ['', '?x=1', 'x', '%2f', '*x', 'http://app.test/']) {
      assert.equal(await statusOf({ target }), 400, target)
    }
  })

  test('a path that only resembles the prefix is nobody’s', async () => {
    for (const path of [
      '/auth/Envoy/x',
      '/auth//envoy/x',
      '/auth/./envoy/x',
      '/auth/%65nvoy/x',
      '/x/auth/envoy/x',
    ]) {
      const hook = envoyHook({}).replace('/auth/envoy/orders/1?x=2', path)
      assert.equal((await ask(running.place, hook)).status, 404, path)
    }
  })

  test('a credential counts once, in its header, and nowhere else', async () => {
    const token = running.token()
    const refused: readonly Hook[] = [
      { token: undefined },
      { token: '' },
      { token: `${token.slice(0, -4)}AAAA` },
      { token: running.token({ exp: 1 }) },
      { token, more: [`pdg-token: ${token}`] },
      { token, more: [`CLIENT-TOKEN: ${token}`] },
      { token: `${token},${token}` },
      { token: undefined, more: [`client_token: ${token}`] },
      { token: undefined, more: [`Authorization: Bearer ${token}`] },
      { token, target: `/x?client-token=${token}` },
      { token, target: '/x?CLIENT%2DTOKEN' },
      { token, more: [`Cookie: pdg-token=${token}`] },
    ]
    for (const hook of refused) assert.equal(await statusOf(hook), 401, JSON.stringify(hook))
    assert.equal(await statusOf({ token: undefined, more: [`pdg-token: ${token}`] }), 200)
  })

  test('a revoked credential is refused', async () => {
    const token = running.token({ jti: 'envoy-revoked' })
    assert.equal(await statusOf({ token }), 200)
    running.put('revoked.txt', 'envoy-revoked\n')
    await until(async () => (await statusOf({ token })) === 401)
  })

  test('a refusal has the body of the other doors, and says what it may', async () => {
    const [ours, theirs] = [
      await ask(running.place, envoyHook({ token: 'x' })),
      await ask(running.place, forwardHook('x')),
    ]
    assert.equal(ours.body, theirs.body)
    assert.equal(header(ours, 'www-authenticate'), 'Bearer error="invalid_token"')
    assert.notEqual(header(ours, 'x-warder-decision-id'), undefined)
  })
})

const post = (text: string, ...more: readonly string[]) =>
  envoyHook({ method: 'POST', more: [`Content-Length: ${text.length}`, ...more] }) + text

describe('a body that comes along', () => {
  const body = 'x'.repeat(1000)

  test('is read and dropped, and the connection goes on', async () => {
    const chunked =
      envoyHook({ method: 'PUT', more: ['Transfer-Encoding: chunked'] }) +
      `3e8\r\n${body}\r\n0\r\n\r\n`
    const bytes = [post(body), chunked, post(''), envoyHook({}), post(body), envoyHook({})].join('')
    const { answers, closed } = await exchange(running.place, bytes, 6)
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 200, 200, 200],
    )
    assert.equal(closed, false)
  })

  test('is waited for, and the answer comes after it', async () => {
    const line = await open(running.place)
    const bytes = post(body)
    line.send(bytes.slice(0, -10))
    await ask(running.place, envoyHook({}))
    line.send(bytes.slice(-10) + envoyHook({ token: undefined }))
    const { answers } = await line.answers(2)
    line.close()
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 401],
    )
  })

  test('that holds a request is no request', async () => {
    const hidden = envoyHook({})
    const bytes = envoyHook({
      token: undefined,
      method: 'POST',
      more: [`Content-Length: ${hidden.length}`],
    })
    const { answers } = await exchange(running.place, bytes + hidden + envoyHook({}), 2)
    assert.deepEqual(
      answers.map(({ status }) => status),
      [401, 200],
    )
  })

  test('too large to be read, or that waits to be asked for, makes the answer the last one', async () => {
    const large = 'x'.repeat(64 * 1024 + 1)
    const cases = [
      post(large),
      envoyHook({ method: 'POST', more: ['Transfer-Encoding: chunked'] }) + `10001\r\n${large}`,
      envoyHook({ method: 'POST', more: ['Content-Length: 5', 'Expect: 100-continue'] }),
      envoyHook({ more: ['Upgrade: websocket', 'Connection: Upgrade'] }),
    ]
    for (const bytes of cases) {
      const { answers } = await exchangeAll(running.place, bytes)
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200],
        bytes.slice(0, 120),
      )
      assert.equal(answers[0] && header(answers[0], 'connection'), 'close')
    }
  })
})
