import assert from 'node:assert/strict'
import { createServer as createNodeServer } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import type { Exchange } from '../../src/verifier/exchange.ts'
import { createFastLane } from '../../src/verifier/fast-lane.ts'
import { listen } from '../../src/verifier/listening.ts'
import { createStrangers } from '../../src/verifier/strangers.ts'
import { anyPort, until } from './running.ts'
import { header, open, request, type Line } from './wire.ts'

// The connections of a lane whose requests are answered by the test, whenever it likes.

const get = (path: string) => request(`GET ${path} HTTP/1.1`, 'Host: a')
const post = (path: string, body: string, length: number) =>
  request(`POST ${path} HTTP/1.1`, 'Host: a', `Content-Length: ${length}`) + body
const ok = (body: string) => ({ status: 200, lines: 'X-By: lane\r\n', body })

/** How bytes come: into one buffer for all, or, where a socket cannot be made anew, as Node reads them. */
const readings = ['in place', 'by Node'] as const

async function start(t: TestContext, reading: (typeof readings)[number] = 'in place') {
  const taken: Exchange[] = []
  const slow: Socket[] = []
  const handedOver: Socket[] = []
  const node = createNodeServer((asking, response) => {
    const bodies: Buffer[] = []
    asking.on('data', (bytes: Buffer) => void bodies.push(bytes))
    asking.on('end', () => response.end(`${asking.url}${Buffer.concat(bodies).toString()}`))
  })
  const idleMs = { fresh: 60_000 }
  let draining = false
  const lane = createFastLane({
    headerBytes: 65_536,
    take: ({ url }, exchange) => !url.startsWith('/node') && taken.push(exchange) > 0,
    toNode(socket) {
      handedOver.push(socket)
      node.emit('connection', socket)
    },
    tooSlow: (socket) => void slow.push(socket.end('too slow')),
    strangers: createStrangers(),
    isDraining: () => draining,
    wall: () => 0,
    monotonic: () => performance.now(),
    idleMs: { first: () => idleMs.fresh, stranger: 100, known: 3_650_000 },
  })
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    // A socket of another class is left as it is.
    if (reading === 'by Node') Object.defineProperty(socket, 'constructor', { value: Object })
    lane.add(socket)
  })
  const place = { port: (await listen(server, anyPort)) ?? 0 }
  t.after(async () => {
    for (const socket of handedOver) socket.destroy()
    lane.endAll()
    lane.stop()
    await new Promise((resolve) => server.close(resolve))
  })
  return {
    lane,
    idleMs,
    slow,
    drain: () => {
      draining = true
    },
    /** A connection with a request that was taken. */
    asked: async () => {
      const line = await open(place)
      const count = taken.length
      line.send(get('/a'))
      await until(() => taken.length > count)
      const exchange = taken.at(-1)
      assert.ok(exchange)
      return { line, exchange, socket: exchange.socket }
    },
    taken,
    place,
    open: async () => open(place),
  }
}

async function answersOf(line: Line, count: number) {
  const { answers } = await line.answers(count)
  return answers.map((answer) => [header(answer, 'x-by') ?? 'node', answer.body])
}

