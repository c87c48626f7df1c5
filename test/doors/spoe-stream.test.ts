import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { SpoeReader, SpoeWriter } from '../../src/doors/spoe-wire.ts'
import { gatewayDoor, liveToken } from './live-view.ts'
import {
  frame as frameOf,
  hello,
  members,
  noIds,
  notify,
  question,
  readFrames,
  variables,
  varint,
} from './spoe-client.ts'
import { answersTo, greeted, watched } from './spoe-watched.ts'

describe('a connection', () => {
  test('gets the answers of everything that came at once in one piece', () => {
    const count = 50
    const many = Array.from({ length: count }, (_, at) =>
      notify(Buffer.concat([varint(at), varint(1)]), question(liveToken)),
    )
    const frames = answersTo(Buffer.concat(many))
    assert.deepEqual(
      frames.map(({ ids }) => ids),
      Array.from({ length: count }, (_, at) =>
        Buffer.concat([varint(at), varint(1)]).toString('hex'),
      ),
    )
  })

  const ends: Readonly<Record<string, readonly [number, Buffer]>> = {
    'a NOTIFY in front of the hello': [4, notify(noIds, question(liveToken))],
    'a hello without versions': [5, frameOf(1, noIds, Buffer.alloc(0))],
    'a hello of another version': [8, hello([['supported-versions', '1.0, 3.0']])],
    'a hello with frames that are too small': [9, hello([['max-frame-size', 256]])],
    'a frame that is too large': [3, Buffer.from('00003ffd03000000010000', 'hex')],
    'a frame of four gigabytes': [3, Buffer.from('ffffffff03', 'hex')],
    'a frame that is too short': [4, Buffer.from('000000020300', 'hex')],
    'a frame whose ids do not end': [4, Buffer.from('000000090300000001ffffffff', 'hex')],
    'the first of several fragments': [10, frameOf(3, noIds, question(liveToken), 0)],
    'an unknown type': [4, frameOf(77, noIds, Buffer.alloc(0))],
    HTTP: [3, Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    'the DISCONNECT of HAProxy': [0, frameOf(2, noIds, Buffer.alloc(0))],
  }
  for (const [name, [status, bytes]] of Object.entries(ends)) {
    test(`ends with status ${status} after ${name}`, () => {
      const { session, questions } = watched()
      const { frames } = readFrames(session.take(bytes))
      const last = frames.at(-1)
      assert.ok(last)
      assert.equal(last.type, 102)
      assert.equal(members(last)['status-code'], status)
      assert.ok(session.ended)
      assert.equal(questions.length, 0)
      assert.equal(session.take(hello()).length, 0, 'nothing is answered behind the end')
    })
  }

  test('after a second hello is ended', () => {
    const [last] = answersTo(hello())
    assert.equal(last?.type, 102)
  })

  test('while draining is not greeted, so that health checks fail', () => {
    const { session } = watched(gatewayDoor, true)
    const [last] = readFrames(session.take(hello([['healthcheck', true]]))).frames
    assert.equal(last?.type, 102)
    assert.ok(session.ended)
  })

  test('takes the smaller frame size of the two', () => {
    const { session } = watched()
    const [greeting] = readFrames(session.take(hello([['max-frame-size', 2000]]))).frames
    assert.equal(greeting && members(greeting)['max-frame-size'], 2000)
    assert.equal(session.take(Buffer.from('000007d1', 'hex')).length > 0, true)
    assert.ok(session.ended)
  })
})

function answered(chunks: readonly Buffer[]): Buffer {
  const { session } = watched()
  return Buffer.concat(chunks.map((chunk) => session.take(chunk)))
}

describe('however the bytes arrive', () => {
  const whole = Buffer.concat([
    hello(),
    notify(Buffer.concat([varint(300), varint(1)]), question(liveToken)),
    notify(Buffer.of(7, 1), question(null)),
  ])
  const wanted = answered([whole])

  test('split in two at every place they are answered the same', () => {
    for (let at = 0; at <= whole.length; at++) {
      const split = answered([whole.subarray(0, at), whole.subarray(at)])
      assert.ok(split.equals(wanted), `split at ${at}`)
    }
  })

  test('byte by byte they are answered the same', () => {
    assert.ok(answered([...whole].map((byte) => Buffer.of(byte))).equals(wanted))
  })

  test('cut short at any place they allow nothing that was not asked whole', () => {
    for (let at = 0; at < whole.length; at++) {
      const { session, questions } = watched()
      session.take(whole.subarray(0, at))
      assert.ok(questions.length <= 2)
    }
  })

  test('a NOTIFY cut short at any place, with a length to match, is refused', () => {
    const payload = question(liveToken)
    for (let at = 0; at < payload.length; at++) {
      const [ack] = answersTo(notify(noIds, payload.subarray(0, at)))
      assert.ok(ack)
      assert.equal(variables(ack)['allow'], false, `cut at ${at}`)
    }
  })

  test('random bytes neither throw nor allow', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const acks = answersTo(notify(noIds, Buffer.from(bytes)))
        return acks.length === 1 && acks[0] !== undefined && variables(acks[0])['allow'] === false
      }),
      { numRuns: 2000 },
    )
  })

  test('a question with random damage neither throws nor allows another host or method', () => {
    const payload = question(liveToken)
    fc.assert(
      fc.property(fc.nat(payload.length - 1), fc.nat(255), (at, byte) => {
        const damaged = Buffer.from(payload)
        damaged[at] = byte
        const made = greeted()
        const [ack] = answersTo(notify(noIds, damaged), made)
        assert.ok(ack)
        const { allow } = variables(ack)
        const { request } = made.questions[0] ?? {}
        if (allow === true) assert.ok(typeof request === 'object' && request.host.length > 0)
        return typeof allow === 'boolean'
      }),
      { numRuns: 3000 },
    )
  })

  test('a stream of random frames never throws and never outgrows what it was sent', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 20 }), (chunks) => {
        const { session } = watched()
        session.take(hello())
        for (const chunk of chunks) session.take(Buffer.from(chunk))
        return true
      }),
      { numRuns: 1000 },
    )
  })
})

test('numbers are written as HAProxy writes them, and read back', () => {
  const interesting = [0, 239, 240, 2287, 2288, 16_380, 264_431, 2 ** 32, Number.MAX_SAFE_INTEGER]
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom(...interesting), fc.maxSafeNat()), (value) => {
      const out = new SpoeWriter(1)
      out.varint(value)
      const bytes = out.take()
      const reader = new SpoeReader(bytes, 0, bytes.length)
      return bytes.equals(varint(value)) && reader.varint() === value && reader.done
    }),
  )
})

test('a number that does not end is none', () => {
  const bytes = Buffer.alloc(20, 0xff)
  const reader = new SpoeReader(bytes, 0, bytes.length)
  assert.equal(reader.varint(), 0)
  assert.ok(reader.failed)
})
