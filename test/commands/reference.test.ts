import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { commandsPage } from '../../docs/commands-page.ts'
import { findCommand } from '../../src/commands/find.ts'
import { readOrder } from '../../src/commands/order.ts'
import { commands } from '../../src/commands/table.ts'

test('docs/reference/commands.md is what "npm run docs" makes of the table', () => {
  const page = join(import.meta.dirname, '../../docs/reference/commands.md')
  assert.equal(readFileSync(page, 'utf8'), commandsPage())
})

test('every example is a command that can be read', () => {
  for (const { words, example } of commands) {
    const [warder, ...typed] = example.replace(/ > \S+$/, '').split(' ')
    assert.equal(warder, 'warder')
    const found = findCommand(commands, typed)
    assert.ok(found.kind === 'command', example)
    assert.deepEqual(found.command.words, words)
    assert.equal(readOrder(found.command, found.rest).kind, 'order', example)
  }
})

test('no two commands have the same words, no command two flags of one name', () => {
  assert.equal(new Set(commands.map(({ words }) => words.join(' '))).size, commands.length)
  for (const { flags, words } of commands) {
    assert.equal(new Set(flags.map(({ name }) => name)).size, flags.length, words.join(' '))
  }
})
