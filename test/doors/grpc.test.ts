import assert from 'node:assert/strict'
import { connect, constants } from 'node:http2'
import { once } from 'node:events'
import { after, describe, test } from 'node:test'
import { anyPort, gatewayDoor, runVerifier, trustEntry, until } from '../verifier/running.ts'
import { ask, request } from '../verifier/wire.ts'
import { checkMessage, type Request } from './asking.ts'
import type { CheckAnswer, HeaderOption } from './check-schema.ts'
import { grpcClient, statusOfAnswer, type Pairs } from './grpc-client.ts'

const grpc = { at: anyPort, tls: undefined }
const identityNames = [
  'x-warder-gateway-id',
  'x-warder-gateway-name',
  'x-warder-environment-id',
  'x-warder-credential-id',
  'x-warder-subject',
  'x-warder-scope',
  'x-warder-decision-id',
  'x-warder-revision',
]

const running = await runVerifier({
  workers: 2,
  settings: { doors: { grpc: gatewayDoor, envoy: gatewayDoor, forward: gatewayDoor } },
  parts: { grpc },
})
const client = grpcClient(running.grpcPlace.port)
after(async () => {
  client.close()
  await running.stop()
})

const withToken = (token: string): Pairs => [['client-token', token]]
const check = (changes: Request = {}, metadata: Pairs = withToken(running.token())) =>
  client.check(checkMessage(changes), metadata)
const statusOf = async (changes: Request, metadata?: Pairs) =>
  statusOfAnswer(await check(changes, metadata))

function okOf({ either }: CheckAnswer) {
  assert.equal(either.case, 'okResponse')
  return either.case === 'okResponse' ? either.value : { headers: [], headersToRemove: [] }
}
function deniedOf({ either }: CheckAnswer) {
  assert.equal(either.case, 'deniedResponse')
  const nothing = { status: { code: 0 }, headers: [], body: '' }
  return either.case === 'deniedResponse' ? either.value : nothing
}
const valueOf = (headers: readonly HeaderOption[], name: string) =>
  headers.find(({ header }) => header.key.toLowerCase() === name)?.header.value

describe('a live credential', () => {
  test('is allowed, with every identity header in place of whatever the client sent', async () => {
    const token = running.token({ jti: 'grpc-1', sub: 'gateway-7', gatewayName: 'Edge, Süd' })
    const { headers } = okOf(await check({}, withToken(token)))
    assert.deepEqual(
      headers.map(({ header }) => header.key),
      identityNames,
    )
    for (const { append } of headers) assert.equal(append, false)
    assert.equal(valueOf(headers, 'x-warder-gateway-id'), 'gateway-7')
    assert.equal(valueOf(headers, 'x-warder-credential-id'), 'grpc-1')
    assert.equal(valueOf(headers, 'x-warder-gateway-name'), 'Edge%2C%20S%C3%BCd')
    assert.equal(valueOf(headers, 'x-warder-subject'), '')
    assert.match(valueOf(headers, 'x-warder-decision-id') ?? '', /^[\w-]{13,}$/)
  })

  test('is told of in the dynamic metadata', async () => {
    const answer = await check({}, withToken(running.token({ jti: 'grpc-2', sub: 'gateway-7' })))
    assert.deepEqual(answer.dynamicMetadata, {
      gateway_id: 'gateway-7',
      credential_id: 'grpc-2',
      decision_id: valueOf(okOf(answer).headers, 'x-warder-decision-id'),
    })
  })

  test('may come among the context extensions, and then not beside them too', async () => {
    const token = running.token()
    const extensions = { 'warder-credential': token, other: 'x' }
    assert.equal(await statusOf({ extensions }, []), 200)
    assert.equal(await statusOf({ extensions }, withToken(token)), 401)
    assert.equal(await statusOf({ extensions: { 'warder-credential': '' } }, []), 401)
    assert.equal(await statusOf({ extensions: { 'Warder-Credential': token } }, []), 401)
  })

  test('is taken by either of its names, and by one of them only', async () => {
    const token = running.token()
    assert.equal(await statusOf({}, [['pdg-token', token]]), 200)
    assert.equal(
      await statusOf({}, [
        ['client-token', token],
        ['pdg-token', token],
      ]),
      401,
    )
    assert.equal(
      await statusOf({}, [
        ['client-token', token],
        ['client-token', token],
      ]),
      401,
    )
    assert.equal(await statusOf({}, [['client-token', `${token},${token}`]]), 401)
  })

  test('in the client’s own request counts for nothing', async () => {
    const token = running.token()
    const headers = { 'client-token': token, 'pdg-token': token, authorization: `Bearer ${token}` }
    assert.equal(await statusOf({ headers }, []), 401)
    assert.equal(await statusOf({ headers }), 200)
  })

  test('in a query or a cookie is refused', async () => {
    assert.equal(await statusOf({ path: '/x?client-token=1' }), 401)
    assert.equal(await statusOf({ path: '/x?a=1&PDG%2dTOKEN=1' }), 401)
    assert.equal(await statusOf({ headers: { cookie: 'a=1; client-token=x' } }), 401)
    const lines = [
      { key: 'Cookie', rawValue: Buffer.from('a=1') },
      { key: 'cookie', value: 'PDG-Token=1' },
    ]
    assert.equal(await statusOf({ lines }), 401)
  })
})

