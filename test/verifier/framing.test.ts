import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { nginxHook, runVerifier, statusOf } from './running.ts'
import { ask, exchange, exchangeAll, header } from './wire.ts'

const running = await runVerifier()
after(async () => running.stop())

/** A good hook whose lines can be changed. */
const hook = (change: (text: string) => string) => change(nginxHook(running.token()))
const withLine = (...lines: readonly string[]) => nginxHook(running.token(), ...lines)
const next = () => nginxHook(running.token())

const host = (...lines: readonly string[]) =>
  hook((text) => text.replace('Host: warder.internal\r\n', lines.map((l) => `${l}\r\n`).join('')))
const post = (...lines: readonly string[]) => withLine(...lines).replace('GET', 'POST')

/** What comes back for a request that must be refused at once, with another one right behind it. */
async function refusedAlone(bytes: string | Buffer): Promise<readonly number[]> {
  const second = Buffer.from(next(), 'latin1')
  const first = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
  const { answers, closed } = await exchangeAll(running.place, Buffer.concat([first, second]))
  assert.ok(closed)
  return answers.map(({ status }) => status)
}

describe('a request without exactly one well-formed Host is 400, and nothing after it is answered', () => {
  for (const [title, ...lines] of [
    ['two that are the same', 'Host: a.test', 'Host: a.test'],
    ['two that differ', 'Host: a.test', 'Host: b.test'],
    ['two in other letter case', 'Host: a.test', 'hOST: b.test'],
    ['user information', 'Host: user@a.test'],
    ['user information with a password', 'Host: user:x@a.test'],
    ['a path', 'Host: a.test/path'],
    ['a query', 'Host: a.test?x'],
    ['a fragment', 'Host: a.test#x'],
    ['nothing', 'Host:'],
    ['only a port', 'Host: :80'],
    ['a list', 'Host: a.test, b.test'],
    ['a list without space', 'Host: a.test,b.test'],
    ['a space', 'Host: a.test b.test'],
    ['a port that is none', 'Host: a.test:x'],
    ['a port too long', 'Host: a.test:123456'],
    ['two ports', 'Host: a.test:80:80'],
    ['an open bracket', 'Host: [::1'],
    ['a backslash', 'Host: a.test\\x'],
    ['a scheme', 'Host: http://a.test'],
    ['bytes beyond ASCII', 'Host: a\xe9.test'],
    ['none', 'X-Host: a.test'],
  ] as const) {
    test(title, async () => {
      assert.deepEqual(await refusedAlone(host(...lines)), [400])
    })
  }

  test('HTTP/1.0 without Host too', async () => {
    assert.deepEqual(await refusedAlone(host().replace('HTTP/1.1', 'HTTP/1.0')), [400])
  })

  test('while names, addresses and ports are fine', async () => {
    for (const name of [
      'a.test',
      'A.Test.',
      '127.0.0.1:7070',
      '[::1]',
      '[2001:db8::1]:80',
      'a_b',
    ]) {
      assert.equal(await statusOf(running.place, host(`Host: ${name}`)), 200, name)
    }
  })
})

