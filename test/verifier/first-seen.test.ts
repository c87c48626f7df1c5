import assert from 'node:assert/strict'
import { after, before, describe, test, type TestContext } from 'node:test'
import { createProofCache } from '../../src/decision/proof-cache.ts'
import { createNginxDoor } from '../../src/doors/nginx.ts'
import { patchStanding } from '../../src/standing/standing.ts'
import { systemClock } from '../../src/system/clock.ts'
import { createHookServer, type HookServerParts } from '../../src/verifier/hook-server.ts'
import { listen } from '../../src/verifier/listening.ts'
import { createRoom } from '../../src/verifier/unfinished.ts'
import { createWaitingLine } from '../../src/verifier/waiting-line.ts'
import { environmentId, gatewayDoor, liveToken, view } from '../doors/live-view.ts'
import { collect } from './kept.ts'
import { anyPort, nginxHook, runVerifier, statusOf, until, type Running } from './running.ts'
import { header, open, type Place } from './wire.ts'

const forgeries = 400
const limits = { headerBytes: 65_536, bodyBytes: 4096, sockets: 100 }

/** A listener that judges by a view of the test's own, and ends with it. */
async function listening(
  t: TestContext,
  parts: Pick<HookServerParts, 'view'> & Partial<HookServerParts>,
): Promise<Place> {
  const { server, endAll } = createHookServer({
    clock: systemClock,
    nextDecisionId: () => 'd',
    observer: { decided() {}, took() {} },
    limits,
    room: createRoom(limits),
    tls: undefined,
    doors: new Map([['/auth/nginx', createNginxDoor(gatewayDoor)]]),
    ...parts,
  })
  const port = await listen(server, anyPort)
  t.after(async () => {
    endAll()
    await new Promise((resolve) => server.close(resolve))
  })
  return { port: port ?? 0 }
}

/** Hooks with tokens that a trusted key might have signed, and has not. */
function forgedHooks(token: string, count: number): readonly string[] {
  const stem = token.slice(0, -20)
  return Array.from({ length: count }, (_, at) =>
    nginxHook(`${stem}${String(at).padStart(19, '0')}A`),
  )
}

describe('a flood of tokens that nobody has seen', () => {
  let running: Running
  before(async () => {
    running = await runVerifier()
  })
  after(async () => running.stop())

  test('is answered behind who is known, though it came first', async () => {
    const known = nginxHook(running.token())
    assert.equal(await statusOf(running.place, known), 200)
    const [flood, gateway] = [await open(running.place), await open(running.place)]
    const forged = forgedHooks(running.token({ jti: 'flood' }), forgeries)
    let refused = 0
    flood.socket.on('data', (text: string) => (refused += text.split('HTTP/1.1 401').length - 1))
    flood.send(forged.join(''))
    gateway.send(known)
    const { answers } = await gateway.answers(1)
    assert.equal(answers[0]?.status, 200)
    assert.ok(refused < forgeries / 2, `${refused} of ${forgeries} were answered before`)
    assert.equal((await flood.answers(forgeries)).answers.length, forgeries)
    for (const line of [flood, gateway]) line.close()
  })
})

test('AT-23: who waited is judged by what is in force when it is their turn, not by what was when they came', async (t) => {
  const { standing } = view
  assert.ok(standing)
  const { revision } = standing
  const closed = patchStanding(standing, {
    revision,
    environments: new Map([[environmentId, 'disabled']]),
  })
  for (const [came, turn, wanted] of [
    [standing, closed, 401],
    [closed, standing, 200],
  ] as const) {
    let now = came
    const cache = createProofCache(10)
    const place = await listening(t, {
      view() {
        const known = { ...view, cache, standing: now }
        // The first to look is who sees that the token is new.
        now = turn
        return known
      },
    })
    assert.equal(await statusOf(place, nginxHook(liveToken)), wanted)
  }
})

test('AT-55: where too many wait, the next is told at once to come back, and who is known is answered', async (t) => {
  let ms = 0
  // Time for one at each turn, while a turn reads many.
  const clock = { ...systemClock, monotonic: () => (ms += 0.6) }
  const place = await listening(t, { clock, view: () => ({ ...view, cache }) })
  const cache = createProofCache(10)
  const known = nginxHook(liveToken)
  assert.equal(await statusOf(place, known), 200)
  const [flood, gateway] = [await open(place), await open(place)]
  const forged = forgedHooks(liveToken, 3000)
  flood.send(forged.join(''))
  gateway.send(known)
  const { answers } = await flood.answers(forged.length)
  assert.equal((await gateway.answers(1)).answers[0]?.status, 200)
  const told = answers.filter(({ status }) => status === 503)
  const refused = answers.filter(({ status }) => status === 401)
  assert.equal(told.length + refused.length, forged.length)
  assert.ok(refused.length >= 2000 && told.length > 0, `${refused.length} were judged`)
  for (const answer of told) assert.equal(header(answer, 'retry-after'), '1')
  for (const line of [flood, gateway]) line.close()
})

describe('what waits', () => {
  test('is done in its order, and never for longer than a slice at a time', async () => {
    let now = 0
    const line = createWaitingLine(() => now)
    const done: number[] = []
    const turns: number[] = []
    for (let at = 0; at < 10; at++) {
      line.add(() => {
        now += 0.2
        done.push(at)
      })
    }
    assert.deepEqual(done, [])
    while (done.length < 10) {
      await new Promise(setImmediate)
      turns.push(done.length)
    }
    assert.deepEqual(done, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert.ok(turns.length >= 4, turns.join())
  })

  test('is bounded', async () => {
    const line = createWaitingLine(() => 0)
    let added = 0
    while (added < 5000 && line.add(() => undefined)) added++
    assert.equal(added, 2000)
    await new Promise(setImmediate)
    assert.ok(line.add(() => undefined))
  })

  test('is done when what is done adds more', async () => {
    const line = createWaitingLine(() => 0)
    const done: string[] = []
    line.add(() => {
      done.push('first')
      line.add(() => void done.push('second'))
    })
    await until(() => done.length === 2)
    line.add(() => void done.push('third'))
    await until(() => done.length === 3)
    assert.deepEqual(done, ['first', 'second', 'third'])
  })

  test('is let go when it is done, though the line is never empty', async () => {
    let now = 0
    // Time for one at each turn.
    const line = createWaitingLine(() => now++)
    const added: WeakRef<object>[] = []
    const add = () => {
      const asked = { at: added.length }
      added.push(new WeakRef(asked))
      line.add(() => void asked.at++)
    }
    add()
    for (let turn = 0; turn < 50; turn++) {
      add()
      await new Promise(setImmediate)
    }
    collect({ type: 'major' })
    const held = added.filter((asked) => asked.deref() !== undefined)
    assert.ok(held.length > 0 && held.length < 5, `${held.length} of ${added.length} are held`)
  })
})
