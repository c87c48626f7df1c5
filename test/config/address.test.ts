import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLoopback, parseAddress, printAddress, urlOf } from '../../src/config/address.ts'

test('addresses are read, and printed as they were written', () => {
  const written = [
    'off',
    '127.0.0.1:7070',
    '[::1]:7070',
    'gateway.local:1',
    '0.0.0.0:0',
    'unix:/run/w',
  ]
  for (const text of written) {
    const address = parseAddress(text)
    assert.ok(address !== undefined, text)
    assert.equal(printAddress(address), text)
  }
})

test('what is not quite an address is none', () => {
  const wrong = [
    '',
    '7070',
    ':7070',
    '*:7070',
    '127.0.0.1',
    '127.0.0.1:65536',
    '127.0.0.1:x',
    'OFF',
  ]
  for (const text of [
    ...wrong,
    '::1:7070',
    '[127.0.0.1]:1',
    '1.2.3:1',
    '999.1.1.1:1',
    'unix:w',
    'a b:1',
  ]) {
    assert.equal(parseAddress(text), undefined, text)
  }
})

test('only this machine itself is loopback', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', '[::1]', 'localhost'])
    assert.ok(isLoopback(host))
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.evil.example', 'localhost.example']) {
    assert.ok(!isLoopback(host), host)
  }
})

test('a listener on every address is reached on this machine by its loopback one', () => {
  assert.equal(urlOf({ kind: 'tcp', host: '0.0.0.0', port: 1 }, false, 7080), 'http://127.0.0.1:1')
  assert.equal(urlOf({ kind: 'tcp', host: '::1', port: 1 }, true, 7080), 'https://[::1]:1')
  assert.equal(urlOf({ kind: 'off' }, false, 7080), 'http://127.0.0.1:7080')
})
