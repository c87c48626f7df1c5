import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, describe, test } from 'node:test'
import * as fc from 'fast-check'
import { createAuthzenDoor } from '../../src/doors/authzen.ts'
import { createEnvoyDoor, envoyPrefix } from '../../src/doors/envoy.ts'
import { createForwardDoor } from '../../src/doors/forward.ts'
import { createNginxDoor } from '../../src/doors/nginx.ts'
import { createSidebandDoor } from '../../src/doors/sideband.ts'
import { createStateSeal } from '../../src/doors/sideband-state.ts'
import { systemClock } from '../../src/system/clock.ts'
import { createHookServer } from '../../src/verifier/hook-server.ts'
import { listen } from '../../src/verifier/listening.ts'
import { createRoom } from '../../src/verifier/unfinished.ts'
import { environmentId, gatewayDoor, liveToken, view } from '../doors/live-view.ts'
import { seedOf } from '../prng.ts'
import { anyRequest, damaged } from './requests.ts'
import { anyPort, forwardHook, nginxHook } from './running.ts'
import { open, request, type Answer, type Line } from './wire.ts'

// Whatever is asked plainly gets the answer that Node's own HTTP would have given. An empty line in front of a request
// changes nothing of it, and is nothing that the lane reads.

const limits = { headerBytes: 65_536, bodyBytes: 4096, sockets: 100 }

/** A listener with every door, and how many of its requests Node read. */
async function start() {
  const states = createStateSeal({ key: Buffer.alloc(32), salt: Buffer.alloc(16) })
  const made = createHookServer({
    view: () => view,
    clock: systemClock,
    nextDecisionId: () => 'd',
    observer: { decided() {}, took() {} },
    limits,
    room: createRoom(limits),
    tls: undefined,
    doors: new Map([
      ['/auth/nginx', createNginxDoor(gatewayDoor)],
      ['/auth/forward', createForwardDoor(gatewayDoor)],
    ]),
    prefixed: { prefix: envoyPrefix, door: createEnvoyDoor(gatewayDoor) },
    bodyDoors: [
      createAuthzenDoor({ settings: gatewayDoor, identifier: 'https://a.test', batch: 5 }),
      createSidebandDoor({ settings: gatewayDoor, states }),
    ],
  })
  let readByNode = 0
  made.server.prependListener('request', () => (readByNode += 1))
  made.server.prependListener('clientError', () => (readByNode += 1))
  const port = await listen(made.server, anyPort)
  return {
    ...made,
    place: { port: port ?? 0 },
    readByNode: () => readByNode,
    async stop() {
      made.endAll()
      await new Promise((resolve) => made.server.close(resolve))
    },
  }
}

const here = await start()
after(async () => here.stop())

const environment = `/v1/environments/${environmentId}/sideband`
const evaluation = JSON.stringify({
  subject: { type: 'user', id: 'a' },
  action: { name: 'GET' },
  resource: { type: 'http', id: '/' },
})
const sideband = JSON.stringify({
  source_ip: '10.0.0.1',
  source_port: '1',
  method: 'GET',
  url: 'https://a.test/x',
  http_version: '1.1',
  headers: [{ host: 'a.test' }, { accept: 'é' }],
  body: 'é',
})

function post(path: string, body: string, ...lines: readonly string[]): string {
  const length = `Content-Length: ${Buffer.byteLength(body)}`
  const head = request(`POST ${path} HTTP/1.1`, 'Host: a.test', ...lines, length)
  return head + Buffer.from(body).toString('latin1')
}
const withToken = `CLIENT-TOKEN: ${liveToken}`
const json = 'Content-Type: application/json'
const envoy = (line: string, ...more: readonly string[]) =>
  request(line, 'Host: a.test', withToken, 'X-Forwarded-Proto: https', ...more)

