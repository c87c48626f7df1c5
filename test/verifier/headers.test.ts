import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import {
  forwardHook,
  identityHeaders,
  nginxHook,
  runVerifier,
  sameEachTime,
  statusOf,
} from './running.ts'
import { ask, header, request, type Answer } from './wire.ts'

const running = await runVerifier()
after(async () => running.stop())

const names = ({ headers }: Answer) => headers.map(([name]) => name)

describe('what a client can bring along', () => {
  const spoofed = [
    'X-Forwarded-Uri: /public',
    'X-Forwarded-Method: OPTIONS',
    'X-Forwarded-Host: evil.test',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Prefix: /public',
    'X-Forwarded-Port: 1',
    'Forwarded: for=127.0.0.1;host=evil.test;proto=https',
    'X_Forwarded_Uri: /public',
    'X-Original-URL: /public',
    'X_Original_URI: /public',
    'X.Original.URI: /public',
    'x-client_id: admin',
    ...identityHeaders.map((name) => `${name}: spoofed`),
    ...identityHeaders.map((name) => `${name.replaceAll('-', '_')}: spoofed`),
  ]

  test('makes no difference to an allow, and none of it comes back', async () => {
    const token = running.token()
    const plain = await ask(running.place, nginxHook(token))
    const answer = await ask(running.place, nginxHook(token, ...spoofed))
    assert.equal(answer.status, 200)
    assert.equal(sameEachTime(answer), sameEachTime(plain))
    assert.doesNotMatch(answer.text, /spoofed|evil|admin/)
  })

  test('makes no allow of a refusal', async () => {
    for (const more of [spoofed, [...spoofed, 'Authorization: Bearer x']]) {
      assert.equal(await statusOf(running.place, nginxHook(undefined, ...more)), 401)
      assert.equal(
        await statusOf(running.place, nginxHook(running.token({ exp: 1 }), ...more)),
        401,
      )
    }
  })

  test('cannot stand in for what the gateway left out', async () => {
    const lines = [`CLIENT-TOKEN: ${running.token()}`, ...spoofed]
    const nginx = request('GET /auth/nginx HTTP/1.1', 'Host: a', ...lines)
    assert.equal(await statusOf(running.place, nginx), 401)
    const forward = nginxHook(running.token()).replace('/auth/nginx', '/auth/forward')
    assert.equal(await statusOf(running.place, forward), 400)
    const other = forwardHook(running.token()).replace('/auth/forward', '/auth/nginx')
    assert.equal(await statusOf(running.place, other), 401)
  })
})

describe('an allow', () => {
  test('has every identity header once, in visible ASCII and without a comma, empty where unset', async () => {
    const token = running.token({
      gatewayName: 'Edge, "Zürich" \u{1f512}\r\nX-Evil: 1',
      environmentId: undefined,
    })
    for (const hook of [nginxHook(token), forwardHook(token)]) {
      const answer = await ask(running.place, hook)
      assert.equal(answer.status, 200)
      for (const name of identityHeaders) {
        const found = answer.headers.filter(([each]) => each === name)
        assert.equal(found.length, 1, name)
        assert.match(found[0]?.[1] ?? ',', /^[\x21-\x2b\x2d-\x7e]*$/, name)
      }
      assert.equal(header(answer, 'x-warder-environment-id'), '')
      assert.equal(header(answer, 'x-warder-subject'), '')
      assert.equal(header(answer, 'x-warder-scope'), '')
      assert.equal(header(answer, 'x-evil'), undefined)
      assert.equal(
        decodeURIComponent(header(answer, 'x-warder-gateway-name') ?? ''),
        'Edge, "Zürich" \u{1f512}\r\nX-Evil: 1',
      )
    }
  })

  test('names who asked, however the gateways that ask take turns', async () => {
    const gateways = ['gateway-1', 'gateway-2', 'gateway-3']
    const hooks = gateways.map((sub) => [sub, nginxHook(running.token({ sub, jti: sub }))] as const)
    for (const [name, hook] of [...hooks, ...hooks.toReversed(), ...hooks]) {
      const answer = await ask(running.place, hook)
      assert.equal(header(answer, 'X-Warder-Gateway-Id'), name)
      assert.equal(header(answer, 'X-Warder-Credential-Id'), name)
    }
  })

  test('is exactly 200 with a length of nothing and little else', async () => {
    const answer = await ask(running.place, nginxHook(running.token()))
    assert.deepEqual([answer.version, answer.status, answer.body], ['HTTP/1.1', 200, ''])
    assert.equal(header(answer, 'content-length'), '0')
    assert.equal(header(answer, 'cache-control'), 'no-store')
    const known = [...identityHeaders, 'Content-Length', 'Cache-Control']
    const framing = ['Date', 'Connection', 'Keep-Alive']
    assert.deepEqual(names(answer).toSorted(), [...known, ...framing].toSorted())
    assert.ok(answer.text.length < 4096)
  })

  test('to HEAD, POST and any other method of the hook is the same', async () => {
    const token = running.token()
    const get = await ask(running.place, nginxHook(token))
    for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PURGE']) {
      const answer = await ask(running.place, nginxHook(token).replace('GET', method))
      assert.equal(sameEachTime(answer), sameEachTime(get), method)
    }
  })

  test('has a decision id that no other has', async () => {
    const ids = new Set<string | undefined>()
    for (let count = 0; count < 50; count++) {
      const token = count % 2 ? running.token() : 'x'
      ids.add(header(await ask(running.place, nginxHook(token)), 'x-warder-decision-id'))
    }
    assert.equal(ids.size, 50)
    for (const id of ids) assert.match(id ?? '', /^[\w-]{12,32}$/)
  })
})

