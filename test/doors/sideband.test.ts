import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import { createStateSeal } from '../../src/doors/sideband-state.ts'
import { environmentId, usualSettings, verifierBeside, type Answer, type Beside } from './beside.ts'
import { answered, asked } from './sideband-legs.ts'

const at = (leg: string, environment = environmentId) =>
  `/v1/environments/${environment}/sideband/${leg}`

interface Parsed {
  readonly [name: string]: unknown
}
const parsed = ({ body }: Answer): Parsed => JSON.parse(body.toString()) as Parsed

function assertError(answer: Answer, status: number, code: string): void {
  assert.equal(answer.status, status)
  assert.equal(answer.headers['content-type'], 'application/json')
  const { id, code: said, message, ...rest } = parsed(answer)
  assert.equal(said, code)
  assert.deepEqual([typeof id, typeof message, Object.keys(rest)], ['string', 'string', []])
}

async function sidebandBeside(
  t: TestContext,
  settings: Partial<typeof usualSettings> = {},
): Promise<Beside & { post: (leg: string, body: unknown, headers?: {}) => Promise<Answer> }> {
  const beside = await verifierBeside(t, { settings })
  const token = beside.token({ jti: 'standing' })
  const post = (leg: string, body: unknown, headers: {} = { 'CLIENT-TOKEN': token }) =>
    beside.ask(at(leg), {
      headers,
      body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    })
  return { ...beside, post }
}

