import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import type { Server } from 'node:net'
import { test, type TestContext } from 'node:test'
import { createAuthzenDoor } from '../../src/doors/authzen.ts'
import { createGrpcDoor } from '../../src/doors/grpc.ts'
import { createNginxDoor } from '../../src/doors/nginx.ts'
import { systemClock } from '../../src/system/clock.ts'
import { createGrpcServer } from '../../src/verifier/grpc-server.ts'
import { createHookServer } from '../../src/verifier/hook-server.ts'
import { listen } from '../../src/verifier/listening.ts'
import { createSpoeServer } from '../../src/verifier/spoe-server.ts'
import { createRoom } from '../../src/verifier/unfinished.ts'
import { checkMessage } from '../doors/asking.ts'
import { checkPath, framed, grpcClient, statusOfAnswer } from '../doors/grpc-client.ts'
import { gatewayDoor, liveToken, view } from '../doors/live-view.ts'
import { dial, hello, noIds, notify, question, variables } from '../doors/spoe-client.ts'
import { anyPort, nginxHook } from './running.ts'
import { header, open, request, type Line } from './wire.ts'

const limits = { headerBytes: 65_536, bodyBytes: 65_536, sockets: 100 }
const parts = {
  view: () => view,
  clock: systemClock,
  nextDecisionId: () => 'd',
  observer: { decided() {}, took() {} },
  limits,
  room: createRoom(limits),
  tls: undefined,
  strangerIdleMs: 300,
}

async function listening(t: TestContext, server: Server, endAll: () => void): Promise<number> {
  const port = await listen(server, anyPort)
  t.after(async () => {
    endAll()
    await new Promise((resolve) => server.close(resolve))
  })
  return port ?? 0
}

const evaluation = JSON.stringify({
  subject: { type: 'user', id: 'a' },
  action: { name: 'GET' },
  resource: { type: 'http', id: '/' },
})
function evaluate(token: string): string {
  const lines = ['Host: a', `CLIENT-TOKEN: ${token}`, 'Content-Type: application/json']
  const length = `Content-Length: ${evaluation.length}`
  return request('POST /access/v1/evaluation HTTP/1.1', ...lines, length) + evaluation
}

async function statusOn(line: Line, hook: string) {
  line.send(hook)
  const { answers } = await line.answers(1)
  const [answer] = answers
  return [answer?.status, answer && header(answer, 'keep-alive')]
}

const notFound = request('GET /nothing HTTP/1.1', 'Host: a')
const long = 'timeout=3650'

test('over HTTP only a connection on which a live credential was seen may be idle for long', async (t) => {
  const { server, endAll } = createHookServer({
    ...parts,
    doors: new Map([['/auth/nginx', createNginxDoor(gatewayDoor)]]),
    bodyDoors: [
      createAuthzenDoor({ settings: gatewayDoor, identifier: 'https://a.test', batch: 5 }),
    ],
  })
  const place = { port: await listening(t, server, endAll) }
  const strangers = []
  for (const [hook, status] of [
    [notFound, 404],
    [nginxHook('x'), 401],
    [nginxHook(undefined), 401],
    [evaluate('x'), 401],
  ] as const) {
    const line = await open(place)
    assert.deepEqual(await statusOn(line, hook), [status, 'timeout=0'])
    strangers.push(line)
  }
  const [gateway, asking] = [await open(place), await open(place)]
  assert.deepEqual(await statusOn(gateway, nginxHook('x')), [401, 'timeout=0'])
  assert.deepEqual(await statusOn(gateway, nginxHook(liveToken)), [200, long])
  assert.equal((await statusOn(asking, evaluate(liveToken)))[1], long)
  // What is refused there later is its clients' affair.
  for (const line of [gateway, asking]) {
    assert.deepEqual(await statusOn(line, nginxHook('x')), [401, long])
    assert.deepEqual(await statusOn(line, notFound), [404, long])
  }
  for (const line of strangers) assert.equal((await line.answers(1)).closed, true)
  for (const line of [gateway, asking]) {
    assert.deepEqual(await statusOn(line, nginxHook(liveToken)), [200, long])
    line.close()
  }
})

test('by SPOE only a connection on which a live credential was seen may be idle for long', async (t) => {
  const made = createSpoeServer({ ...parts, settings: gatewayDoor, sockets: 100 })
  const port = await listening(t, made.server, made.closeAllConnections)
  const [stranger, gateway] = [await dial(port), await dial(port)]
  const ask = async (line: typeof stranger, token: string) => {
    line.send(notify(noIds, question(token)))
    const [ack] = await line.frames(1)
    return ack && variables(ack)['allow']
  }
  for (const line of [stranger, gateway]) {
    line.send(hello())
    await line.frames(1)
  }
  assert.equal(await ask(stranger, 'x'), false)
  assert.equal(await ask(gateway, liveToken), true)
  assert.equal(await ask(gateway, 'x'), false)
  await stranger.ended()
  assert.equal(await ask(gateway, liveToken), true)
  gateway.close()
})

test('by gRPC only a connection on which a live credential was seen may be idle for long', async (t) => {
  const made = createGrpcServer({ ...parts, door: createGrpcDoor(gatewayDoor) })
  const port = await listening(t, made.server, made.endAll)
  const stranger = connect(`http://127.0.0.1:${port}`)
  const refused = stranger.request({
    ':method': 'POST',
    ':path': checkPath,
    'content-type': 'application/grpc',
  })
  refused.end(framed(checkMessage()))
  await once(refused.resume(), 'end')
  const gateway = grpcClient(port)
  t.after(() => gateway.close())
  let sessions = 0
  made.server.on('session', () => sessions++)
  const ask = async (token: string) =>
    statusOfAnswer(await gateway.check(checkMessage(), [['client-token', token]]))
  assert.deepEqual([await ask('x'), await ask(liveToken), await ask('x')], [401, 200, 401])
  await once(stranger, 'close')
  assert.equal(await ask(liveToken), 200)
  assert.equal(sessions, 1)
})
