import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2, constants } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { after, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { anyPort, gatewayDoor, runVerifier } from '../verifier/running.ts'
import { checkMessage } from './asking.ts'
import {
  checkPath,
  framed,
  grpcClient,
  healthPath,
  rawCall,
  statusOfAnswer,
  statusOfRaw,
  type RawCall,
} from './grpc-client.ts'

const running = await runVerifier({
  settings: {
    doors: { grpc: gatewayDoor },
    limits: { headerBytes: 16_384, bodyBytes: 65_536, sockets: 100 },
  },
  parts: { grpc: { at: anyPort, tls: undefined } },
})
after(async () => running.stop())

const call = (given: RawCall) =>
  rawCall(running.grpcPlace.port, {
    ...given,
    headers: { 'client-token': running.token(), ...given.headers },
  })
const closed = (socket: Socket) => new Promise((resolve) => socket.on('close', resolve))
const good = framed(checkMessage())
const large = checkMessage({ headers: { cookie: 'x'.repeat(200_000) } })

/** That the server is there and judges as it should, whatever was done to it. */
async function stillAnswers() {
  assert.equal(statusOfRaw(await call({ chunks: [good] })), 200)
  const refused = await call({ headers: { 'client-token': 'x' }, chunks: [good] })
  assert.equal(statusOfRaw(refused), 401)
}

const tail = (bytes: Buffer, more: Buffer) => Buffer.concat([bytes, more])

async function session() {
  const made = connectHttp2(`http://127.0.0.1:${running.grpcPlace.port}`)
  made.on('error', () => undefined)
  await once(made, 'remoteSettings')
  return made
}
const callHeaders = () => ({
  ':method': 'POST',
  ':path': checkPath,
  'content-type': 'application/grpc',
  'client-token': running.token(),
})

describe('what is no message is refused within a good call', () => {
  const cases: Readonly<Record<string, readonly Buffer[]>> = {
    nothing: [],
    'half a head': [good.subarray(0, 3)],
    'a head alone': [good.subarray(0, 5)],
    'half a message': [good.subarray(0, 40)],
    'a message and a byte': [tail(good, Buffer.from([0]))],
    'a message and rubbish': [good, Buffer.from('rubbish')],
    'two messages': [good, good],
    'a message and an empty one': [good, framed(Buffer.alloc(0))],
    'a compressed flag': [framed(checkMessage(), 1)],
    'a compressed message': [framed(gzipSync(checkMessage()), 1)],
    'another flag': [framed(checkMessage(), 128)],
    'a length of four gigabytes': [Buffer.from('00ffffffff', 'hex'), checkMessage()],
    'a message that is too large': [framed(large)],
    'a message that is too large, and another': [framed(large), good],
    'a message of zeros': [framed(Buffer.alloc(100))],
    'a message of ones': [framed(Buffer.alloc(100, 255))],
    JSON: [framed(Buffer.from('{"attributes":{}}'))],
  }
  for (const [title, chunks] of Object.entries(cases)) {
    test(title, async () => {
      assert.equal(statusOfRaw(await call({ chunks })), 400)
    })
  }

  test('a message in pieces of a byte is one', async () => {
    const chunks = Array.from(good, (byte) => Buffer.from([byte]))
    assert.equal(statusOfRaw(await call({ chunks })), 200)
  })

  test('whatever encodings a call speaks of, the flag decides', async () => {
    const headers = { 'grpc-encoding': 'gzip', 'grpc-accept-encoding': 'gzip' }
    assert.equal(statusOfRaw(await call({ headers, chunks: [good] })), 200)
  })
})

describe('what is no call of ours gets no decision', () => {
  const paths = [
    'envoy.service.auth.v3.Authorization/Check',
    `/${checkPath}`,
    `${checkPath}/`,
    `${checkPath}?x`,
    checkPath.toLowerCase(),
    checkPath.replace('/Check', '/%43heck'),
    '/envoy.service.auth.v2.Authorization/Check',
    '/envoy.service.auth.v3.Authorization/',
    '/',
    '*',
  ]
  for (const path of paths) {
    test(`path ${path}`, async () => {
      const answer = await call({ headers: { ':path': path }, chunks: [good] })
      assert.ok(answer.grpcStatus === '12' || answer.status === undefined)
      assert.equal(answer.body.length, 0)
    })
  }

  for (const type of [
    'application/json',
    'application/grpc-web',
    'application/grpcx',
    'text/plain',
    '',
  ]) {
    test(`media type "${type}"`, async () => {
      const answer = await call({ headers: { 'content-type': type }, chunks: [good] })
      assert.deepEqual([answer.status, answer.body.length], [415, 0])
    })
  }

  for (const type of ['application/grpc+proto', 'application/grpc;x=y']) {
    test(`media type "${type}" is one`, async () => {
      const answer = await call({ headers: { 'content-type': type }, chunks: [good] })
      assert.equal(statusOfRaw(answer), 200)
    })
  }

  for (const method of ['GET', 'PUT', 'OPTIONS']) {
    test(`method ${method}`, async () => {
      const answer = await call({ headers: { ':method': method }, chunks: [good] })
      assert.notEqual(statusOfRaw(answer), 200)
      assert.equal(answer.body.length, 0)
    })
  }

  test('a health request that is none', async () => {
    const answer = await call({
      headers: { ':path': healthPath },
      chunks: [framed(Buffer.from([255]))],
    })
    assert.equal(answer.grpcStatus, '3')
  })

  test('HTTP/1.1, and no protocol at all', async () => {
    for (const bytes of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\0'.repeat(1000), 'x'.repeat(100)]) {
      const socket = connectTcp(running.grpcPlace.port, '127.0.0.1')
      let text = ''
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        text += chunk
      })
      socket.on('error', () => undefined)
      socket.write(bytes)
      await closed(socket)
      assert.doesNotMatch(text, /x-warder|HTTP\/1.1 200/)
    }
    await stillAnswers()
  })
})

