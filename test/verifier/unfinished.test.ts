import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type ClientHttp2Stream, type Http2Session } from 'node:http2'
import type { Server } from 'node:net'
import { test, type TestContext } from 'node:test'
import { createAuthzenDoor } from '../../src/doors/authzen.ts'
import { createGrpcDoor } from '../../src/doors/grpc.ts'
import { createSidebandDoor } from '../../src/doors/sideband.ts'
import { createStateSeal } from '../../src/doors/sideband-state.ts'
import { systemClock } from '../../src/system/clock.ts'
import { createGrpcServer } from '../../src/verifier/grpc-server.ts'
import { createHookServer } from '../../src/verifier/hook-server.ts'
import { listen } from '../../src/verifier/listening.ts'
import { forgetClosedStreams } from '../../src/verifier/open-streams.ts'
import { createSpoeServer } from '../../src/verifier/spoe-server.ts'
import { createRoom } from '../../src/verifier/unfinished.ts'
import { checkMessage } from '../doors/asking.ts'
import { checkPath, framed, statusOfRaw } from '../doors/grpc-client.ts'
import { environmentId, gatewayDoor, liveToken, view } from '../doors/live-view.ts'
import { dial, hello, noIds, notify, question } from '../doors/spoe-client.ts'
import { anyPort, until } from './running.ts'
import { ask, header, open, request, type Line, type Place } from './wire.ts'

const mebibyte = 1024 * 1024
const limits = { headerBytes: 65_536, bodyBytes: mebibyte, sockets: 1000 }

/** A room like that of a thread, and how much of it is taken. */
function watchedRoom() {
  const room = createRoom(limits)
  let used = 0
  return {
    used: () => used,
    take(bytes: number, isStranger: boolean) {
      const taken = room.take(bytes, isStranger)
      if (taken) used += bytes
      return taken
    },
    give(bytes: number) {
      used -= bytes
      room.give(bytes)
    },
  }
}

/** The listeners of a thread, with one room for all. */
async function listeners(t: TestContext, times: { readonly callDeadlineMs?: number } = {}) {
  const room = watchedRoom()
  const parts = {
    view: () => view,
    clock: systemClock,
    nextDecisionId: () => 'd',
    observer: { decided() {}, took() {} },
    limits,
    room,
    tls: undefined,
  }
  const start = async (server: Server, endAll: () => void) => {
    const port = await listen(server, anyPort)
    t.after(async () => {
      endAll()
      await new Promise((resolve) => server.close(resolve))
    })
    return { port: port ?? 0 }
  }
  const states = createStateSeal({ key: Buffer.alloc(32), salt: Buffer.alloc(16) })
  const http = createHookServer({
    ...parts,
    doors: new Map(),
    bodyDoors: [
      createAuthzenDoor({ settings: gatewayDoor, identifier: 'https://a.test', batch: 5 }),
      createSidebandDoor({ settings: gatewayDoor, states }),
    ],
  })
  const grpc = createGrpcServer({ ...parts, ...times, door: createGrpcDoor(gatewayDoor) })
  const grpcSessions: Http2Session[] = []
  grpc.server.on('session', (session: Http2Session) => void grpcSessions.push(session))
  const spoe = createSpoeServer({ ...parts, settings: gatewayDoor, sockets: 100 })
  return {
    used: room.used,
    grpcSessions,
    http: await start(http.server, http.endAll),
    grpc: await start(grpc.server, grpc.endAll),
    spoe: await start(spoe.server, spoe.closeAllConnections),
  }
}

const evaluation = {
  subject: { type: 'user', id: 'a' },
  action: { name: 'GET' },
  resource: { type: 'http', id: '/' },
}
const authzen = '/access/v1/evaluation'

/** A question by body, as long as it may be. */
function longQuestion(path: string, token: string | undefined): string {
  const body = JSON.stringify(evaluation).padEnd(mebibyte)
  const lines = ['Host: a', 'Content-Type: application/json', `Content-Length: ${body.length}`]
  if (token !== undefined) lines.push(`CLIENT-TOKEN: ${token}`)
  return request(`POST ${path} HTTP/1.1`, ...lines) + body
}

/** Sends all but the end of a question. */
async function begin(place: Place, text: string): Promise<Line> {
  const line = await open(place)
  line.send(text.slice(0, -1))
  return line
}

for (const [name, path] of [
  ['AuthZEN', authzen],
  ['sideband', `/v1/environments/${environmentId}/sideband/request`],
] as const) {
  test(`${name}: a body without a credential in front of it is not kept, and answered as any other`, async (t) => {
    const { http, used } = await listeners(t)
    const credentialed = await begin(http, longQuestion(path, 'x'))
    await until(() => used() === mebibyte - 1)
    credentialed.close()
    await until(() => used() === 0)
    const short = await ask(http, request(`POST ${path} HTTP/1.1`, 'Host: a', 'Content-Length: 0'))
    const text = longQuestion(path, undefined)
    const line = await open(http)
    for (let at = 0; at < text.length - 1; at += 100_000) {
      line.send(text.slice(at, Math.min(at + 100_000, text.length - 1)))
      assert.ok(used() <= 65_536, `${used()} bytes are kept`)
    }
    line.send(text.slice(-1))
    const [answer] = (await line.answers(1)).answers
    assert.equal(answer?.status, 401)
    assert.equal(answer.body, short.body)
    assert.equal(header(answer, 'www-authenticate'), 'Bearer')
    assert.equal(used(), 0)
    line.close()
  })
}

