import assert from 'node:assert/strict'
import { createCipheriv, createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import { createKeyStream, reveal, streamBlockBytes } from '../../src/doors/key-stream.ts'
import { createMac, macLength } from '../../src/doors/mac.ts'

const key = Buffer.from(Array.from({ length: 32 }, (_, at) => at * 7))

describe('a MAC is the one of Node', () => {
  const mac = createMac(key)
  for (const length of [0, 1, 31, 32, 55, 56, 63, 64, 65, 119, 120, 1000, 100_000]) {
    test(`of ${length} bytes, in whatever parts`, () => {
      const message = Buffer.alloc(length, 'abc\xff\0', 'latin1')
      const wanted = createHmac('sha256', key).update(message).digest('base64url')
      assert.equal(wanted.length, macLength)
      assert.equal(mac([message]), wanted)
      const half = length >> 1
      assert.equal(mac([message.subarray(0, half), message.subarray(half)]), wanted)
    })
  }
})

describe('a key stream', () => {
  test('hides every message by blocks of AES-256-CTR that no other one has', () => {
    const stream = createKeyStream(key)
    const used = new Set<number>()
    for (let count = 0; count < 400; count++) {
      const text = `${count} é `.repeat(1 + ((count * 37) % 120))
      const bytes = Buffer.from(text)
      const block = stream.hide(bytes)
      const counter = Buffer.alloc(16)
      counter.writeUIntBE(block, 10, 6)
      const byNode = createCipheriv('aes-256-ctr', key, counter).update(text, 'utf8')
      assert.deepEqual(bytes, byNode)
      assert.equal(reveal(key, block, bytes), text)
      for (let at = 0; at < Math.ceil(bytes.length / streamBlockBytes); at++) {
        assert.ok(!used.has(block + at))
        used.add(block + at)
      }
    }
    assert.ok(used.size * streamBlockBytes > 65_536, 'several pieces were used')
  })

  test('takes no message that is longer than its pieces', () => {
    const stream = createKeyStream(key)
    assert.equal(stream.hide(Buffer.alloc(65_536)), 0)
    assert.throws(() => stream.hide(Buffer.alloc(65_537)), /longer than a piece/)
    assert.equal(stream.hide(Buffer.alloc(1)), 65_536 / streamBlockBytes)
  })
})
