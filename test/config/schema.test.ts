import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { configurationPage } from '../../docs/configuration-page.ts'
import { rowsOf } from '../../src/config/nodes.ts'
import { schema } from '../../src/config/schema.ts'

const rows = rowsOf(schema)

const named = (key: string) => {
  const row = rows.find((each) => each.key === key)
  return [row?.environment, row?.flag]
}

test('no two keys share a name, a variable or a flag', () => {
  for (const name of ['key', 'path', 'environment', 'flag'] as const) {
    assert.equal(new Set(rows.map((row) => row[name])).size, rows.length, name)
  }
})

test('variables and flags are named after their key by one rule', () => {
  assert.deepEqual(named('stateFile'), ['WARDER_STATE_FILE', '--state-file'])
  assert.deepEqual(named('listen.http.tls.clientCa'), [
    'WARDER_LISTEN_HTTP_TLS_CLIENT_CA',
    '--listen-http-tls-client-ca',
  ])
})

test('every key is explained in one sentence', () => {
  for (const { key, leaf } of rows) assert.match(leaf.doc, /^[A-Z][^\n]*[.]$/, key)
})

test('docs/reference/configuration.md is what "npm run docs" makes of the schema', () => {
  const page = join(import.meta.dirname, '../../docs/reference/configuration.md')
  assert.equal(readFileSync(page, 'utf8'), configurationPage())
})
