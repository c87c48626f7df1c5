import assert from 'node:assert/strict'
import { spawn, spawnSync, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import { makePlace, program, type Place, type Serving } from './running.ts'

suite('what a command writes and reads', () => {
  let place: Place
  let serving: Serving
  let edge = ''

  before(async () => {
    place = await makePlace()
    serving = await place.serve()
    const { credential } = await place.json('gateway add edge')
    edge = String(credential?.['credential'])
  })
  after(async () => {
    await serving.end('SIGKILL')
    place.close()
  })

  const start = (words: string, stdio: StdioOptions) =>
    spawn(process.execPath, [program, ...words.split(' ')], {
      cwd: place.folder,
      env: place.settings,
      stdio,
    })
  /** Runs a command of whose two outputs one has no reader. */
  const unread = async (words: string, closed: 'stdout' | 'stderr') => {
    const child = start(words, ['ignore', 'pipe', 'pipe'])
    const other = closed === 'stdout' ? child.stderr : child.stdout
    child[closed]?.destroy()
    const said = other === null ? '' : await text(other)
    if (child.exitCode === null) await once(child, 'exit')
    return { code: child.exitCode, said }
  }
  const onFullDisk = async (words: string) => {
    const child = start(words, ['ignore', openSync('/dev/full', 'w'), 'pipe'])
    const said = child.stderr === null ? '' : await text(child.stderr)
    if (child.exitCode === null) await once(child, 'exit')
    return { code: child.exitCode, said }
  }

  test('a secret that could be written nowhere is not called done', async () => {
    for (const words of [
      'credential add edge',
      'credential rotate edge --json',
      'gateway add other',
      'admin add other --role viewer',
      'verifier enrol other',
      'api-credential add other --json',
    ]) {
      const { code, said } = await unread(words, 'stdout')
      assert.equal(code, 1, words)
      assert.match(
        said,
        /^warder: standard output cannot be written \(EPIPE\), .* is lost: end it/m,
      )
    }
    assert.equal(await place.ask(edge), 200)
    const { code, said } = await onFullDisk('credential add edge')
    assert.equal(code, 1)
    assert.match(said, /\nwarder: standard output cannot be written \(ENOSPC\), .*\n$/)
  })

  test('a list whose reader has seen enough is done, and one that found no room is not', async () => {
    assert.deepEqual(await unread('gateway list', 'stdout'), { code: 0, said: '' })
    assert.deepEqual(await onFullDisk('gateway list'), {
      code: 1,
      said: 'warder: standard output cannot be written (ENOSPC)\n',
    })
  })

  test('a command goes on where nobody reads what it says beside', async () => {
    const { code, said } = await unread('gateway add quiet', 'stderr')
    assert.equal(code, 0)
    assert.equal(await place.ask(said.trim()), 200)
    assert.equal((await unread('gatewy', 'stderr')).code, 2)
  })

  test('a token is waited for, whoever left standard input in a mode that does not wait', async () => {
    const fifo = join(place.folder, 'token')
    assert.equal(spawnSync('mkfifo', [fifo]).status, 0)
    const input = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
    const open = openSync(fifo, 'w')
    const child = start('explain -', [input, 'pipe', 'inherit'])
    closeSync(input)
    // More than a pipe holds, so that it is read while it is written.
    await appendFile(fifo, edge + '\n'.repeat(1 << 20))
    closeSync(open)
    assert.ok(child.stdout)
    assert.match(await text(child.stdout), /^allow: allowed\n/)
  })

  test('a number of entries that is none is mistyped', async () => {
    const { code, err } = await place.run('audit list --limit many')
    assert.deepEqual([code, err], [2, 'warder: --limit is a number\n'])
  })

  test('an address with a password is refused, and not repeated', async () => {
    const address = `http://admin:hunter2@127.0.0.1:${place.ports.authority}`
    const listed = await place.run('gateway list', { env: { WARDER_URL: address } })
    const explained = await place.run(`explain - --verifier ${address}`, { stdin: edge })
    for (const { code, err } of [listed, explained]) {
      assert.equal(code, 1)
      assert.match(err, /is no address: write http:/)
      assert.ok(!err.includes('hunter2'), err)
    }
  })

  test('a page of JSON that is no authority’s is named as such', async () => {
    const address = `http://127.0.0.1:${place.ports.ops}`
    const { code, err } = await place.run('gateway list', { env: { WARDER_URL: address } })
    assert.equal(code, 1)
    assert.match(err, /answered 404 with something that is not the management API's: correct/)
  })
})
