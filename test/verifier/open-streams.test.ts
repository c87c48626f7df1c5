import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Http2Session, type ServerHttp2Stream } from 'node:http2'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import {
  array,
  assert as assertProperty,
  constant,
  constantFrom,
  integer,
  oneof,
  property,
  record,
} from 'fast-check'
import { forgetClosedStreams, OpenStreams } from '../../src/verifier/open-streams.ts'
import { listen } from '../../src/verifier/listening.ts'
import { keptOf } from './kept.ts'
import { anyPort, until } from './running.ts'

test('is a Map', () => {
  const id = integer({ min: 1, max: 6 })
  const act = oneof(
    record({ do: constantFrom('set', 'delete', 'get', 'has'), id }),
    record({ do: constant('clear'), id }),
  )
  assertProperty(
    property(array(act, { maxLength: 40 }), (acts) => {
      const [ours, theirs] = [new OpenStreams<number, object>(), new Map<number, object>()]
      for (const [at, { do: what, id: one }] of acts.entries()) {
        const stream = { at }
        const [did, should] = [ours, theirs].map((map) => {
          if (what === 'set') return void map.set(one, stream)
          if (what === 'delete') return map.delete(one)
          return what === 'clear' ? map.clear() : what === 'has' ? map.has(one) : map.get(one)
        })
        assert.equal(did, should)
        assert.equal(ours.size, theirs.size)
        const [all, allOfTheirs] = [ours, theirs].map((map) => ({
          entries: [...map],
          keys: [...map.keys()],
          values: [...map.values()],
        }))
        assert.deepEqual(all, allOfTheirs)
      }
    }),
  )
})

test('all are gone through, also by who ends them on the way', () => {
  const streams = new OpenStreams<number, object>()
  const ids = [1, 3, 5, 7]
  for (const id of ids) streams.set(id, { id })
  const seen: object[] = []
  streams.forEach((stream, id, all) => {
    seen.push(stream)
    all.delete(id)
  })
  assert.deepEqual(
    seen,
    ids.map((id) => ({ id })),
  )
  assert.equal(streams.size, 0)
})

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])

/** The frame of a whole call: GET, http, `/`, of the host `a`. */
function callOf(id: number): Buffer {
  const frame = Buffer.from([0, 0, 6, 1, 5, 0, 0, 0, 0, 0x82, 0x86, 0x84, 1, 1, 0x61])
  frame.writeUInt32BE(id, 5)
  return frame
}

/** A server whose sessions forget what has closed, and a client that asks for nothing but `calls`, by bare bytes. */
async function start(t: TestContext, onStream: (stream: ServerHttp2Stream) => void) {
  const server = createServer()
  const forgets = new Set<Http2Session>()
  server.on('session', (session) => {
    if (forgetClosedStreams(session)) forgets.add(session)
  })
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => undefined)
    onStream(stream)
  })
  const coming = once(server, 'session')
  const client = connect((await listen(server, anyPort)) ?? 0, '127.0.0.1')
  client.resume()
  client.write(preface)
  client.write(settings)
  t.after(() => {
    client.destroy()
    server.close()
  })
  const [session]: Http2Session[] = await coming
  assert.ok(session)
  assert.ok(forgets.has(session))
  let last = -1
  const ask = (calls: number) => {
    const frames = Array.from({ length: calls }, () => callOf((last += 2)))
    client.write(Buffer.concat(frames))
  }
  return { session, ask }
}

test('Node ends a session with its last stream, and streams with their session', async (t) => {
  const streams: ServerHttp2Stream[] = []
  const { session, ask } = await start(t, (stream) => void streams.push(stream))
  ask(3)
  await until(() => streams.length === 3)
  const ends = once(session, 'close')
  session.close()
  streams[0]?.respond({ ':status': 200 }, { endStream: true })
  await until(() => streams[0]?.destroyed === true)
  assert.equal(session.destroyed, false)
  for (const stream of streams.slice(1)) stream.respond({ ':status': 200 }, { endStream: true })
  await ends

  const others: ServerHttp2Stream[] = []
  const other = await start(t, (stream) => void others.push(stream))
  other.ask(3)
  await until(() => others.length === 3)
  other.session.destroy()
  assert.deepEqual(
    others.map(({ destroyed }) => destroyed),
    [true, true, true],
  )
})

const keptBy = (open: Map<number, number[]>) =>
  keptOf((thing, id) => {
    open.set(id, thing)
    return () => open.delete(id)
  })

test('what has closed is forgotten, as it is not by a Map', () => {
  const kept = keptBy(new OpenStreams())
  assert.ok(kept < 100, `${kept} bytes are kept of each`)
  // Once this fails, V8 has changed, and a Map would do.
  const keptByMap = keptBy(new Map())
  assert.ok(keptByMap > 200, `${keptByMap} bytes are kept of each by a Map`)
})
