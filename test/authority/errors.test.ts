import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { StoreUnavailable } from '../../src/store/errors.ts'
import type { Store } from '../../src/store/store.ts'
import { ask, openHouse, refused, type House, type Tree } from './house.ts'

const form = 'application/x-www-form-urlencoded'

describe('M17: every error has an id, a code and a message, as application/json', () => {
  let house: House
  let gateways: string
  before(async () => {
    house = await openHouse()
    gateways = `/v1/environments/${house.environmentId}/gateways`
  })
  after(() => house.close())

  test('404 for a path that is not there, whoever asks', async () => {
    for (const path of ['/', '/v1', '/v2/nothing', '/v1/environments/x/y', '/console']) {
      refused(await house.ask('GET', path), 404, 'NOT_FOUND')
      refused(await ask(house.url, 'POST', path), 404, 'NOT_FOUND')
    }
  })

  test('405 for a method that is not there, with Allow', async () => {
    const answered = await house.ask('PATCH', gateways)
    refused(answered, 405, 'INVALID_REQUEST')
    assert.equal(answered.headers.get('allow'), 'GET, HEAD, POST')
    const token = `/${house.environmentId}/as/token`
    const got = await ask(house.url, 'GET', token)
    refused(got, 405, 'INVALID_REQUEST')
    assert.equal(got.headers.get('allow'), 'POST')
    const odd = await raw(
      house,
      `PROPFIND ${gateways} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    )
    assert.equal(odd.status, 405)
  })

  test('413 for a body that is too large, 415 for one of another type', async () => {
    const body = JSON.stringify({ name: 'x'.repeat(70_000), type: 'LDAP' })
    refused(await house.ask('POST', gateways, { body }), 413, 'REQUEST_FAILED')
    const types = [
      'text/plain',
      'application/xml',
      'application/json; charset=latin1',
      'nonsense',
      'application/jsonp',
    ]
    for (const type of types) {
      const headers = { 'content-type': type }
      refused(await house.ask('POST', gateways, { body: '{}', headers }), 415, 'INVALID_REQUEST')
    }
  })

  test('413 where everybody may ask for what is longer than any token, however long others may be', async () => {
    const asked = [
      ['/v2/oauth/token', 'application/json', `{"x":[${'{},'.repeat(6000)}{}]}`],
      ['/v2/oauth/token', form, `x=${'y'.repeat(17_000)}`],
      ['/oauth/introspect', form, `token=${'y'.repeat(17_000)}`],
      ['/oauth/revoke', form, `token=${'y'.repeat(17_000)}`],
      [`/${house.environmentId}/as/token`, form, `x=${'y'.repeat(17_000)}`],
    ] as const
    for (const [path, type, body] of asked) {
      const headers = { 'content-type': type }
      const answered = await ask(house.url, 'POST', path, { body, headers })
      assert.equal(answered.status, 413, path)
      assert.equal(answered.body['error'], 'invalid_request')
    }
  })

  test('401, and not 413, for a body of whoever may not ask: it is not read', async () => {
    const body = JSON.stringify({ name: 'x'.repeat(70_000), type: 'LDAP' })
    refused(await ask(house.url, 'POST', gateways, { body }), 401, 'ACCESS_FAILED')
  })

  test('400 for a list that is far too long, named as such', async () => {
    const body = { name: 'x', type: 'LDAP', userTypes: Array.from({ length: 5000 }, () => ({})) }
    const detail = { code: 'SIZE_LIMIT_EXCEEDED', target: 'userTypes' }
    refused(await house.ask('POST', gateways, { body }), 400, 'INVALID_DATA', detail)
  })

  test('nobody may keep an answer, or a refusal', async () => {
    const body = { name: randomUUID(), type: 'LDAP' }
    const answers = [
      await house.ask('POST', gateways, { body }),
      await house.ask('POST', gateways, { body }),
      await house.ask('GET', gateways),
      await house.ask('GET', '/v1/nothing'),
      await ask(house.url, 'GET', gateways),
    ]
    assert.deepEqual(
      answers.map(({ status, headers }) => [status, headers.get('cache-control')]),
      [201, 400, 200, 404, 401].map((status) => [status, 'no-store']),
    )
  })

  test('400 for a target that cannot be read', async () => {
    refused(await house.ask('GET', '/%zz'), 400, 'INVALID_REQUEST')
    refused(await house.ask('GET', `${gateways}/%ff`), 400, 'INVALID_REQUEST')
  })

  const unreadable: readonly [string, string, number][] = [
    ['what is not HTTP', 'hello\r\n\r\n', 400],
    ['a header line without a name', 'GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n', 400],
    [
      'a head that is too large',
      `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(70_000)}\r\n\r\n`,
      431,
    ],
    [
      'a length and chunks at once',
      'POST /v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
  ]
  for (const [what, text, status] of unreadable) {
    test(`${status} for ${what}`, async () => {
      const answered = await raw(house, text)
      assert.equal(answered.status, status)
      assert.equal(answered.type, 'application/json')
      assert.deepEqual(Object.keys(answered.body), ['id', 'code', 'message'])
    })
  }

  const hygiene: readonly [string, string | Buffer][] = [
    ['a member that stands twice', '{"name":"a","name":"b","type":"LDAP"}'],
    ['a member that stands twice further down', '{"name":"a","type":"LDAP","x":{"y":1,"y":2}}'],
    ['__proto__', '{"name":"a","type":"LDAP","__proto__":{"enabled":false}}'],
    ['a list', '[{"name":"a"}]'],
    ['a text', '"name"'],
    ['half an object', '{"name":"a"'],
    ['something behind the object', '{"name":"a","type":"LDAP"} x'],
    ['bytes that are no UTF-8', Buffer.from('7b226e616d65223a22ff227d', 'hex')],
    ['a lone surrogate', '{"name":"\\ud800","type":"LDAP"}'],
    ['a byte order mark', '\uFEFF{"name":"a","type":"LDAP"}'],
    ['objects within objects without end', '{"a":'.repeat(5000)],
  ]
  for (const [what, body] of hygiene) {
    test(`a body with ${what} is refused as a whole`, async () => {
      const response = await fetch(`${house.url}${gateways}`, {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${house.token}`, 'content-type': 'application/json' },
      })
      const read = (await response.json()) as Tree
      assert.equal(response.status, 400)
      assert.equal(read['code'], 'INVALID_REQUEST')
    })
  }

  test('two Authorization headers are refused', async () => {
    const line = `Authorization: Bearer ${house.token}\r\n`
    const head = `GET ${gateways} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n`
    assert.equal((await raw(house, `${head}${line}\r\n`)).status, 200)
    assert.equal((await raw(house, `${head}${line}${line}\r\n`)).status, 401)
  })
})