test('sideband', async (t) => {
  const { post, ask, token, ports } = await sidebandBeside(t)
  const headers = { 'CLIENT-TOKEN': token() }

  await t.test(
    'S1, S20: a live credential gets the whole request back, with a state and no response',
    async () => {
      const { state, ...echo } = parsed(await post('request', asked))
      assert.deepEqual(echo, asked)
      assert.match(String(state), /^[\w-]+$/)
    },
  )

  await t.test(
    'S2: whatever is wrong with the credential is the same 401, and the body is not looked at',
    async () => {
      const wrong: Readonly<Record<string, [string, {}]>> = {
        'no credential': [at('request'), {}],
        malformed: [at('request'), { 'CLIENT-TOKEN': 'x.y.z' }],
        base64: [at('request'), { 'CLIENT-TOKEN': Buffer.from(token()).toString('base64') }],
        'two of them': [at('request'), { ...headers, 'PDG-TOKEN': token() }],
        'of another environment': [at('request', 'env-2'), headers],
        'of no environment': [
          at('request'),
          { 'CLIENT-TOKEN': token({ environmentId: undefined }) },
        ],
        expired: [at('request'), { 'CLIENT-TOKEN': token({ exp: 1_700_000_000 }) }],
        'of another type of gateway': [
          at('request'),
          { 'CLIENT-TOKEN': token({ gatewayType: 'RADIUS' }) },
        ],
      }
      for (const [name, [path, sent]] of Object.entries(wrong)) {
        for (const body of [JSON.stringify(asked), 'no JSON']) {
          const answer = await ask(path, { headers: sent, body })
          assertError(answer, 401, 'ACCESS_FAILED')
          assert.match(String(answer.headers['www-authenticate']), /^Bearer/, name)
        }
      }
    },
  )

  await t.test('S3: PDG-TOKEN is accepted too, and a gateway of the right type', async () => {
    const typed = token({ gatewayType: 'API_GATEWAY_INTEGRATION' })
    assert.equal((await post('request', asked, { 'PDG-TOKEN': typed })).status, 200)
  })

  await t.test('S4: port and code as text or number, headers as a list or `{}`', async () => {
    for (const port of ['1', 65_535]) {
      const echo = parsed(await post('request', { ...asked, source_port: port, headers: {} }))
      assert.equal(echo['source_port'], port)
      assert.deepEqual(echo['headers'], [])
    }
    for (const code of ['404', 404]) {
      const echo = parsed(await post('response', { ...answered, response_code: code }))
      assert.equal(echo['response_code'], '404')
    }
  })

  await t.test('S5: no answer has a null, and headers are single pairs of text', async () => {
    const loose = {
      ...asked,
      body: null,
      source_port: null,
      source_ip: null,
      http_version: null,
      headers: [{ a: '1', b: '2' }, { n: 5 }],
      client_certificate: null,
      state: null,
    }
    const answer = await post('request', loose)
    assert.equal(answer.body.includes('null'), false)
    assert.deepEqual(parsed(answer)['headers'], [{ a: '1' }, { b: '2' }, { n: '5' }])
    assert.equal(parsed(answer)['http_version'], '1.1')
    const response = await post('response', { ...answered, body: null, state: null, request: null })
    assert.equal(response.body.includes('null'), false)
  })

  await t.test('S6: a body is echoed exactly when there was one', async () => {
    for (const body of ['', 'x', '\u0000\u0001\u007f', '\\"']) {
      assert.equal(parsed(await post('request', { ...asked, body }))['body'], body)
    }
    const { body: _, ...without } = asked
    assert.equal('body' in parsed(await post('request', without)), false)
  })

  await t.test(
    'S10: the response leg works with a state, with a request, and with neither',
    async () => {
      const { state } = parsed(await post('request', asked))
      for (const more of [{ state }, { request: asked }, {}, { state: { an: 'object' } }]) {
        const answer = await post('response', { ...answered, ...more })
        assert.equal(answer.status, 200)
        assert.deepEqual(parsed(answer), answered)
      }
    },
  )

  await t.test(
    'S11, S12: a state comes back often; foreign, altered and garbled ones give a decision',
    async () => {
      const { state } = parsed(await post('request', asked))
      const text = String(state)
      const other = createStateSeal({ key: Buffer.alloc(32, 9), salt: Buffer.alloc(16) })
      const now = Date.now()
      const states = [
        text,
        text,
        `${text.slice(0, -3)}AAA`,
        'H4sIAAAAAAAA',
        '',
        'null',
        'x'.repeat(1000),
        other.seal({ method: 'GET', url: 'https://a/', address: undefined }, environmentId, now),
      ]
      for (const each of states) {
        assert.equal((await post('response', { ...answered, state: each })).status, 200)
      }
    },
  )

  await t.test(
    'S13: a body that is too large is 413 in JSON, and the connection goes on',
    async () => {
      const large = { ...asked, body: 'x'.repeat(70_000) }
      assertError(await post('request', large), 413, 'REQUEST_FAILED')
      assertError(await post('request', large, {}), 401, 'ACCESS_FAILED')
      const declared = await ask(at('request'), {
        headers: { ...headers, Expect: '100-continue' },
        body: 'x'.repeat(70_000),
      })
      assertError(declared, 413, 'REQUEST_FAILED')
    },
  )

  await t.test('S15: what is no question is 400 in JSON', async () => {
    const bad: readonly unknown[] = [
      '',
      'no JSON',
      '[]',
      '{}',
      '{"method":"GET","method":"PUT","url":"https://a/","headers":[]}',
      { ...asked, method: 5 },
      { ...asked, method: '' },
      { ...asked, url: undefined },
      { ...asked, url: '/relative' },
      { ...asked, headers: { host: 'a' } },
      { ...asked, headers: [{ host: null }] },
      { ...asked, headers: ['host'] },
      { ...asked, headers: undefined },
      { ...asked, source_port: {} },
      { ...asked, body: 5 },
    ]
    for (const body of bad) assertError(await post('request', body), 400, 'INVALID_REQUEST')
    for (const code of [undefined, null, 'OK', '20', 20, '2000']) {
      const answer = await post('response', { ...answered, response_code: code })
      assertError(answer, 400, 'INVALID_REQUEST')
    }
    const get = await ask(at('request'), { method: 'GET', headers })
    assertError(get, 405, 'INVALID_REQUEST')
    assert.equal(get.headers['allow'], 'POST')
  })

  await t.test(
    'S16: an idle connection is kept, `Connection: close` is obeyed, gzip is not sent',
    async () => {
      const socket = connect(ports.http ?? 0, '127.0.0.1')
      socket.setEncoding('latin1')
      const body = JSON.stringify(asked)
      const send = (more: string) =>
        socket.write(
          `POST ${at('request')} HTTP/1.1\r\nHost: w\r\nClient-Token: ${headers['CLIENT-TOKEN']}\r\n` +
            `Accept-Encoding: gzip\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`,
        )
      for (const more of ['', '']) {
        send(more)
        const [text] = (await once(socket, 'data')) as [string]
        assert.match(text, /^HTTP\/1.1 200 /)
        assert.doesNotMatch(text, /Connection: close|Content-Encoding/i)
      }
      send('Connection: close\r\n')
      const [text] = (await once(socket, 'data')) as [string]
      assert.match(text, /^HTTP\/1.1 200 [^]*Connection: close/)
      await once(socket, 'close')
    },
  )

  await t.test('S18: credentials are not looked for where they must not stand', async () => {
    const inQuery = { ...asked, url: 'https://api.example/p?Client-Token=x' }
    assertError(await post('request', inQuery), 401, 'ACCESS_FAILED')
    const inCookie = { ...asked, headers: [{ COOKIE: 'a=1; client-token=x' }] }
    assertError(await post('request', inCookie), 401, 'ACCESS_FAILED')
  })

  await t.test(
    'S21, S22: certificates and parsed tokens are accepted and change nothing',
    async () => {
      const more = {
        ...asked,
        client_certificate: { kty: 'RSA', n: 'n', e: 'AQAB', x5c: ['MII'] },
        access_token: { active: true, scope: ['a'], sub: 'u' },
      }
      assert.equal((await post('request', more)).status, 200)
    },
  )

  await t.test('S23: a body of bytes that are no UTF-8 comes back byte for byte', async () => {
    const bytes = Buffer.from([...Array(224).keys()].map((code) => code + 32)).filter(
      (byte) => byte !== 0x22 && byte !== 0x5c,
    )
    const { body: _, ...rest } = asked
    const json = Buffer.concat([
      Buffer.from(`${JSON.stringify(rest).slice(0, -1)},"body":"`),
      bytes,
      Buffer.from('"}'),
    ])
    const answer = await post('request', json)
    assert.equal(answer.status, 200)
    assert.ok(answer.body.includes(Buffer.concat([Buffer.from('"body":"'), bytes])))
  })

  await t.test('S23: hundreds of headers come back in their order', async () => {
    const many = Array.from({ length: 500 }, (_, index) => ({ [`h-${index % 7}`]: `${index}` }))
    assert.deepEqual(parsed(await post('request', { ...asked, headers: many }))['headers'], many)
  })

  await t.test('the body may come slowly, in pieces, and is judged when it is whole', async () => {
    const beside = { token: token({ jti: 'mid-flight' }) }
    const socket = connect(ports.http ?? 0, '127.0.0.1')
    const body = JSON.stringify(asked)
    socket.write(
      `POST ${at('request')} HTTP/1.1\r\nHost: w\r\nClient-Token: ${beside.token}\r\n` +
        `Transfer-Encoding: chunked\r\n\r\n`,
    )
    for (const part of [body.slice(0, 10), body.slice(10)]) {
      const bytes = Buffer.from(part)
      socket.write(
        Buffer.concat([
          Buffer.from(`${bytes.length.toString(16)}\r\n`),
          bytes,
          Buffer.from('\r\n'),
        ]),
      )
      await new Promise((resolve) => setImmediate(resolve))
    }
    socket.write('0\r\n\r\n')
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    assert.match(chunk.toString(), /^HTTP\/1.1 200 /)
    socket.destroy()
  })
})

