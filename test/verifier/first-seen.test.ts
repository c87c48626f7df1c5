import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createWaitingLine } from '../../src/verifier/waiting-line.ts'
import { collect } from './kept.ts'
import { nginxHook, runVerifier, statusOf, until, type Running } from './running.ts'
import { open } from './wire.ts'

const forgeries = 400

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
    const stem = running.token({ jti: 'flood' }).slice(0, -20)
    const forged = Array.from({ length: forgeries }, (_, at) =>
      nginxHook(`${stem}${String(at).padStart(19, '0')}A`),
    )
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