for (const reading of readings) {
  test(`what comes before an answer waits for it, and is answered after it (read ${reading})`, async (t) => {
    const { asked, open: openLine } = await start(t, reading)
    const { line, exchange, socket } = await asked()
    const read = socket.bytesRead
    line.send(get('/b').slice(0, 9))
    await until(() => socket.bytesRead > read)
    for (const part of [get('/b').slice(9), get('/c') + get('/d')]) line.send(part)
    // What others send goes into the same buffer.
    const other = await openLine()
    other.send(get('/node?other'))
    assert.deepEqual(await answersOf(other, 1), [['node', '/node?other']])
    exchange.send(ok('a'))
    const by = [
      ['lane', 'a'],
      ['node', '/b'],
      ['node', '/c'],
      ['node', '/d'],
    ]
    assert.deepEqual(await answersOf(line, 4), by)
    line.send(get('/e'))
    assert.deepEqual(await answersOf(line, 1), [['node', '/e']])
    for (const each of [line, other]) each.close()
  })

  test(`what comes whole before an answer is answered after it in the lane (read ${reading})`, async (t) => {
    const { asked, taken } = await start(t, reading)
    const { line, exchange, socket } = await asked()
    let [waiting, read] = [exchange, socket.bytesRead]
    for (const [at, letter] of ['b', 'c', 'd'].entries()) {
      line.send(get(`/${letter}`))
      await until(() => socket.bytesRead > read)
      read = socket.bytesRead
      assert.equal(taken.length, at + 1)
      waiting.send(ok('x'))
      await until(() => taken.length === at + 2)
      waiting = taken[at + 1] ?? waiting
    }
    waiting.send(ok('last'))
    const by = ['x', 'x', 'x', 'last'].map((body) => ['lane', body])
    assert.deepEqual(await answersOf(line, 4), by)
    line.close()
  })

  test(`a body of which a part came with its head is what was sent (read ${reading})`, async (t) => {
    const { open: openLine } = await start(t, reading)
    const [line, other] = [await openLine(), await openLine()]
    const [first, second] = ['first half,', 'second half']
    line.send(post('/node', first, first.length + second.length))
    other.send(post('/node', 'x'.repeat(400), 400))
    assert.deepEqual(await answersOf(other, 1), [['node', `/node${'x'.repeat(400)}`]])
    line.send(second)
    assert.deepEqual(await answersOf(line, 1), [['node', `/node${first}${second}`]])
    for (const each of [line, other]) each.close()
  })

  test(`who does not read is not read from (read ${reading})`, async (t) => {
    const { asked, taken } = await start(t, reading)
    const { line, exchange, socket } = await asked()
    line.socket.pause()
    exchange.met()
    exchange.send(ok('a'.repeat(8 * 1024 * 1024)))
    await until(() => socket.isPaused())
    line.send(get('/b'))
    // Time enough to be read, were anybody reading.
    const other = await asked()
    assert.equal(taken.length, 2)
    line.socket.resume()
    await line.answers(1)
    await until(() => taken.length === 3)
    taken[2]?.send(ok('b'))
    assert.deepEqual(await answersOf(line, 1), [['lane', 'b']])
    for (const each of [line, other.line]) each.close()
  })
}

test('who has gone is not answered', async (t) => {
  const { asked } = await start(t)
  for (const leave of [(line: Line) => line.socket.end(), (line: Line) => line.close()]) {
    const { line, exchange } = await asked()
    assert.equal(exchange.isOver, false)
    leave(line)
    await until(() => exchange.isOver)
    line.close()
  }
})

test('a connection on which nothing comes is too slow; one of a stranger is ended when it is idle', async (t) => {
  const { asked, idleMs, slow, open: openLine } = await start(t)
  const stranger = await asked()
  stranger.exchange.send(ok('a'))
  const gateway = await asked()
  gateway.exchange.met()
  gateway.exchange.send(ok('b'))
  const [one] = (await stranger.line.answers(1)).answers
  const [other] = (await gateway.line.answers(1)).answers
  assert.equal(one && header(one, 'keep-alive'), 'timeout=0')
  assert.equal(other && header(other, 'keep-alive'), 'timeout=3650')
  assert.deepEqual(await stranger.line.end(), { answers: [], closed: true, rest: '' })
  idleMs.fresh = 50
  const silent = await openLine()
  assert.equal((await silent.end()).rest, 'too slow')
  assert.equal(slow.length, 1)
  assert.equal(gateway.socket.destroyed, false)
  for (const { line } of [stranger, gateway]) line.close()
})

test('ending what is idle leaves what was not answered, and what was not asked yet', async (t) => {
  const { asked, lane, drain, open: openLine } = await start(t)
  const [idle, waiting, fresh] = [await asked(), await asked(), await openLine()]
  idle.exchange.met()
  idle.exchange.send(ok('a'))
  await idle.line.answers(1)
  drain()
  lane.endIdle()
  assert.equal((await idle.line.end()).closed, true)
  waiting.exchange.met()
  waiting.exchange.send(ok('b'))
  const { answers, closed } = await waiting.line.end()
  assert.deepEqual([closed, answers[0] && header(answers[0], 'connection')], [true, 'close'])
  assert.equal(fresh.socket.readyState, 'open')
  lane.endAll()
  assert.equal((await fresh.end()).closed, true)
})

test('the last answer ends its connection, even if the other side does not', async (t) => {
  const { drain, place, taken } = await start(t)
  const client = connect({ ...place, host: '127.0.0.1', allowHalfOpen: true })
  client.write(get('/a'))
  await until(() => taken.length === 1)
  drain()
  taken[0]?.send(ok('a'))
  await until(() => taken[0]?.socket.destroyed === true)
  client.destroy()
})