describe('a request of doubtful length is 400, and nothing after it is answered', () => {
  for (const [title, ...lines] of [
    ['length and chunked', 'Content-Length: 3', 'Transfer-Encoding: chunked'],
    ['chunked and length', 'Transfer-Encoding: chunked', 'Content-Length: 3'],
    ['two lengths that differ', 'Content-Length: 3', 'Content-Length: 5'],
    ['two lengths that are the same', 'Content-Length: 3', 'Content-Length: 3'],
    ['a list of lengths', 'Content-Length: 3, 3'],
    ['a negative length', 'Content-Length: -1'],
    ['a signed length', 'Content-Length: +3'],
    ['a length in hexadecimal', 'Content-Length: 0x3'],
    ['a length with a fraction', 'Content-Length: 3.0'],
    ['an empty length', 'Content-Length:'],
    ['an endless length', 'Content-Length: 99999999999999999999999'],
    ['an empty encoding', 'Transfer-Encoding:'],
    ['an unknown encoding', 'Transfer-Encoding: xchunked'],
    ['an encoding that is no longer one', 'Transfer-Encoding: identity'],
    ['an encoding after chunked', 'Transfer-Encoding: chunked, identity'],
    ['chunked twice', 'Transfer-Encoding: chunked, chunked'],
    ['chunked in two lines', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
    ['an encoding with control characters', 'Transfer-Encoding: \x0bchunked'],
    ['an encoding in quotes', 'Transfer-Encoding: "chunked"'],
    ['a space before the colon', 'Transfer-Encoding : chunked'],
    ['a length with a space before the colon', 'Content-Length : 3'],
    ['a folded encoding', 'Transfer-Encoding:', ' chunked'],
  ] as const) {
    test(title, async () => {
      assert.deepEqual(await refusedAlone(`${withLine(...lines)}abc`), [400])
    })
  }
})

describe('a request that is not HTTP as it should be', () => {
  for (const [title, change] of [
    ['lines that end in LF alone', (text: string) => text.replaceAll('\r\n', '\n')],
    ['lines that end in CR alone', (text: string) => text.replaceAll('\r\n', '\r')],
    ['a header without a colon', (text: string) => text.replace('Host: ', 'Host ')],
    ['a header name with a space', (text: string) => text.replace('Host:', 'Ho st:')],
    ['a header name with a zero', (text: string) => text.replace('X-Real', 'X\0Real')],
    ['a version that is none', (text: string) => text.replace('HTTP/1.1', 'HTTP/1.2')],
    ['HTTP/2 with its name', (text: string) => text.replace('HTTP/1.1', 'HTTP/2.0')],
    ['HTTP/0.9', (text: string) => text.replace(' HTTP/1.1', '')],
    ['a method in lower case', (text: string) => text.replace('GET ', 'get ')],
    ['a method that nobody knows', (text: string) => text.replace('GET ', 'WARDER ')],
    ['a tab in the first line', (text: string) => text.replace('GET ', 'GET\t')],
    ['a space before the first line', (text: string) => ` ${text}`],
    ['a line that is folded before all others', (text: string) => text.replace('Host', ' Host')],
  ] as const) {
    test(`${title} is never allowed, nor is what follows it`, async () => {
      const statuses = await refusedAlone(hook(change))
      assert.ok(statuses.length <= 1 && !statuses.includes(200), statuses.join(' '))
    })
  }

  test('bytes that are no HTTP at all are 400', async () => {
    for (const bytes of [
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      '\0\0\0\0\r\n\r\n',
      'SSH-2.0-x\r\n\r\n',
      '{"token":"x"}\r\n\r\n',
    ]) {
      assert.deepEqual(await refusedAlone(bytes), [400])
    }
  })

  test('empty lines before a request count for nothing', async () => {
    assert.equal(
      await statusOf(
        running.place,
        hook((text) => `\r\n\r\n${text}`),
      ),
      200,
    )
  })
})

describe('a target that is not a path', () => {
  for (const [title, line] of [
    ['OPTIONS *', 'OPTIONS * HTTP/1.1'],
    ['GET *', 'GET * HTTP/1.1'],
    ['an absolute one', 'GET http://warder.internal/auth/nginx HTTP/1.1'],
    ['an absolute one elsewhere', 'GET http://evil.test/auth/nginx HTTP/1.1'],
    ['one without its slash', 'GET auth/nginx HTTP/1.1'],
    ['one that begins with a query', 'GET ?/auth/nginx HTTP/1.1'],
  ] as const) {
    test(`${title} is 400`, async () => {
      const text = hook((each) => each.replace('GET /auth/nginx HTTP/1.1', line))
      assert.deepEqual(await refusedAlone(text), [400])
    })
  }

  test('CONNECT is never allowed and ends the connection', async () => {
    for (const target of ['warder.internal:443', '/auth/nginx']) {
      const text = hook((each) => each.replace('GET /auth/nginx', `CONNECT ${target}`))
      const statuses = await refusedAlone(text)
      assert.ok(!statuses.includes(200), statuses.join(' '))
    }
  })

  test('TRACE is 405 and echoes nothing', async () => {
    const text = hook((each) => each.replace('GET', 'TRACE'))
    const answer = await ask(running.place, text)
    assert.deepEqual([answer.status, answer.body], [405, ''])
    assert.deepEqual(await refusedAlone(text), [405])
  })
})

describe('bodies and expectations', () => {
  test('an announced body that never comes delays nothing, and the connection ends', async () => {
    const { answers, rest } = await exchangeAll(running.place, post('Content-Length: 11') + next())
    assert.deepEqual([answers.map(({ status }) => status), rest], [[200], ''])
    const [answer] = answers
    assert.equal(answer && header(answer, 'connection'), 'close')
  })

  test('a body that comes whole is not looked at', async () => {
    assert.equal(await statusOf(running.place, `${post('Content-Length: 5')}hello`), 200)
    const chunked = `${post('Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\n\r\n`
    assert.equal(await statusOf(running.place, chunked), 200)
    assert.equal(await statusOf(running.place, `${post('Transfer-Encoding: chunked')}zz\r\n`), 200)
  })

  test('a length of nothing keeps the connection', async () => {
    const twice = post('Content-Length: 0') + post('Content-Length: 0')
    const { answers } = await exchange(running.place, twice, 2)
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200],
    )
  })

  test('an expectation gets the final answer and no interim one', async () => {
    for (const lines of [
      ['Expect: 100-continue'],
      ['Expect: 100-continue', 'Content-Length: 5'],
      ['Expect: something'],
      ['Expect: 100-CONTINUE', 'Transfer-Encoding: chunked'],
    ]) {
      assert.equal((await ask(running.place, post(...lines))).status, 200)
    }
    const refused = nginxHook('x', 'Expect: 100-continue', 'Content-Length: 5')
    assert.equal((await ask(running.place, refused)).status, 401)
  })

  test('an upgrade is answered as if it were none', async () => {
    for (const protocol of ['websocket', 'h2c', 'TLS/1.0', 'x']) {
      const lines = [
        'Connection: Upgrade, HTTP2-Settings',
        `Upgrade: ${protocol}`,
        'HTTP2-Settings: A',
      ]
      const { answers, rest } = await exchangeAll(running.place, withLine(...lines) + next())
      assert.deepEqual([answers.map(({ status }) => status), rest], [[200], ''])
    }
  })
})

