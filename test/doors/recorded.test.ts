import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { runVerifier } from '../verifier/running.ts'
import { exchange, header, open } from '../verifier/wire.ts'
import { bytesOf, recordedHooks, type RecordedHook } from './recorded.ts'

const running = await runVerifier()
after(async () => running.stop())

const passes = ({ request, credential }: RecordedHook) =>
  request !== null && credential === 'GATEWAY_CREDENTIAL'

function wantedStatus(hook: RecordedHook): number {
  if (passes(hook)) return 200
  const incomplete = hook.credential === 'GATEWAY_CREDENTIAL' && hook.door === 'forward'
  return incomplete ? 400 : 401
}

describe('what a real gateway sent is answered once and rightly', () => {
  for (const hook of recordedHooks()) {
    test(`${hook.gateway}, ${hook.case}: ${wantedStatus(hook)}`, async () => {
      const line = await open(running.place)
      line.send(bytesOf(hook, running.token()))
      const [answer, ...more] = (await line.answers(1)).answers
      assert.ok(answer)
      assert.equal(answer.status, wantedStatus(hook))
      assert.deepEqual(more, [])
      if (answer.status === 200) assert.equal(header(answer, 'content-length'), '0')
      if (hook.door === 'nginx') assert.equal(answer.body, '')
      if (answer.status === 401) assert.match(header(answer, 'www-authenticate') ?? '', /^Bearer/)
      if (hook.closes) {
        const rest = await line.end()
        assert.deepEqual([rest.answers, rest.rest], [[], ''])
      } else {
        line.send(bytesOf(hook, running.token()))
        const { answers } = await line.answers(1)
        assert.deepEqual(
          answers.map(({ status }) => status),
          [wantedStatus(hook)],
        )
      }
      line.close()
    })
  }
})

test('no recorded hook is allowed without a live credential', async () => {
  for (const token of [running.token({ exp: 1 }), running.token({ aud: 'other' }), 'x', '']) {
    for (const hook of recordedHooks()) {
      const { answers } = await exchange(running.place, bytesOf(hook, token))
      assert.equal(answers[0]?.status, 401, `${hook.gateway}, ${hook.case}`)
    }
  }
})

test('each hook that comes in single bytes is answered as when it comes at once', async () => {
  const hooks = recordedHooks().filter(({ case: name }) => /a body|upgrade/.test(name))
  for (const hook of hooks) {
    const line = await open(running.place)
    for (const byte of bytesOf(hook, running.token())) line.send(Buffer.of(byte))
    const { answers } = await line.answers(1)
    line.close()
    assert.equal(answers[0]?.status, wantedStatus(hook), `${hook.gateway}, ${hook.case}`)
  }
})

test('hooks of all gateways in one packet are answered in their order', async () => {
  const hooks = recordedHooks().filter(({ closes }) => !closes)
  const packet = Buffer.concat(hooks.map((hook) => bytesOf(hook, running.token())))
  const { answers } = await exchange(running.place, packet, hooks.length)
  assert.deepEqual(
    answers.map(({ status }) => status),
    hooks.map(wantedStatus),
  )
})