test('M17: 500 for a mistake of the program says nothing of it, 503 for a database that is away that nothing was changed, and 409 that something may have been made', async () => {
  let thrown: Error | undefined
  const wrap = (store: Store): Store => ({
    ...store,
    write: (work) => (thrown ? Promise.reject(thrown) : store.write(work)),
  })
  const house = await openHouse({ wrap })
  const gateways = `/v1/environments/${house.environmentId}/gateways`
  const create = () => house.ask('POST', gateways, { body: { name: 'a', type: 'LDAP' } })
  thrown = new TypeError('secret inside')
  const failed = await create()
  refused(failed, 500, 'UNEXPECTED_ERROR')
  assert.equal(failed.text.includes('secret inside'), false)
  thrown = new StoreUnavailable('full')
  const away = await create()
  refused(away, 503, 'REQUEST_FAILED')
  assert.equal(away.headers.get('retry-after'), '1')
  assert.equal((await house.ask('GET', gateways)).body['count'], 0)
  thrown = new StoreUnavailable('connection', 'unknown')
  // Clients repeat a 503: of a creation that may have happened they would make a second one.
  refused(await create(), 409, 'REQUEST_FAILED')
  const unknown = await house.ask('DELETE', `${gateways}/${randomUUID()}`)
  refused(unknown, 503, 'REQUEST_FAILED')
  assert.equal(unknown.headers.get('retry-after'), null)
  thrown = undefined
  assert.equal((await create()).status, 201)
  await house.close()
})

async function raw({ url }: House, text: string) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.write(text)
  await once(socket, 'close')
  const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n')
  const [, status] = /^HTTP\/1\.1 (\d+)/.exec(head) ?? []
  const [, type] = /^content-type: (.*)$/im.exec(head) ?? []
  const read = body === '' ? {} : (JSON.parse(body) as Tree)
  return { status: Number(status), type, body: read }
}
