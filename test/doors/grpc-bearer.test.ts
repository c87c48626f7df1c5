import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clientClaims, signToken } from '../verifier/issuer.ts'
import {
  anyPort,
  clientEntry,
  gatewayDoor,
  runVerifier,
  trustEntry,
  type Running,
} from '../verifier/running.ts'
import { ask, request } from '../verifier/wire.ts'
import { checkMessage } from './asking.ts'
import { grpcClient, statusOfAnswer, type Pairs } from './grpc-client.ts'

const grpc = { at: anyPort, tls: undefined }
const bearer = { ...gatewayDoor, carrier: { ...gatewayDoor.carrier, kind: 'bearer' } } as const
const both = { ...gatewayDoor, require: 'both' } as const
const make = (door: typeof bearer | typeof both) =>
  runVerifier({
    settings: { doors: { grpc: door, forward: door } },
    trust: (folder) => [trustEntry(folder), clientEntry(folder)],
    parts: { grpc },
  })

/** One header, over HTTP and in both forms that gRPC has for it. */
async function statuses(at: Running, values: readonly string[], metadata: Pairs) {
  const raw = grpcClient(at.grpcPlace.port)
  const lines = values.map((value) => ({
    key: 'authorization',
    rawValue: Buffer.from(value, 'latin1'),
  }))
  const [value] = values
  const messages = [checkMessage({ lines })]
  if (values.length === 1 && value !== undefined) {
    messages.push(checkMessage({ headers: { authorization: value } }))
  }
  const answers = await Promise.all(messages.map((message) => raw.check(message, metadata)))
  raw.close()
  const hook = request(
    'GET /auth/forward HTTP/1.1',
    'Host: app.test',
    'X-Forwarded-Uri: /a',
    'X-Forwarded-Method: GET',
    'X-Forwarded-Host: app.test',
    'X-Forwarded-Proto: http',
    ...metadata.map(([name, text]) => `${name}: ${text}`),
    ...values.map((text) => `Authorization: ${text}`),
  )
  const { status } = await ask(at.place, hook)
  return [status, ...answers.map(statusOfAnswer)].map((code) => (code === 200 ? 'allow' : 'deny'))
}

describe('a door that reads the client’s request', () => {
  test('comes to the same end over HTTP and gRPC, however the header is written', async (t) => {
    const at = await make(bearer)
    t.after(at.stop)
    const token = at.token()
    const table: readonly (readonly [string, readonly string[]])[] = [
      ['allow', [`Bearer ${token}`]],
      ['allow', [`bearer ${token}`]],
      ['allow', [`BEARER   ${token}`]],
      ['allow', [` \t Bearer ${token} \t `]],
      ['deny', [`Bearer${token}`]],
      ['deny', [`Bearer\t${token}`]],
      ['deny', ['Bearer']],
      ['deny', ['Bearer ']],
      ['deny', ['']],
      ['deny', [`Basic ${token}`]],
      ['deny', [token]],
      ['deny', [`Bearer ${token} x`]],
      ['deny', [`Bearer ${token}\u00e9`]],
      ['deny', [`Bearer ${token}\u0000`]],
      ['deny', [`Bearer ${token}\u007f`]],
      ['deny', [`Bearer ${token},Bearer ${token}`]],
      ['deny', [`Bearer ${token}, Bearer x`]],
      ['deny', [`Bearer ${token}`, `Bearer ${token}`]],
      ['deny', [`Bearer ${token}`, 'Bearer x']],
      ['deny', ['Bearer x', `Bearer ${token}`]],
      ['deny', [`Bearer ${'x'.repeat(60_000)}`]],
      ['deny', [`Bearer ${token}.`]],
    ]
    for (const [wanted, values] of table) {
      const found = new Set(await statuses(at, values, []))
      assert.deepEqual([...found], [wanted], JSON.stringify(values).slice(0, 60))
    }
    // Over HTTP a line end is the end of the header.
    for (const end of ['\r\nX: y', '\n', '\r']) {
      const found = await statuses(at, [`Bearer ${token}${end}`], [])
      assert.deepEqual(found.slice(1), ['deny', 'deny'], JSON.stringify(end))
    }
    const client2 = grpcClient(at.grpcPlace.port)
    const answer = await client2.check(
      checkMessage({ headers: { authorization: `Bearer ${token}` } }),
    )
    client2.close()
    assert.equal(answer.either.case, 'okResponse')
    if (answer.either.case !== 'okResponse') return
    assert.ok(answer.either.value.headersToRemove.includes('authorization'))
    assert.equal((await statuses(at, [], [['client-token', token]])).includes('allow'), false)
    for (const name of ['client-token', 'pdg-token']) {
      const beside = await statuses(at, [`Bearer ${token}`], [[name, token]])
      assert.deepEqual(new Set(beside), new Set(['deny']), name)
    }
  })

  test('may want the client’s token beside the gateway’s', async (t) => {
    const at = await make(both)
    t.after(at.stop)
    const token = signToken(at.key, clientClaims())
    const gateway = [['client-token', at.token()]] as const
    assert.deepEqual(new Set(await statuses(at, [`Bearer ${token}`], gateway)), new Set(['allow']))
    assert.deepEqual(new Set(await statuses(at, [`Bearer ${token}`], [])), new Set(['deny']))
    assert.deepEqual(new Set(await statuses(at, ['Bearer x'], gateway)), new Set(['deny']))
    assert.deepEqual(new Set(await statuses(at, [], gateway)), new Set(['deny']))
  })
})
