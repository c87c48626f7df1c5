// The README as somebody meets it: a fresh clone, an npm cache that is empty, the two commands, and then those that
// follow, word by word. It takes the registry that npm is set up for, and the ports that the README names, as they are free.

import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { isSeen, shellBlocks } from '../docs/blocks.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const root = join(import.meta.dirname, '../..')

/** The environment without what comes from this very run: its Node, its npm, its settings. */
function newcomer(): NodeJS.ProcessEnv {
  const ours = /^(?:WARDER_|NODE_TEST|npm_(?!config_)|npm_config_(?:local_)?prefix|INIT_CWD)/
  const entries = Object.entries(process.env).filter(([name]) => !ours.test(name))
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const PATH = folders.filter((each) => !each.includes('node_modules')).join(delimiter)
  return { ...Object.fromEntries(entries), PATH }
}

/** Runs a program to its end, which has to be a good one, and gives what it printed. */
function run(cwd: string, env: NodeJS.ProcessEnv, program: string, ...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, words, { cwd, env, encoding: 'utf8' })
  assert.equal(status, 0, `${program} ${words.join(' ')}\n${stdout}\n${stderr}`)
  return stdout
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function listening(child: ChildProcess, ops: number): Promise<void> {
  for (const end = Date.now() + 30_000; Date.now() < end; await delay(50)) {
    assert.equal(child.exitCode, null, 'npm start has ended')
    const ready = await fetch(`http://127.0.0.1:${ops}/readyz`).catch(() => undefined)
    if (ready?.ok) return
  }
  throw new Error('npm start did not become ready')
}

async function start(t: TestContext, clone: string, env: NodeJS.ProcessEnv, ops: number) {
  const child = spawn('npm', ['start'], { cwd: clone, env, stdio: 'ignore', detached: true })
  t.after(async () => {
    // npm, its shell and Node are one group.
    if (child.pid !== undefined && child.exitCode === null) {
      process.kill(-child.pid, 'SIGTERM')
      await once(child, 'close')
    }
  })
  await listening(child, ops)
}

test('in a fresh clone with an empty npm cache the README does what it says', async (t) => {
  const folder = temporaryFolder(t)
  const clone = join(folder, 'clone')
  const [http, authority, grpc, spoe, ops] = await Promise.all(
    Array.from({ length: 5 }, () => freePort()),
  )
  const env: NodeJS.ProcessEnv = {
    ...newcomer(),
    npm_config_cache: join(folder, 'cache'),
    npm_config_update_notifier: 'false',
    WARDER_LISTEN_HTTP: `127.0.0.1:${http}`,
    WARDER_LISTEN_AUTHORITY: `127.0.0.1:${authority}`,
    WARDER_LISTEN_GRPC: `127.0.0.1:${grpc}`,
    WARDER_LISTEN_SPOE: `127.0.0.1:${spoe}`,
    WARDER_LISTEN_OPS: `127.0.0.1:${ops}`,
  }
  mkdirSync(join(folder, 'cache'))
  const began = performance.now()
  run(folder, env, 'git', 'clone', '--quiet', root, clone)
  run(clone, env, 'npm', 'ci')
  await start(t, clone, env, ops ?? 0)
  const blocks = shellBlocks(join(clone, 'README.md')).filter(({ notRun }) => !notRun)
  const script = blocks
    .map(({ commands }, at) => `echo '@@${at}'\n${commands}`)
    .join('\n')
    .replaceAll('127.0.0.1:7070', `127.0.0.1:${http}`)
  const outputs = run(clone, env, 'bash', '-euo', 'pipefail', '-c', script).split(/^@@\d+\n/m)
  for (const [at, { seen }] of blocks.entries()) {
    if (seen !== undefined) assert.ok(isSeen(outputs[at + 1] ?? '', seen), outputs.join('\n'))
  }
  t.diagnostic(`from clone to refusal in ${Math.round((performance.now() - began) / 1000)} s`)
})
