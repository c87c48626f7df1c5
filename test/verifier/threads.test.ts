import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import type { Worker } from 'node:worker_threads'
import process from 'node:process'
import { listen } from '../../src/verifier/listening.ts'
import { createServer } from 'node:net'
import { freePorts } from '../free-ports.ts'
import { gatewayClaims, issuerKey, signToken } from './issuer.ts'
import { nginxHook, runVerifier, statusOf, until, type Running } from './running.ts'
import { exchange, open, type Line } from './wire.ts'

interface Thread {
  readonly id: number
  readonly revision?: number
  readonly requests: number
}

async function threadsOf(running: Running): Promise<readonly Thread[]> {
  const { threads } = JSON.parse((await running.page('/status')).body)
  return threads
}

const asksEach = 6

/** Opens connections until every thread has answered on one of them. */
async function linesToAll(running: Running, threads: number): Promise<readonly Line[]> {
  const lines: Line[] = []
  const seen = new Set<number>()
  while (seen.size < threads) {
    const before = await threadsOf(running)
    const line = await open(running.place)
    // A thread counts once it has answered, so that one question may still be that of a line before.
    for (let asked = 0; asked < asksEach; asked++) line.send(nginxHook(running.token()))
    await line.answers(asksEach)
    lines.push(line)
    await until(async () => {
      const after = await threadsOf(running)
      const one = after.find(({ id, requests }) =>
        before.some((each) => each.id === id && requests - each.requests > asksEach / 2),
      )
      if (one) seen.add(one.id)
      return one !== undefined
    })
    assert.ok(lines.length < 200, 'the system gave all connections to one thread')
  }
  return lines
}

async function statusesOf(lines: readonly Line[], hook: string): Promise<readonly number[]> {
  return Promise.all(
    lines.map(async (line) => {
      line.send(hook)
      const { answers } = await line.answers(1)
      return answers[0]?.status ?? 0
    }),
  )
}

/** A verifier, and the threads that it has started. */
async function runWatched(t: TestContext, count: number) {
  const workers: Worker[] = []
  const note = (worker: Worker) => workers.push(worker)
  process.on('worker', note)
  const running = await runVerifier({ workers: count })
  process.off('worker', note)
  t.after(() => running.stop())
  return { running, workers }
}

test('a revocation ends what every thread had allowed', async (t) => {
  const running = await runVerifier({ workers: 2 })
  t.after(() => running.stop())
  const lines = await linesToAll(running, 2)
  const hook = nginxHook(running.token({ jti: 'shared' }))
  assert.deepEqual(new Set(await statusesOf(lines, hook)), new Set([200]))
  const before = await threadsOf(running)
  running.put('revoked.txt', 'shared\n')
  await until(async () => (await statusOf(running.place, hook)) === 401)
  // Once one thread refuses, all do: none judges by an older standing.
  assert.deepEqual(new Set(await statusesOf(lines, hook)), new Set([401]))
  await until(async () => {
    const after = await threadsOf(running)
    const [first, second] = after.map(({ revision }) => revision)
    return first === second && (first ?? 0) > (before[0]?.revision ?? 0)
  })
  for (const line of lines) line.close()
})

test('what all threads count is added up', async (t) => {
  const running = await runVerifier({ workers: 2 })
  t.after(() => running.stop())
  const lines = await linesToAll(running, 2)
  const allowed = () =>
    running.metric('warder_decisions_total{door="nginx",decision="allow",reason="allowed"}')
  await statusesOf(lines, nginxHook(running.token()))
  // A thread counts once it has answered.
  await until(async () => (await allowed()) === (asksEach + 1) * lines.length)
  for (const line of lines) line.close()
})

