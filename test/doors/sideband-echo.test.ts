import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { environmentId, verifierBeside } from './beside.ts'
import { asked } from './sideband-legs.ts'

/** Asks about a request; gives what was answered. */
async function sidebandBeside(t: TestContext): Promise<(text: string) => Promise<string>> {
  const { ask, token } = await verifierBeside(t)
  const headers = { 'CLIENT-TOKEN': token() }
  return async (text) => {
    const path = `/v1/environments/${environmentId}/sideband/request`
    const { status, body } = await ask(path, { headers, body: text })
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