test('S14: beyond its rate a credential gets 429 with a whole number of seconds, and no other one does', async (t) => {
  const sideband = { ...usualSettings.sideband, perSecond: 2 }
  const { post, token } = await sidebandBeside(t, { sideband })
  const statuses = []
  for (let count = 0; count < 5; count++) statuses.push(await post('request', asked))
  const limited = statuses.find(({ status }) => status === 429)
  assert.ok(limited)
  assertError(limited, 429, 'REQUEST_LIMITED')
  assert.equal(limited.headers['retry-after'], '1')
  assert.equal((await post('request', asked, { 'CLIENT-TOKEN': token() })).status, 200)
})

test('S17: a credential that is revoked while a body is on its way is refused when the body is whole', async (t) => {
  const { ports, token, put, ask } = await sidebandBeside(t)
  const credential = token({ jti: 'gone' })
  const body = JSON.stringify(asked)
  const socket = connect(ports.http ?? 0, '127.0.0.1')
  socket.write(
    `POST ${at('request')} HTTP/1.1\r\nHost: w\r\nClient-Token: ${credential}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n{`,
  )
  put('revoked.txt', 'gone\n')
  const other = async () =>
    (await ask(at('request'), { headers: { 'CLIENT-TOKEN': credential }, body })).status
  const deadline = Date.now() + 5000
  while ((await other()) !== 401) assert.ok(Date.now() < deadline)
  socket.write(body.slice(1))
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  assert.match(chunk.toString(), /^HTTP\/1.1 401 /)
  socket.destroy()
})