test('a thread that dies is replaced with all that it should know, while the others answer', async (t) => {
  const { running, workers } = await runWatched(t, 2)
  running.put('revoked.txt', 'revoked\n')
  const revoked = nginxHook(running.token({ jti: 'revoked' }))
  await until(async () => (await statusOf(running.place, revoked)) === 401)
  const lines = await linesToAll(running, 2)
  assert.equal(workers.length, 2)

  const [victim] = workers
  assert.ok(victim)
  const exit = once(victim, 'exit')
  await victim.terminate()
  await exit
  await until(async () => /thread 0 is being replaced/.test((await running.page('/readyz')).body))
  const { status, body } = await running.page('/readyz')
  assert.deepEqual([status, /"state":"degraded"/.test(body)], [200, true])
  // The other thread’s connections go on.
  const survivors = lines.filter(({ socket }) => !socket.destroyed && socket.readable)
  assert.ok(survivors.length > 0)
  assert.deepEqual(new Set(await statusesOf(survivors, revoked)), new Set([401]))

  await until(async () => (await running.page('/readyz')).body === '{"state":"ready"}')
  assert.match(running.log(), /"thread":0,.*"a thread ended and is replaced"/)
  for (const line of await linesToAll(running, 2)) {
    assert.deepEqual(await statusesOf([line], revoked), [401])
    assert.deepEqual(await statusesOf([line], nginxHook(running.token())), [200])
    line.close()
  }
  for (const line of lines) line.close()
})

test('the log says of what error a thread died and where it arose, and nothing that it quotes', async (t) => {
  const { running, workers } = await runWatched(t, 1)
  // Something that is no message of ours: the thread stumbles over it.
  workers[0]?.postMessage(null)
  await until(() => running.log().includes('"a thread ended and is replaced"'))
  assert.match(running.log(), /"error":"TypeError at thread\.ts:\d+:\d+"/)
  assert.doesNotMatch(running.log(), /reading 'kind'/)
})

test('with its only thread dead a verifier is not ready, and is again when there is another', async (t) => {
  const { running, workers } = await runWatched(t, 1)
  await workers[0]?.terminate()
  await until(async () => (await running.page('/readyz')).status === 503)
  await until(async () => (await running.page('/readyz')).status === 200)
  assert.equal(await statusOf(running.place, nginxHook(running.token())), 200)
})

test('a port that is in use is refused, although threads share theirs', async (t) => {
  const first = await runVerifier({ workers: 2 })
  t.after(() => first.stop())
  const { port } = 'port' in first.place ? first.place : { port: 0 }
  const at = { kind: 'tcp', host: '127.0.0.1', port } as const
  const second = runVerifier({ workers: 2, parts: { http: { at, tls: undefined } } })
  await assert.rejects(second, { code: 'EADDRINUSE' })

  const stranger = createServer()
  t.after(() => stranger.close())
  const taken = await listen(stranger, { kind: 'tcp', host: '127.0.0.1', port: 0 })
  const ops = { at: { ...at, port: taken ?? 0 }, tls: undefined }
  await assert.rejects(runVerifier({ parts: { ops } }), { code: 'EADDRINUSE' })
})

for (const workers of [1, 2]) {
  test(`of two listeners with one address the second is refused, with the fix, where threads are ${workers}`, async () => {
    const [port = 0] = await freePorts(1)
    const taken = { at: { kind: 'tcp', host: '127.0.0.1', port }, tls: undefined } as const
    const parts = { http: taken, 'doors.forward': taken }
    await assert.rejects(runVerifier({ workers, parts }), {
      name: 'ListenRefused',
      message: `doors.forward.listen: 127.0.0.1:${port} is taken: free it, or set --doors-forward-listen to another address`,
    })
  })
}

test('a token of one thread’s proofs is nothing to a token that only looks like it', async (t) => {
  const running = await runVerifier()
  t.after(() => running.stop())
  const token = running.token()
  assert.equal(await statusOf(running.place, nginxHook(token)), 200)
  const alike = Array.from({ length: token.length }, (_, at) => {
    const other = token[at] === 'A' ? 'B' : 'A'
    return `${token.slice(0, at)}${other}${token.slice(at + 1)}`
  })
  const forged = signToken(issuerKey('key-1'), gatewayClaims())
  const hooks = [...alike, forged].map((each) => nginxHook(each))
  const { answers } = await exchange(running.place, hooks.join(''), hooks.length)
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([401]))
})
