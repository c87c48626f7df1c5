import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { watchFile, type Reading } from '../../src/system/watch-file.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const text = (reading: Reading) =>
  reading.kind === 'content' ? reading.bytes.toString() : reading.code

interface Watched {
  readonly first: string
  readonly next: () => Promise<string>
  readonly heard: readonly string[]
}

async function watched(t: TestContext, path: string, times = {}): Promise<Watched> {
  const heard: string[] = []
  let told: (() => void) | undefined
  let taken = 0
  const watch = await watchFile({
    path,
    debounceMs: 10,
    pollMs: 60_000,
    ...times,
    onChange(reading) {
      heard.push(text(reading))
      told?.()
    },
  })
  t.after(() => watch.close())
  const next = async () => {
    const deadline = setTimeout(() => told?.(), 5000)
    if (heard.length === taken) await new Promise<void>((resolve) => (told = resolve))
    clearTimeout(deadline)
    const found = heard[taken++]
    assert.ok(found !== undefined, 'no change was told within 5 s')
    return found
  }
  return { first: text(watch.first), next, heard }
}

test('what is there at the start is handed over, and a change in place is told', async (t) => {
  const path = join(temporaryFolder(t), 'revoked')
  writeFileSync(path, 'one')
  const { first, next } = await watched(t, path)
  assert.equal(first, 'one')
  writeFileSync(path, 'two')
  assert.equal(await next(), 'two')
})

test('a file that is replaced by a rename, as editors do, is read again and again', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'keys.json')
  writeFileSync(path, 'one')
  const { next } = await watched(t, path)
  for (const content of ['two', 'three']) {
    writeFileSync(join(folder, 'new'), content)
    renameSync(join(folder, 'new'), path)
    assert.equal(await next(), content)
  }
})

test('a symlink swapped a folder away, as Kubernetes does, is seen', async (t) => {
  const folder = temporaryFolder(t)
  for (const name of ['..1', '..2']) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'tls.crt'), name)
  }
  symlinkSync('..1', join(folder, '..data'))
  symlinkSync('..data/tls.crt', join(folder, 'tls.crt'))
  const { first, next } = await watched(t, join(folder, 'tls.crt'))
  assert.equal(first, '..1')
  symlinkSync('..2', join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  assert.equal(await next(), '..2')
})

test('a change that the folder says nothing of is found by looking now and then', async (t) => {
  const far = temporaryFolder(t)
  const path = join(temporaryFolder(t), 'link')
  writeFileSync(join(far, 'target'), 'one')
  symlinkSync(join(far, 'target'), path)
  const { next } = await watched(t, path, { pollMs: 20 })
  writeFileSync(join(far, 'target'), 'two')
  assert.equal(await next(), 'two')
})

test('a file that goes and comes back is told both times', async (t) => {
  const path = join(temporaryFolder(t), 'revoked')
  const { first, next } = await watched(t, path)
  assert.equal(first, 'ENOENT')
  writeFileSync(path, 'one')
  assert.equal(await next(), 'one')
  rmSync(path)
  assert.equal(await next(), 'ENOENT')
})

test('a touch without a new content, and anything after close, is not told', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'revoked')
  writeFileSync(path, 'one')
  const touched = await watched(t, path)
  const closed: Reading[] = []
  const watch = await watchFile({
    path,
    debounceMs: 10,
    onChange: (reading) => closed.push(reading),
  })
  watch.close()
  utimesSync(path, 1, 1)
  writeFileSync(path, 'two')
  assert.equal(await touched.next(), 'two')
  assert.deepEqual(touched.heard, ['two'])
  assert.deepEqual(closed, [])
})

test('a folder that does not exist yet is no mistake', async (t) => {
  const folder = join(temporaryFolder(t), 'later')
  const { first, next } = await watched(t, join(folder, 'keys.json'), { pollMs: 20 })
  assert.equal(first, 'ENOENT')
  mkdirSync(folder)
  writeFileSync(join(folder, 'keys.json'), 'one')
  assert.equal(await next(), 'one')
})

test('a folder in which something is written all the time keeps no change from being told', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'revoked')
  writeFileSync(path, 'one')
  const { next, heard } = await watched(t, path, { debounceMs: 50 })
  const noise = setInterval(() => writeFileSync(join(folder, 'log'), 'x'), 5)
  t.after(() => clearInterval(noise))
  writeFileSync(path, 'two')
  assert.equal(await next(), 'two')
  writeFileSync(path, 'three')
  assert.equal(await next(), 'three')
  assert.deepEqual(heard, ['two', 'three'])
})