/** Fills the part of the room that strangers may have, but for a few bytes. */
async function fillByHttp(place: Place, used: () => number): Promise<readonly Line[]> {
  const text = longQuestion(authzen, 'x')
  const lines: Line[] = []
  while (used() < 32 * mebibyte - 100) {
    lines.push(await begin(place, text))
    await until(() => used() === lines.length * (mebibyte - 1))
  }
  return lines
}

test('strangers fill half of the room for unfinished bodies, beyond which one is told to come again', async (t) => {
  const { http, used } = await listeners(t)
  const known = await open(http)
  const live = longQuestion(authzen, liveToken)
  known.send(live)
  assert.equal((await known.answers(1)).answers[0]?.status, 200)
  const lines = await fillByHttp(http, used)

  const refused = await open(http)
  refused.send(live)
  const { answers, closed } = await refused.end()
  const [busy] = answers
  assert.deepEqual([busy?.status, closed], [503, true])
  assert.equal(busy && header(busy, 'retry-after'), '1')
  // Whoever was there before goes on.
  known.send(live)
  assert.equal((await known.answers(1)).answers[0]?.status, 200)

  for (const line of lines) line.close()
  await until(() => used() === 0)
  assert.equal((await ask(http, live)).status, 200)
  for (const line of [known, refused]) line.close()
})

const callHeaders = {
  ':method': 'POST',
  ':path': checkPath,
  'content-type': 'application/grpc',
  'client-token': liveToken,
}

async function answerOf(stream: ClientHttp2Stream): Promise<number> {
  const chunks: Buffer[] = []
  let grpcStatus = ''
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  stream.on('trailers', (trailers) => {
    grpcStatus = String(trailers['grpc-status'])
  })
  await once(stream, 'end')
  return statusOfRaw({ status: 200, grpcStatus, body: Buffer.concat(chunks) })
}

test('calls that do not end are held to the same room: beyond it they are refused, and their connection ends', async (t) => {
  const { grpc, http, used } = await listeners(t)
  const dialGrpc = () => connect(`http://127.0.0.1:${grpc.port}`, { maxSessionMemory: 100 })
  const [known, flood] = [dialGrpc(), dialGrpc()]
  t.after(() => known.destroy())
  const check = async (on: typeof known) => {
    const stream = on.request(callHeaders)
    stream.end(framed(checkMessage()))
    return answerOf(stream)
  }
  assert.equal(await check(known), 200)
  const begun = framed(Buffer.alloc(mebibyte)).subarray(0, -1)
  const beginCall = () => {
    const stream = flood.request(callHeaders)
    stream.on('error', () => undefined)
    stream.write(begun)
    return stream
  }
  for (let count = 1; count < 32; count++) {
    beginCall()
    await until(() => used() === count * begun.length)
  }
  const goneAway = once(flood, 'goaway')
  assert.equal(await answerOf(beginCall()), 503)
  await goneAway
  assert.ok(used() <= 32 * mebibyte)
  const refused = await open(http)
  refused.send(longQuestion(authzen, liveToken))
  assert.equal((await refused.answers(1)).answers[0]?.status, 503, 'the room is one for all')
  refused.close()
  assert.equal(await check(known), 200)
  flood.destroy()
  await until(() => used() === 0)
})

test('a call that does not come to its end is ended, and others go on', async (t) => {
  const { grpc, used } = await listeners(t, { callDeadlineMs: 100 })
  const session = connect(`http://127.0.0.1:${grpc.port}`)
  t.after(() => session.destroy())
  const call = () => {
    const stream = session.request(callHeaders)
    stream.on('error', () => undefined)
    return stream
  }
  const [silent, begun] = [call(), call()]
  begun.write(framed(checkMessage()).subarray(0, -1))
  await until(() => used() > 0)
  await until(() => silent.closed && begun.closed && used() === 0)
  assert.equal(await answerOf(call().end(framed(checkMessage()))), 200)
})

test('a listener of gRPC forgets calls that are over', async (t) => {
  const { grpc, grpcSessions } = await listeners(t)
  const client = connect(`http://127.0.0.1:${grpc.port}`)
  t.after(() => client.destroy())
  await until(() => grpcSessions.length === 1)
  const [session] = grpcSessions
  assert.ok(session)
  // It has been told so already.
  assert.equal(forgetClosedStreams(session), false)
})

test('no more than a hundred calls are under way on a connection', async (t) => {
  const { grpc } = await listeners(t)
  const session = connect(`http://127.0.0.1:${grpc.port}`)
  t.after(() => session.destroy())
  const [settings] = await once(session, 'remoteSettings')
  assert.equal(settings.maxConcurrentStreams, 100)
})

test('a frame of SPOE that does not end is held to the same room', async (t) => {
  const { spoe, http, used } = await listeners(t)
  const large = notify(noIds, question(liveToken, { uri: `/${'a'.repeat(10_000)}` }))
  const [one, two] = [await dial(spoe.port), await dial(spoe.port)]
  for (const line of [one, two]) {
    line.send(hello())
    await line.frames(1)
  }
  one.send(large.subarray(0, 9000))
  await until(() => used() === 9000)
  one.send(large.subarray(9000))
  await one.frames(1)
  assert.equal(used(), 0)
  const lines = await fillByHttp(http, used)
  two.send(large.subarray(0, 9000))
  const [last] = await two.frames(1)
  assert.equal(last?.type, 102)
  await two.ended()
  for (const line of lines) line.close()
  one.send(large.subarray(0, 9000))
  await until(() => used() === 9000)
  one.close()
  await until(() => used() === 0)
})
