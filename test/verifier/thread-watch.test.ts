import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createThreadWatch } from '../../src/verifier/thread-watch.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { startWith } from './process.ts'
import { nginxHook, statusOf, until } from './running.ts'
import { ask, request } from './wire.ts'

/** A thread that answers pings, or does not. */
function threadThat(answers: () => boolean) {
  const thread = {
    listening: true,
    applied: 0,
    unanswered: 0,
    killed: 0,
    ping() {
      if (!answers()) thread.unanswered++
    },
    kill() {
      thread.killed++
    },
  }
  return thread
}

test('a thread that answers nothing for five seconds is ended, though nothing was published', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let isStuck = false
  const [good, bad] = [threadThat(() => true), threadThat(() => !isStuck)]
  const watch = createThreadWatch(
    () => [good, bad],
    () => 0,
  )
  t.after(watch.close)
  const pass = (seconds: number) => {
    for (let halves = 2 * seconds; halves > 0; halves--) t.mock.timers.tick(500)
  }
  pass(60)
  isStuck = true
  pass(9)
  assert.equal(bad.killed, 0)
  pass(2)
  assert.deepEqual([good.killed, bad.killed > 0], [0, true])
})

test('a thread that is late now and then is not ended', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const [stuck, slow] = [threadThat(() => false), threadThat(() => true)]
  const watch = createThreadWatch(
    () => [stuck, slow],
    () => 0,
  )
  t.after(watch.close)
  for (let turn = 0; turn < 100; turn++) {
    slow.unanswered = turn % 8 === 0 ? 0 : 1
    t.mock.timers.tick(500)
  }
  assert.deepEqual([slow.killed, stuck.killed > 0], [0, true])
})

test('a thread that never ends its turn is replaced, and every question is answered again', async (t) => {
  const folder = temporaryFolder(t)
  const started = await startWith(new URL('stuck.ts', import.meta.url), folder)
  t.after(() => started.child.kill('SIGKILL'))
  const readyz = async () => {
    try {
      return (await ask({ port: started.ops }, request('GET /readyz HTTP/1.1', 'Host: a'))).body
    } catch {
      return ''
    }
  }
  const isReady = async () => (await readyz()) === '{"state":"ready"}'
  await until(isReady)
  writeFileSync(join(folder, 'stuck'), '')
  await until(() => existsSync(join(folder, 'was-stuck')))
  await until(() => /"a thread ended and is replaced"/.test(started.stderr()), 20_000)
  await until(isReady)
  const hooks = Array.from({ length: 20 }, async () =>
    statusOf({ port: started.http }, nginxHook(started.token())),
  )
  assert.deepEqual(new Set(await Promise.all(hooks)), new Set([200]))
})
