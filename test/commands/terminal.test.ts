import assert from 'node:assert/strict'
import { test } from 'node:test'
import { columns, facts, plain } from '../../src/commands/terminal.ts'

const hostile = 'edge\u001b[2J\r\nroot\u202e\u0007'
const harmless = 'edge?[2J??root??'

test('nothing that others have written moves a terminal, wherever it is shown', () => {
  assert.equal(plain(hostile), harmless)
  assert.equal(columns(['name'], [[hostile]]), `name\n${harmless}\n`)
  assert.equal(facts({ name: hostile, id: undefined }), `name  ${harmless}\n`)
})
