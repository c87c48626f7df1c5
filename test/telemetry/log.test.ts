import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createLog, type Log, type LogOptions, type RootLog } from '../../src/telemetry/log.ts'
import { failure, identifier, setting } from '../../src/telemetry/safe-text.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const now = () => 1_764_000_000_000

interface Written {
  readonly log: RootLog
  readonly read: () => Promise<string>
}

function toFile(t: TestContext, options: Partial<LogOptions> = {}): Written {
  const path = join(temporaryFolder(t), 'log')
  const fd = openSync(path, 'a')
  t.after(() => closeSync(fd))
  const log = createLog({ level: 'info', fd, now, ...options })
  const read = async () => {
    await log.close()
    return readFileSync(path, 'utf8')
  }
  return { log, read }
}

test('lines are JSON with time, level, fields and message, below the level nothing', async (t) => {
  const { log, read } = toFile(t)
  const feed: Log = log.with({ part: 'feed' })
  log.info('listening', { door: 'nginx', port: 7070 })
  feed.warn('reconnecting', { authority: identifier('https://authority.example'), tries: 3 })
  log.debug('not shown')
  const lines = (await read()).trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line): unknown => JSON.parse(line)),
    [
      {
        level: 'info',
        time: '2025-11-24T16:00:00.000Z',
        door: 'nginx',
        port: 7070,
        msg: 'listening',
      },
      {
        level: 'warn',
        time: '2025-11-24T16:00:00.000Z',
        part: 'feed',
        authority: 'https://authority.example',
        tries: 3,
        msg: 'reconnecting',
      },
    ],
  )
})

test('for people a line is short', async (t) => {
  const { log, read } = toFile(t, { human: true })
  log.info('listening', { door: 'nginx', port: 7070 })
  assert.equal(await read(), '16:00:00 info  listening  door=nginx  port=7070\n')
})

test('a text that was computed cannot be logged without saying what it is', async (t) => {
  const { log, read } = toFile(t)
  const token = ['eyJhbGciOiJub25lIn0', 'eyJqdGkiOiIxIn0', 'c2ln'].join('.')
  const state: 'fresh' | 'stale' = token === '' ? 'fresh' : 'stale'
  // @ts-expect-error: a plain string may hold anything
  log.info('computed', { token })
  // @ts-expect-error: so may a message that is put together
  log.info(`saw ${token}`)
  // @ts-expect-error: and an object
  log.info('computed', { error: new Error(token) })
  log.info('a closed set of words is fine', { state })
  await read()
})

test('what looks like a secret is removed even where a name was promised', () => {
  for (const secret of [
    'eyJhbGciOiJub25lIn0.eyJqdGkiOiIxIn0.c2ln',
    'wv1.eyJhIjoxfQ',
    'https://user:hunter2@host',
  ]) {
    assert.equal(identifier(secret), '[removed]')
  }
  assert.equal(
    identifier('0b6c2bd2-7d3b-4d6a-9d9f-2f1f0c9f3a11'),
    '0b6c2bd2-7d3b-4d6a-9d9f-2f1f0c9f3a11',
  )
  assert.equal(identifier('line\nbreak\u001b[31m'), 'line?break?[31m')
  assert.equal(identifier('x'.repeat(1000)).length, 200)
})

test('what the configuration names is told, if it has the look of a name', () => {
  for (const name of [
    'https://login.example.com',
    'revoked list /etc/warder/issuer-name.revoked.txt for gateways of https://login.example.com',
    'key set https://example.issuer.test/keys for clients of urn:example',
  ]) {
    assert.equal(setting(name), name)
  }
  for (const secret of [
    'eyJhbGciOiJub25lIn0.eyJqdGkiOiIxIn0.c2ln',
    'key set https://host/eyJhbGciOiJub25lIn0.eyJqdGkiOiIxIn0.c2ln',
    'wv1.eyJhIjoxfQ',
    'https://user:hunter2@host',
  ]) {
    assert.equal(setting(secret), '[removed]')
  }
})