/** What an answer says, whatever the order of its headers. */
function essence(answer: Answer): readonly unknown[] {
  const { version, status, headers, body } = answer
  const told = headers
    .map((pair) => pair.join(': '))
    .filter((line) => !line.startsWith('Date: '))
    .toSorted((one, other) => (one < other ? -1 : 1))
  return [version, status, told, body.replace(/"state":"[^"]*"/, '')]
}

const isMoved = (line: string) => line.startsWith('Keep-Alive: ')

/** All that comes back for some bytes; for how long the connection is kept stands in another place of a head. */
async function saidTo(bytes: Buffer) {
  const { socket } = await open(here.place)
  let said = ''
  socket.on('data', (text: string) => (said += text))
  socket.on('error', () => undefined)
  // What was announced and never comes is waited for until a deadline; the answer, if any, has come by then.
  socket.setTimeout(3000, () => socket.destroy())
  socket.end(bytes)
  await once(socket, 'close')
  const lines = said.replace(/"state":"[^"]*"/g, '').split('\r\n')
  const rest = lines.filter((line) => !isMoved(line) && !line.startsWith('Date: '))
  return { rest, moved: lines.filter(isMoved) }
}

const emptyLine = Buffer.from('\r\n')
async function assertSameAnswers(bytes: Buffer): Promise<boolean> {
  const earlier = here.readByNode()
  const plainly = await saidTo(bytes)
  const isPlain = here.readByNode() === earlier && plainly.rest.length > 1
  const byNode = await saidTo(Buffer.concat([emptyLine, bytes]))
  assert.deepEqual(plainly, byNode)
  return isPlain
}

describe('a plain request is answered without Node reading it, and just as Node would have it answered', () => {
  for (const [title, text, status] of [
    ['a good hook of nginx', nginxHook(liveToken), 200],
    ['without a credential', nginxHook(undefined), 401],
    ['with a forged one', nginxHook(liveToken.slice(0, -4)), 401],
    ['of which half is missing', nginxHook(liveToken).replace(/X-Original-Method.*\r\n/, ''), 401],
    ['a good hook of forward authentication', forwardHook(liveToken), 200],
    ['with a query', forwardHook(liveToken).replace('/auth/forward', '/auth/forward?a=b'), 200],
    ['without a credential, with a body to say so', forwardHook(undefined), 401],
    [
      'asked by POST, without a body',
      forwardHook(liveToken, 'Content-Length: 0').replace('GET', 'POST'),
      200,
    ],
    ['a good question of Envoy', envoy(`GET ${envoyPrefix}/a HTTP/1.1`), 200],
    [
      'about another method, with a body',
      `${envoy(`PUT ${envoyPrefix}/a?b HTTP/1.1`, 'Content-Length: 1')}x`,
      200,
    ],
    ['about HEAD', envoy(`HEAD ${envoyPrefix}/a HTTP/1.1`), 200],
    ['about everything', envoy(`OPTIONS ${envoyPrefix}* HTTP/1.1`), 200],
    ['about nothing', envoy(`GET ${envoyPrefix} HTTP/1.1`), 400],
    ['an evaluation', post('/access/v1/evaluation', evaluation, json, withToken), 200],
    ['an evaluation that is none', post('/access/v1/evaluation', '{', json, withToken), 400],
    ['an evaluation by nobody', post('/access/v1/evaluation', evaluation, json), 401],
    [
      'an evaluation by GET',
      request('GET /access/v1/evaluation HTTP/1.1', 'Host: a', withToken),
      405,
    ],
    ['a leg of sideband', post(`${environment}/request`, sideband, json, withToken), 200],
    [
      'a leg of another environment',
      post(`/v1/environments/x/sideband/request`, sideband, withToken),
      401,
    ],
    ['a leg by nobody', post(`${environment}/request`, sideband), 401],
  ] as const) {
    test(title, async () => {
      const line = await open(here.place)
      const earlier = here.readByNode()
      line.send(text)
      const first = await line.answers(1)
      assert.equal(first.answers[0]?.status, status)
      assert.equal(here.readByNode(), earlier)
      line.send(text)
      assert.deepEqual((await line.answers(1)).answers.map(essence), first.answers.map(essence))
      line.send(`\r\n${text}`)
      assert.deepEqual((await line.answers(1)).answers.map(essence), first.answers.map(essence))
      assert.equal(here.readByNode(), earlier + 1)
      line.close()
    })
  }
})

describe('a request that is not plain is left to Node', () => {
  for (const [title, text] of [
    ['where no door answers', request('GET /nothing HTTP/1.1', 'Host: a')],
    ['with a body that no hook has', `${forwardHook(liveToken, 'Content-Length: 1')}x`],
    [
      'with a body that is too large',
      post('/access/v1/evaluation', evaluation.padEnd(5000), withToken),
    ],
    ['that is the last one', nginxHook(liveToken, 'Connection: close')],
    ['that comes with another one', nginxHook(liveToken) + nginxHook(liveToken)],
  ] as const) {
    test(title, async () => {
      const earlier = here.readByNode()
      await assertSameAnswers(Buffer.from(text, 'latin1'))
      assert.ok(here.readByNode() > earlier)
    })
  }
})

test('HEAD gets the head of an answer alone', async () => {
  const { socket } = await open(here.place)
  let said = ''
  socket.on('data', (text: string) => (said += text))
  socket.write(forwardHook(undefined).replace('GET', 'HEAD'))
  await once(socket, 'data')
  socket.write(nginxHook(liveToken, 'Connection: close'))
  await once(socket, 'end')
  assert.match(said, /^HTTP\/1\.1 401 [^{]*\r\n\r\nHTTP\/1\.1 200 /)
  socket.destroy()
})

const statuses = async (line: Line, count: number) =>
  (await line.answers(count)).answers.map(({ status }) => status)

test('a request that comes in pieces is answered, and so is what comes after it', async () => {
  const text = nginxHook(liveToken)
  for (const at of [1, 20, text.length - 3, text.length - 1]) {
    const [line, other] = [await open(here.place), await open(here.place)]
    line.send(text.slice(0, at))
    // Once another is answered, which asked later, what came first was read; its bytes are in the same place.
    other.send(text)
    assert.deepEqual(await statuses(other, 1), [200])
    line.send(text.slice(at))
    assert.deepEqual(await statuses(line, 1), [200])
    line.send(text)
    assert.deepEqual(await statuses(line, 1), [200])
    for (const each of [line, other]) each.close()
  }
})

const targets = [
  '/auth/nginx',
  '/auth/forward',
  '/auth/forward?x',
  `${envoyPrefix}/a`,
  '/access/v1/evaluation',
  `${environment}/request`,
  '/',
]
const lines = [
  withToken,
  'CLIENT-TOKEN: x',
  ...nginxHook(undefined).split('\r\n').slice(2, -2),
  ...forwardHook(undefined).split('\r\n').slice(2, -2),
]

// Of generated requests every sixth is plain, of damaged ones every fourteenth, give or take what chance makes of it.
for (const [title, requests, least] of [
  ['generated', anyRequest(targets, lines), 0.1],
  ['damaged', damaged(anyRequest(targets, lines)), 0.02],
] as const) {
  test(`${title} requests get the same answers with an empty line in front of them as without`, async (t) => {
    const [runs, seed] = [500, seedOf(t)]
    let plain = 0
    const property = fc.asyncProperty(requests, async (bytes) => {
      if (await assertSameAnswers(bytes)) plain += 1
    })
    await fc.assert(property, { numRuns: runs, seed })
    assert.ok(plain > runs * least, `only ${plain} were plain with seed ${seed}`)
  })
}
