import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { listen } from '../../src/verifier/listening.ts'
import { readInPlace } from '../../src/verifier/read-in-place.ts'
import { anyPort, until } from './running.ts'

/** A server whose sockets are read in place, all of it taken or nothing, and connections to it. */
async function start(t: TestContext, takes: boolean) {
  const server = createServer({ allowHalfOpen: true })
  const port = (await listen(server, anyPort)) ?? 0
  const taken: Buffer[] = []
  const connected = async () => {
    const coming = once(server, 'connection')
    const client = connect(port, '127.0.0.1')
    const [accepted]: Socket[] = await coming
    assert.ok(accepted)
    const socket = readInPlace(accepted, (bytes) => {
      if (takes) taken.push(bytes)
      return takes
    })
    assert.ok(socket)
    t.after(() => {
      for (const each of [client, socket]) each.destroy()
    })
    return { client, socket, accepted }
  }
  t.after(() => server.close())
  return { server, taken, connected }
}

test('each read is told in the same memory, and nothing comes out of the socket', async (t) => {
  const { taken, connected } = await start(t, true)
  const { client, socket } = await connected()
  socket.on('data', () => assert.fail('it was taken'))
  for (const text of ['first', 'second']) {
    client.write(text)
    await until(() => taken.at(-1)?.toString() === text)
  }
  assert.equal(taken[0]?.buffer, taken[1]?.buffer)
  assert.equal(taken[0]?.toString(), 'secon')
})

test('what is not taken comes out of the socket, and stays what it was', async (t) => {
  const { connected } = await start(t, false)
  const { client, socket } = await connected()
  const { client: other, socket: otherSocket } = await connected()
  const [came, otherCame]: [Buffer[], Buffer[]] = [[], []]
  socket.on('data', (bytes: Buffer) => void came.push(bytes))
  otherSocket.on('data', (bytes: Buffer) => void otherCame.push(bytes))
  client.write('one')
  await until(() => came.length === 1)
  other.write('two')
  await until(() => otherCame.length === 1)
  assert.deepEqual([came, otherCame].map(String), ['one', 'two'])
})

test('who is not read from has to wait, whether the bytes are taken or not', async (t) => {
  for (const isTaken of [true, false]) {
    const { taken, connected } = await start(t, isTaken)
    const { client, socket } = await connected()
    const came: Buffer[] = []
    socket.on('data', (bytes: Buffer) => void came.push(bytes))
    const read = () => (isTaken ? taken : came).length
    client.write('a')
    await until(() => read() === 1)
    socket.pause()
    client.write(Buffer.alloc(64 * 1024 * 1024))
    // Time enough to be read, were anybody reading.
    const { client: other, socket: otherSocket } = await connected()
    otherSocket.resume()
    other.write('b')
    await until(() => otherSocket.bytesRead === 1)
    const before = socket.bytesRead
    assert.ok(before <= 1024 * 1024, `${before} bytes were read`)
    socket.resume()
    await until(() => socket.bytesRead > 64 * 1024 * 1024)
  }
})

test('an end is told, answered after, and its server forgets the connection with the socket', async (t) => {
  const { server, connected } = await start(t, true)
  const { client, socket, accepted } = await connected()
  const count = promisify(server.getConnections.bind(server))
  const ended = once(socket.resume(), 'end')
  client.end()
  await ended
  assert.equal(await count(), 1)
  const [heard, closed] = [once(client, 'data'), once(accepted, 'close')]
  socket.end('bye')
  assert.equal(String(await heard), 'bye')
  await closed
  assert.deepEqual([socket.destroyed, await count()], [true, 0])
})

test('a connection that is cut is an end of the socket, too', async (t) => {
  const { server, connected } = await start(t, true)
  const { client, socket, accepted } = await connected()
  socket.on('error', () => undefined)
  const closed = once(accepted, 'close')
  client.resetAndDestroy()
  await closed
  assert.equal(socket.destroyed, true)
  assert.equal(await promisify(server.getConnections.bind(server))(), 0)
})

test('what is no accepted socket of Node’s own stays as it is', () => {
  class Other extends Socket {}
  for (const socket of [new Other(), new Socket()]) {
    assert.equal(
      readInPlace(socket, () => true),
      undefined,
    )
    socket.destroy()
  }
})
