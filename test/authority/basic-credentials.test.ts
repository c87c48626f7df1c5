import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBasic } from '../../src/authority/basic-credentials.ts'

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

test('T2: Basic is one id, a colon and a secret, which may have colons and be empty', () => {
  assert.deepEqual(readBasic([basic('id:a:b')]), { clientId: 'id', secret: 'a:b' })
  assert.deepEqual(readBasic([basic('id:')]), { clientId: 'id', secret: '' })
  assert.deepEqual(readBasic([basic('a+b%3A:%2B')]), { clientId: 'a b:', secret: '+' })
  assert.deepEqual(readBasic([`bAsIc  ${basic('id:x').slice(6)}`]), { clientId: 'id', secret: 'x' })
})

test('T2: what is no such thing is nobody’s', () => {
  const wrong: readonly (readonly string[])[] = [
    [],
    [''],
    ['Basic'],
    [basic('')],
    [basic('id')],
    [basic(':secret')],
    [basic('id:%')],
    [basic('%ff:secret')],
    [basic('id%00:secret')],
    [basic('id:a\0b')],
    [`${basic('id:secret')} x`],
    [basic('id:secret').replaceAll('=', '') + '*'],
    [`Bearer ${basic('id:secret').slice(6)}`],
    [basic(`id:${'x'.repeat(1000)}`)],
    [basic('id:secret'), basic('id:secret')],
  ]
  for (const values of wrong) assert.equal(readBasic(values), undefined, values.join())
})
