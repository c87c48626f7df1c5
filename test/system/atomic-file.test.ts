import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { writeFileAtomic } from '../../src/system/atomic-file.ts'
import { temporaryFolder } from '../temporary-folder.ts'

test('a file is replaced whole, with the mode that was asked for, and nothing is left beside it', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'state')
  writeFileSync(path, 'old', { mode: 0o644 })
  await writeFileAtomic(path, 'new', 0o600)
  assert.equal(readFileSync(path, 'utf8'), 'new')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(folder), ['state'])
})

test('the mode is exact although the umask would take from it', async (t) => {
  const before = process.umask(0o077)
  t.after(() => process.umask(before))
  const path = join(temporaryFolder(t), 'page')
  await writeFileAtomic(path, 'x', 0o644)
  assert.equal(statSync(path).mode & 0o777, 0o644)
})

test('a reader sees one whole content or the other while a file is replaced again and again', async (t) => {
  const path = join(temporaryFolder(t), 'state')
  const contents = ['a'.repeat(200_000), 'b'.repeat(300_000)]
  await writeFileAtomic(path, contents[0] ?? '', 0o600)
  for (let i = 1; i <= 20; i++) {
    const written = writeFileAtomic(path, contents[i % 2] ?? '', 0o600)
    while ((await Promise.race([written, setImmediate('pending')])) === 'pending') {
      assert.ok(contents.includes(readFileSync(path, 'utf8')))
    }
  }
})

test('a write that fails leaves the old content and no temporary file', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'taken')
  mkdirSync(path)
  await assert.rejects(writeFileAtomic(path, 'x', 0o600), { code: 'EISDIR' })
  assert.deepEqual(readdirSync(folder), ['taken'])
})