describe('connections', () => {
  test('of HTTP/1.0 end with the answer unless they ask to stay', async () => {
    const old = hook((text) => text.replace('HTTP/1.1', 'HTTP/1.0'))
    const { answers } = await exchangeAll(running.place, old + old)
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200],
    )
    const kept = withLine('Connection: keep-alive').replace('HTTP/1.1', 'HTTP/1.0')
    const both = await exchange(running.place, kept + kept, 2)
    assert.deepEqual(
      both.answers.map(({ status }) => status),
      [200, 200],
    )
  })

  test('end when they ask to', async () => {
    const { answers } = await exchangeAll(running.place, withLine('Connection: close') + next())
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200],
    )
  })

  test('answer a hundred questions in one packet, in order', async () => {
    const packet = Array.from({ length: 100 }, (_, at) => nginxHook(at % 3 ? running.token() : 'x'))
    const { answers } = await exchange(running.place, packet.join(''), 100)
    assert.deepEqual(
      answers.map(({ status }) => status),
      packet.map((_, at) => (at % 3 ? 200 : 401)),
    )
  })

  test('name headers in Connection without taking any away', async () => {
    const answer = await ask(
      running.place,
      withLine('Connection: keep-alive, CLIENT-TOKEN, X-Original-URI, X-Original-Host'),
    )
    assert.equal(answer.status, 200)
  })
})
