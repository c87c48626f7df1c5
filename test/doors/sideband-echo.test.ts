import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { environmentId, verifierBeside } from './beside.ts'
import { asked } from './sideband-legs.ts'

/** Asks about a request. */
async function asker(t: TestContext) {
  const { ask, token } = await verifierBeside(t)
  const headers = { 'CLIENT-TOKEN': token() }
  const path = `/v1/environments/${environmentId}/sideband/request`
  return (body: string | Buffer) => ask(path, { headers, body })
}

/** Asks about a request; gives what was answered. */
async function sidebandBeside(t: TestContext): Promise<(text: string) => Promise<string>> {
  const ask = await asker(t)
  return async (text) => {
    const { status, body } = await ask(text)
    assert.equal(status, 200)
    return body.toString()
  }
}

/** What was answered, but for the state, which is always there. */
function echoOf(answer: string): object {
  const { state, ...echo } = JSON.parse(answer) as Record<string, unknown>
  assert.equal(typeof state, 'string')
  return echo
}

test('a request that is as it is answered comes back byte for byte, white space too', async (t) => {
  const post = await sidebandBeside(t)
  const text = ` ${JSON.stringify({ ...asked, source_port: 36_658 }, null, 2)}\n`
  const answer = await post(text)
  const end = text.lastIndexOf('}')
  assert.equal(answer.slice(0, end), text.slice(0, end))
  assert.match(answer.slice(end), /^,"state":"[\w-]+"\}$/)
})

test('what is not echoed is left out, and what is answered otherwise put right', async (t) => {
  const post = await sidebandBeside(t)
  const changes: readonly [object, object][] = [
    [{ access_token: { active: true }, client_certificate: {} }, {}],
    [
      { headers: [{ a: '1', b: '2' }, { c: 3 }] },
      { headers: [{ a: '1' }, { b: '2' }, { c: '3' }] },
    ],
    [{ headers: {} }, { headers: [] }],
    [{ http_version: null }, { http_version: '1.1' }],
  ]
  for (const [change, answered] of changes) {
    const answer = await post(JSON.stringify({ ...asked, ...change }))
    assert.deepEqual(echoOf(answer), { ...asked, ...answered })
  }
  const { source_ip: sourceIp, ...rest } = asked
  assert.notEqual(sourceIp, undefined)
  assert.deepEqual(echoOf(await post(JSON.stringify({ ...rest, source_ip: null }))), rest)
})

test('S23: beside bytes that are no UTF-8 an escape could not be told from them, and is refused', async (t) => {
  const ask = await asker(t)
  const { body: _, ...rest } = asked
  const head = Buffer.from(`${JSON.stringify(rest).slice(0, -1)},"body":"`)
  for (const [escape, wanted] of [
    ['u0041', 200],
    ['u007f', 200],
    ['u0080', 400],
    ['u00E9', 400],
    ['u20ac', 400],
  ] as const) {
    const tail = Buffer.from(`\\${escape}"}`)
    const { status } = await ask(Buffer.concat([head, Buffer.of(0xff), tail]))
    assert.equal(status, wanted, escape)
  }
})
