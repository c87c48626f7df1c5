import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../src/system/clock.ts'
import { listen } from '../../src/verifier/listening.ts'
import { createSpoeServer } from '../../src/verifier/spoe-server.ts'
import { createRoom } from '../../src/verifier/unfinished.ts'
import { gatewayDoor, liveToken, view } from './live-view.ts'
import {
  dial,
  hello,
  noIds,
  notify,
  question,
  readFrames,
  variables,
  type SpoeLine,
} from './spoe-client.ts'
import { until } from '../verifier/running.ts'
import { watched } from './spoe-watched.ts'

/** A listener whose patience is short. */
async function impatient(
  t: TestContext,
  room = createRoom({ headerBytes: 65_536, bodyBytes: 65_536 }),
): Promise<number> {
  const { server, closeAllConnections } = createSpoeServer({
    settings: gatewayDoor,
    sockets: 100,
    room,
    tls: undefined,
    view: () => view,
    clock: systemClock,
    nextDecisionId: () => 'd',
    observer: { decided() {}, took() {} },
    frameDeadlineMs: 300,
  })
  const port = await listen(server, { kind: 'tcp', host: '127.0.0.1', port: 0 })
  t.after(async () => {
    closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return port ?? 0
}

/** Sends the bytes one by one, more often than any idle time. */
function dribble(line: SpoeLine, bytes: Buffer): () => void {
  let at = 0
  const timer = setInterval(() => line.send(bytes.subarray(at, ++at)), 20)
  return () => clearInterval(timer)
}

const large = notify(noIds, question(liveToken, { uri: `/${'a'.repeat(5000)}` }))

for (const [title, first] of [
  ['a greeting', Buffer.alloc(0)],
  ['a question', hello()],
] as const) {
  test(`${title} that is dribbled ends its connection at the deadline, while others are answered`, async (t) => {
    const port = await impatient(t)
    const [slow, other] = [await dial(port), await dial(port)]
    other.send(hello())
    await other.frames(1)
    slow.send(first)
    const stop = dribble(
      slow,
      first.length === 0 ? Buffer.from('00003ffc'.padEnd(2000, '01'), 'hex') : large,
    )
    t.after(stop)
    const began = Date.now()
    await slow.ended()
    assert.ok(Date.now() - began < 3000)
    other.send(notify(noIds, question(liveToken)))
    const [ack] = await other.frames(1)
    assert.equal(ack && variables(ack)['allow'], true)
    other.close()
    slow.close()
  })
}

test('a connection on which question follows question is never late, though each read ends within one', async (t) => {
  const line = await dial(await impatient(t))
  line.send(hello())
  await line.frames(1)
  const one = notify(noIds, question(liveToken))
  line.send(one.subarray(0, 30))
  const end = Date.now() + 2500
  while (Date.now() < end) {
    line.send(Buffer.concat([one.subarray(30), one.subarray(0, 30)]))
    const [ack] = await line.frames(1)
    assert.equal(ack && variables(ack)['allow'], true)
    await delay(5)
  }
  line.close()
})

/** The processor time of bytes that come one by one, behind so many others of their frame. */
function costBehind(before: number): number {
  const { session } = watched()
  session.take(hello([['max-frame-size', 131_068]]))
  const bytes = Buffer.alloc(131_072)
  bytes.writeUInt32BE(131_068)
  session.take(bytes.subarray(0, before))
  const began = process.cpuUsage()
  for (let at = before; at < before + 5000; at++) session.take(bytes.subarray(at, at + 1))
  const { user, system } = process.cpuUsage(began)
  assert.equal(session.waiting, before + 5000)
  return user + system
}

test('a byte costs the same behind a hundred thousand of its frame as behind a hundred', () => {
  costBehind(100)
  const [few, many] = [costBehind(100), costBehind(100_000)]
  assert.ok(many < 10 * few + 20_000, `${few} µs and ${many} µs`)
})

test('answers that nobody reads are held to the room of the thread, and sent once somebody does', async (t) => {
  let used = 0
  let roomMax = Number.POSITIVE_INFINITY
  const room = {
    take(bytes: number) {
      if (used + bytes > roomMax) return false
      used += bytes
      return true
    },
    give: (bytes: number) => void (used -= bytes),
  }
  const port = await impatient(t, room)
  const many = Buffer.concat(Array.from({ length: 5000 }, () => notify(noIds, Buffer.alloc(0))))
  const fill = async () => {
    const socket = connect(port, '127.0.0.1')
    t.after(() => socket.destroy())
    socket.write(hello())
    let asked = 0
    await until(() => {
      if (socket.writableLength === 0) {
        socket.write(many)
        asked += 5000
      }
      return used > 0 || socket.destroyed
    })
    return { socket, asked }
  }
  const { socket, asked } = await fill()
  let answered = 0
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    const read = readFrames(Buffer.concat([rest, chunk]))
    answered += read.frames.length
    rest = read.rest
  })
  await until(() => answered === asked + 1)
  assert.equal(used, 0)

  roomMax = 10_000
  const second = connect(port, '127.0.0.1')
  second.on('error', () => {})
  second.write(hello())
  const asking = setInterval(() => second.write(many), 1)
  t.after(() => clearInterval(asking))
  await until(() => second.closed)
  assert.equal(used, 0)
})
