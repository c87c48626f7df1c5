import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { admitsAll } from '../../src/decision/decide.ts'
import { createProofCache } from '../../src/decision/proof-cache.ts'
import { createNginxDoor } from '../../src/doors/nginx.ts'
import { systemClock } from '../../src/system/clock.ts'
import { createHookServer } from '../../src/verifier/hook-server.ts'
import { listen } from '../../src/verifier/listening.ts'
import { createRoom } from '../../src/verifier/unfinished.ts'
import { gatewayDoor, nginxHook, runVerifier, until, usualOutage } from './running.ts'
import { exchange, exchangeAll, open, request, type Line } from './wire.ts'

const running = await runVerifier({
  settings: { limits: { headerBytes: 65_536, bodyBytes: 1_048_576, sockets: 50 } },
})
after(async () => running.stop())

const limits = { headerBytes: 65_536, bodyBytes: 1_048_576, sockets: 100 }

/** A listener of the same making whose patience is cut short through Node’s own properties. */
async function impatient() {
  const decided: string[] = []
  const { server, endAll } = createHookServer({
    doors: new Map([['/auth/nginx', createNginxDoor(gatewayDoor)]]),
    view: () => ({
      standing: undefined,
      freshness: 'fresh',
      cache: createProofCache(1),
      leeway: { exp: 0, nbf: 0 },
      outage: usualOutage,
      admission: admitsAll,
    }),
    clock: systemClock,
    nextDecisionId: () => '',
    limits,
    room: createRoom(limits),
    tls: undefined,
    observer: { decided: (door) => void decided.push(door), took() {} },
  })
  const usual = [server.headersTimeout, server.requestTimeout, server.keepAliveTimeout]
  server.headersTimeout = 300
  server.requestTimeout = 600
  const port = await listen(server, { kind: 'tcp', host: '127.0.0.1', port: 0 })
  return { server, endAll, usual, decided, place: { port: port ?? 0 } }
}

describe('slow clients', () => {
  test('are ended at the deadline, whatever they dribble, while others are answered', async () => {
    const { server, endAll, usual, place } = await impatient()
    assert.deepEqual(usual, [10_000, 30_000, 3_650_000])
    const text = nginxHook('x')
    const lines: Line[] = []
    for (const head of ['', text.slice(0, 5), text.slice(0, 60), text.slice(0, -2)]) {
      const line = await open(place)
      line.send(head)
      lines.push(line)
    }
    const dribbling = lines.at(-2)
    const dribble = setInterval(() => dribbling?.send('X-a: b\r\n'), 50)
    const ends = Promise.all(lines.map(async (line) => line.end()))
    const other = await open(place)
    const answered = setInterval(() => other.send(request('GET / HTTP/1.1', 'Host: a')), 100)
    const began = Date.now()
    for (const { answers } of await ends) {
      assert.deepEqual(
        answers.map(({ status }) => status).filter((status) => status !== 408),
        [],
      )
    }
    assert.ok(Date.now() - began < 3000)
    clearInterval(dribble)
    clearInterval(answered)
    const { answers } = await other.answers(2)
    assert.deepEqual(
      answers.map(({ status }) => status),
      [404, 404],
    )
    for (const line of [...lines, other]) line.close()
    endAll()
    await new Promise((resolve) => server.close(resolve))
  })

  test('are not judged any more when they complete what they were told is too late', async () => {
    const { server, endAll, decided, place } = await impatient()
    const text = nginxHook('x')
    const timely = await open(place)
    timely.send(text)
    await timely.answers(1)
    assert.deepEqual(decided, ['nginx'])
    // The end of an answer is not the end of what this one says.
    const taken = once(server, 'connection')
    const late = connect({ ...place, host: '127.0.0.1', allowHalfOpen: true })
    let told = ''
    late.setEncoding('latin1').on('data', (chunk: string) => (told += chunk))
    late.write(text.slice(0, -2))
    await once(late, 'end')
    assert.match(told, /^HTTP\/1.1 408 /)
    const [there]: Socket[] = await taken
    const gone = there && once(there, 'close')
    late.end(`\r\n${text}`)
    await gone
    assert.deepEqual(decided, ['nginx'])
    timely.close()
    endAll()
    await new Promise((resolve) => server.close(resolve))
  })

  test('cannot take more sockets than there may be, and leave them to others when they go', async () => {
    const lines = await Promise.all(Array.from({ length: 50 }, async () => open(running.place)))
    const { answers, closed } = await exchangeAll(running.place, nginxHook(running.token()))
    assert.deepEqual([answers, closed], [[], true])
    for (const line of lines) line.close()
    await until(
      async () =>
        (await exchange(running.place, nginxHook(running.token()))).answers[0]?.status === 200,
    )
  })
})

test('a head of megabytes is told that it is 431 though it is still being sent, and is not read for long', async () => {
  const line = await open(running.place)
  try {
    // Whoever reads only once all is sent would not learn the answer from a connection that was reset meanwhile.
    line.socket.pause()
    const head = nginxHook(undefined, `CLIENT-TOKEN: ${'.'.repeat(4_000_000)}`)
    await promisify((done: (error?: Error | null) => void) => line.socket.write(head, done))()
    line.socket.resume()
    const { answers, closed } = await line.end()
    assert.deepEqual([answers.map(({ status }) => status), closed], [[431], true])
  } finally {
    line.close()
  }
})
