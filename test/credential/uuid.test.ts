import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { isUuid } from '../../src/credential/uuid.ts'

const written = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

test('a UUID is what the pattern of one says, whatever character stands wherever', () => {
  const good = randomUUID()
  assert.ok(isUuid(good))
  // Beyond one byte: what ends in a good byte, digits of other scripts, halves of pairs.
  const beyond = [0x12d, 0x130, 0x161, 0x2010, 0xff10, 0xff41, 0xd800, 0xdc61]
  const codes = [...Array.from({ length: 256 }, (_, code) => code), ...beyond]
  for (let at = 0; at < good.length; at++) {
    for (const code of codes) {
      const text = good.slice(0, at) + String.fromCharCode(code) + good.slice(at + 1)
      assert.equal(isUuid(text), written.test(text), JSON.stringify(text))
    }
    assert.equal(isUuid(good.slice(0, at)), false)
    assert.equal(isUuid(good.slice(0, at) + good.slice(at + 1)), false)
    assert.equal(isUuid(`${good.slice(0, at)}0${good.slice(at)}`), false)
  }
  for (const other of [`${good}\n`, ` ${good}`, `${good}\0`, good.toUpperCase()]) {
    assert.equal(isUuid(other), written.test(other))
  }
})

test('what is no text is no UUID', () => {
  for (const value of [undefined, null, 0, true, [], [randomUUID()], {}, { length: 36 }]) {
    assert.equal(isUuid(value), false)
  }
})