test('of an error its class, code and place are told, never its message', () => {
  const hidden = 'hunter2'
  const error = Object.assign(new TypeError(`saw ${hidden}\n    at ${hidden}:1:1`), { code: 'E_X' })
  assert.match(failure(error), /^TypeError E_X at log\.test\.ts:\d+:\d+$/)
  assert.equal(failure(hidden), 'not an error')
  error.stack = `${hidden}\n    at ${hidden}:1:1`
  assert.equal(failure(error), 'TypeError E_X')
})

test('beyond its bound a log forgets and counts, and says where lines are missing', async (t) => {
  const { log, read } = toFile(t, { capacity: 1000 })
  for (let i = 0; i < 100; i++) log.info('a line of some length', { i })
  const dropped = log.dropped()
  assert.ok(dropped > 50 && dropped < 100)
  const lines = (await read()).trimEnd().split('\n')
  assert.equal(lines.length, 100 - dropped + 1)
  const { level, lost } = JSON.parse(lines.at(-1) ?? '') as { level: string; lost: number }
  assert.deepEqual({ level, lost }, { level: 'warn', lost: dropped })
})

const script = join(import.meta.dirname, 'logging.ts')

interface Report {
  readonly longestTurnMs: number
  readonly closeMs: number
  readonly dropped: number
  readonly heldMb: number
}

function expectNobodyWaited(report: string): void {
  const told = JSON.parse(readFileSync(report, 'utf8')) as Report
  assert.ok(told.dropped > 10_000, `${told.dropped} dropped`)
  assert.ok(told.longestTurnMs < 250, `a turn of the event loop took ${told.longestTurnMs} ms`)
  assert.ok(told.closeMs < 2000, `closing took ${told.closeMs} ms`)
  assert.ok(told.heldMb < 20, `${told.heldMb} MB are held`)
}

for (const [how, command] of [
  ['a pipe that nobody reads', '("$0" "$1" "$2"; echo $? >&3) | sleep 60'],
  ['a pipe whose reader is gone', '("$0" "$1" "$2"; echo $? >&3) | true'],
] as const) {
  test(`${how} delays nobody: lines are dropped and counted, and the process ends`, async (t) => {
    const report = join(temporaryFolder(t), 'report')
    // A process group of its own, so that the sleeper can be ended with it.
    const child = spawn('sh', ['-c', command, process.execPath, script, report], {
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    })
    t.after(() => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
    })
    const [code] = (await once(child.stdio[3] ?? child, 'data')) as [Buffer]
    assert.equal(String(code), '0\n')
    expectNobodyWaited(report)
  })
}

test('a socket that nobody reads delays nobody either', async (t) => {
  const report = join(temporaryFolder(t), 'report')
  const child = spawn(process.execPath, [script, report], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  assert.deepEqual(await once(child, 'exit'), [0, null])
  expectNobodyWaited(report)
  child.stdout.destroy()
})

test('a reader that comes late gets the lines that were held, and is told how many are missing', async (t) => {
  const report = join(temporaryFolder(t), 'report')
  const child = spawn(
    'sh',
    ['-c', '"$0" "$1" "$2" | (sleep 0.5; cat)', process.execPath, script, report],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  t.after(() => child.kill('SIGKILL'))
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  assert.deepEqual(await once(child, 'close'), [0, null])
  const lines = Buffer.concat(chunks).toString().trimEnd().split('\n')
  const records = lines.map((line) => JSON.parse(line) as { lost?: number })
  const lost = records.reduce((sum, record) => sum + (record.lost ?? 0), 0)
  const told = JSON.parse(readFileSync(report, 'utf8')) as Report
  assert.ok(told.dropped > 0)
  assert.equal(lost, told.dropped)
  assert.equal(records.filter((record) => record.lost === undefined).length + lost, 60_000)
})