describe('a refusal', () => {
  test('has the status, headers and body that HTTP has', async () => {
    const cases: readonly (readonly [Pairs, string])[] = [
      [[], ''],
      [withToken('x'), 'client-token: x'],
      [withToken(running.token({ exp: 1 })), `client-token: ${running.token({ exp: 1 })}`],
    ]
    for (const [metadata, line] of cases) {
      const lines = ['GET /auth/envoy/orders HTTP/1.1', 'Host: app.test', ...(line ? [line] : [])]
      const [first = '', ...rest] = lines
      const theirs = await ask(running.place, request(first, ...rest))
      const ours = deniedOf(await check({}, metadata))
      assert.equal(ours.status.code, theirs.status)
      assert.equal(ours.body, theirs.body)
      const same = theirs.headers.filter(
        ([name]) =>
          !/^(?:date|connection|keep-alive|content-length|x-warder-decision-id)$/i.test(name),
      )
      for (const [name, value] of same) {
        assert.equal(valueOf(ours.headers, name.toLowerCase()), value, name)
      }
      assert.match(valueOf(ours.headers, 'x-warder-decision-id') ?? '', /^[\w-]{13,}$/)
    }
  })

  test('of a changed, expired or revoked credential says the same', async () => {
    const live = running.token()
    const revoked = running.token({ jti: 'grpc-revoked' })
    assert.equal(await statusOf({}, withToken(revoked)), 200)
    running.put('revoked.txt', 'grpc-revoked\n')
    await until(async () => (await statusOf({}, withToken(revoked))) === 401)
    const texts = new Set<string>()
    for (const token of [revoked, `${live.slice(0, -4)}AAAA`, running.token({ exp: 1 }), 'x']) {
      const { status, headers, body } = deniedOf(await check({}, withToken(token)))
      const said = headers.filter(({ header }) => header.key !== 'x-warder-decision-id')
      texts.add(JSON.stringify([status.code, said, body]))
    }
    assert.equal(texts.size, 1)
  })

  test('answers a question without method, path, host or scheme', async () => {
    for (const name of ['method', 'path', 'host', 'scheme']) {
      assert.equal(await statusOf({ [name]: '' }), 400, name)
    }
    assert.equal(await statusOf({ host: 'a.test, b.test' }), 400)
    assert.equal(
      statusOfAnswer(await client.check(Buffer.alloc(0), withToken(running.token()))),
      400,
    )
  })
})

const removed = async (changes: Request) => okOf(await check(changes)).headersToRemove

describe('headers that the application must not see', () => {
  test('are the names of credentials, always', async () => {
    assert.deepEqual(await removed({}), ['client-token', 'pdg-token'])
  })

  test('are other spellings of identity headers, in either form of headers', async () => {
    const spoofed = [
      'x_warder_subject',
      'x.warder.scope',
      'x-warder_gateway-id',
      'x-warder-anything',
      'x~warder~subject',
      'client_token',
      'pdg.token',
    ]
    const harmless = [
      'x-warder-subject',
      'x-warden',
      'x-forwarded-for',
      'x-want',
      'xwarder-subject',
      'y-warder-subject',
    ]
    const names = [...spoofed, ...harmless]
    const headers = Object.fromEntries(names.map((name) => [name, 'spoofed']))
    const lines = names.map((key) => ({ key, rawValue: Buffer.from('spoofed') }))
    const wanted = ['client-token', 'pdg-token', ...spoofed].toSorted()
    assert.deepEqual((await removed({ headers })).toSorted(), wanted)
    assert.deepEqual((await removed({ lines })).toSorted(), wanted)
    const upper = lines.map(({ key, rawValue }) => ({ key: key.toUpperCase(), rawValue }))
    assert.deepEqual((await removed({ lines: upper })).toSorted(), wanted)
  })
})

describe('the health service', () => {
  test('says that it serves, as a whole and for its one service', async () => {
    assert.equal(await client.health(''), 1)
    assert.equal(await client.health('envoy.service.auth.v3.Authorization'), 1)
  })

  test('knows no other service, and cannot be watched', async () => {
    await assert.rejects(client.health('other'), { code: 5 })
    await assert.rejects(client.call('/grpc.health.v1.Health/Watch', Buffer.alloc(0)), { code: 12 })
  })

  test('says that it does not serve while nothing is known', async (t) => {
    const at = await runVerifier({
      settings: { doors: { grpc: gatewayDoor } },
      trust: (folder) => [trustEntry(folder, { jwks: `${folder}/none.json` })],
      parts: { grpc },
    })
    t.after(at.stop)
    const asking = grpcClient(at.grpcPlace.port)
    t.after(asking.close)
    assert.equal(await asking.health(''), 2)
    const denied = deniedOf(await asking.check(checkMessage(), withToken(at.token())))
    assert.equal(denied.status.code, 503)
    assert.equal(valueOf(denied.headers, 'retry-after'), '1')
  })
})

const count = () => running.metric('warder_decisions_total{door="grpc",decision="allow"')

describe('a listener', () => {
  test('that is drained says so to its clients, and answers what is under way', async () => {
    const at = await runVerifier({
      settings: { doors: { grpc: gatewayDoor } },
      parts: { grpc, farewellMs: 200 },
    })
    const session = connect(`http://127.0.0.1:${at.grpcPlace.port}`)
    await once(session, 'remoteSettings')
    const goaway = once(session, 'goaway')
    const closed = once(session, 'close')
    const stopped = at.stop()
    const [code] = await goaway
    assert.equal(code, constants.NGHTTP2_NO_ERROR)
    await closed
    await stopped
  })

  test('counts its decisions at the door that it is', async () => {
    const counted = await count()
    await check()
    await until(async () => (await count()) === counted + 1)
  })
})