describe('nothing but a credential opens a door', () => {
  test('neither do the user agents of health checks', async () => {
    for (const agent of ['GoogleHC/1.0', 'kube-probe/1.31', 'ELB-HealthChecker/2.0', '']) {
      assert.equal(await statusOf(running.place, nginxHook(undefined, `User-Agent: ${agent}`)), 401)
    }
  })

  test('neither do health pages, other paths or other spellings of a door', async () => {
    const token = running.token()
    for (const path of [
      '/',
      '/livez',
      '/readyz',
      '/healthz',
      '/metrics',
      '/status',
      '/ping',
      '/auth',
      '/auth/',
      '/auth/nginx/',
      '/auth/nginx/x',
      '/auth//nginx',
      '//auth/nginx',
      '/AUTH/NGINX',
      '/auth/%6eginx',
      '/auth/x/../nginx',
      '/auth/nginx;x',
      '/auth/nginx%00',
      '/auth/envoy',
      '/auth/__proto__',
      '/constructor',
    ]) {
      const answer = await ask(running.place, nginxHook(token).replace('/auth/nginx', path))
      assert.equal(answer.status, 404, path)
      assert.equal(header(answer, 'x-warder-gateway-id'), undefined)
    }
  })
})

const cookies = (bytes: number) => `Cookie: a=${'x'.repeat(bytes)}`

describe('a head as large as gateways make them', () => {
  test('of 1,100 lines is read to the last one', async () => {
    const many = Array.from({ length: 1100 }, (_, at) => `A${at}: ${at}`)
    const [first = '', ...lines] = nginxHook(running.token()).trimEnd().split('\r\n')
    assert.equal(await statusOf(running.place, request(first, ...many, ...lines)), 200)
    assert.equal(await statusOf(running.place, request(first, ...lines, ...many)), 200)
    const twice = [...lines, ...many, `PDG-TOKEN: ${running.token()}`]
    assert.equal(await statusOf(running.place, request(first, ...twice)), 401)
    const spoofed = [...lines, ...many, 'X-Original-URI: /other']
    assert.equal(await statusOf(running.place, request(first, ...spoofed)), 401)
  })

  test('with 60 KiB of cookies is read, and with more is 431', async () => {
    assert.equal(await statusOf(running.place, nginxHook(running.token(), cookies(60 * 1024))), 200)
    const hidden = `${cookies(60 * 1024)}; CLIENT-TOKEN=x`
    assert.equal(await statusOf(running.place, nginxHook(running.token(), hidden)), 401)
    assert.equal(await statusOf(running.place, nginxHook(running.token(), cookies(70 * 1024))), 431)
  })

  test('with bytes beyond ASCII in other headers is read', async () => {
    const odd = ['X-Utf8: \xc3\xa9', 'X-Latin1: \xe9', 'X-Tab: a\tb', 'X-Empty:', 'Cookie: \xe9=1']
    assert.equal(await statusOf(running.place, nginxHook(running.token(), ...odd)), 200)
  })
})