describe('what is done to a connection does nothing to the others', () => {
  test('calls that are broken off before, within and after their message', async () => {
    const made = await session()
    for (const bytes of [Buffer.alloc(0), good.subarray(0, 20), good]) {
      for (let count = 0; count < 50; count++) {
        const stream = made.request(callHeaders())
        stream.on('error', () => undefined)
        stream.write(bytes)
        stream.close(constants.NGHTTP2_CANCEL)
      }
    }
    await stillAnswers()
    made.destroy()
    await stillAnswers()
  })

  test('a connection that is cut in the middle of calls', async () => {
    const made = await session()
    for (let count = 0; count < 50; count++) {
      const stream = made.request(callHeaders())
      stream.on('error', () => undefined)
      stream.write(good.subarray(0, 20))
    }
    made.destroy()
    await stillAnswers()
  })

  test('more metadata than there may be', async () => {
    for (const more of [
      { 'x-a': 'x'.repeat(30_000), 'x-b': 'x'.repeat(30_000), 'x-c': 'x'.repeat(30_000) },
      Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`x-${at}`, 'x'])),
    ]) {
      const answer = await call({ headers: more, chunks: [good] })
      assert.notEqual(statusOfRaw(answer), 200)
      assert.equal(answer.body.length, 0)
    }
    await stillAnswers()
  })

  test('floods of settings, pings and resets end their own connection at most', async () => {
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    const emptySettings = Buffer.from('000000040000000000', 'hex')
    const ping = Buffer.from('0000080600000000000000000000000000', 'hex')
    const reset = Buffer.from('00000403000000000100000008', 'hex')
    const continuation = Buffer.from('000000090000000001', 'hex')
    const manySettings = Buffer.from(
      '000600040000000000'.replace('000600', '000600') + '000400000001'.repeat(256),
      'hex',
    )
    for (const frame of [emptySettings, ping, reset, continuation, manySettings]) {
      const socket = connectTcp(running.grpcPlace.port, '127.0.0.1')
      socket.on('error', () => undefined).resume()
      socket.write(
        Buffer.concat([preface, emptySettings, ...Array.from({ length: 20_000 }, () => frame)]),
      )
      socket.end()
      await closed(socket)
      await stillAnswers()
    }
  })

  test('many calls at once are each answered as they ask', async () => {
    const client = grpcClient(running.grpcPlace.port)
    const live = running.token()
    const answers = await Promise.all(
      Array.from({ length: 500 }, async (_, at) =>
        statusOfAnswer(
          await client.check(checkMessage({ path: `/${at}` }), [
            ['client-token', at % 3 ? live : 'x'],
          ]),
        ),
      ),
    )
    client.close()
    answers.forEach((status, at) => assert.equal(status, at % 3 ? 200 : 401))
  })
})
