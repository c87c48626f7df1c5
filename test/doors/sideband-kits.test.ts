import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { verifierSettings } from '../../src/commands/verifier-settings.ts'
import { good } from '../config/loading.ts'
import { exchange } from '../verifier/wire.ts'
import { environmentId, usualSettings, verifierBeside, type Beside } from './beside.ts'

// The kits that are in use, by the bytes that they send and the rules by which they read answers.

const path = (leg: string) => `/v1/environments/${environmentId}/sideband/${leg}`

/** Says a request as a kit does; gives the status and the JSON of the answer. */
async function say({ ports }: Beside, leg: string, lines: readonly string[], body: string) {
  const head = [`POST ${path(leg)} HTTP/1.1`, 'Host: warder', ...lines]
  const text = [...head, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n')
  const { answers, closed } = await exchange({ port: ports.http ?? 0 }, Buffer.from(text))
  const [answer] = answers
  assert.ok(answer)
  const said: Record<string, unknown> = JSON.parse(Buffer.from(answer.body, 'latin1').toString())
  return { status: answer.status, said, closed }
}

/** What makes Kong's plugin raise an error, strip headers or erase a body. */
function assertKongReads(said: Readonly<Record<string, unknown>>, asked: object): void {
  const { state, ...echo } = said
  assert.equal(typeof state, 'string')
  assert.deepEqual(echo, asked)
  assert.ok(Array.isArray(echo['headers']))
  assert.ok(!JSON.stringify(said).includes('null'))
  assert.ok(!('response' in said))
}

const kongHeaders = (token: string) => [
  'Connection: Keep-Alive',
  'Content-Type: application/json',
  'User-Agent: Kong/1.2.0',
  `CLIENT-TOKEN: ${token}`,
]
const kongRequest = {
  source_ip: '203.0.113.9',
  source_port: '36658',
  method: 'GET',
  url: 'https://api.example:443/p?b=2&a=1%20z',
  http_version: '1.1',
  headers: [{ host: 'api.example' }, { accept: 'text/html' }, { accept: 'application/json' }],
  body: '',
}
const kongResponse = {
  method: 'GET',
  url: 'https://api.example:443/p?b=2&a=1%20z',
  http_version: '1.1',
  response_code: '299',
  response_status: '',
  headers: [{ 'content-type': 'text/plain' }],
  body: 'ok',
}

test('Kong’s plugin: both legs, and headers that its JSON writes as `{}`', async (t) => {
  const beside = await verifierBeside(t)
  const headers = kongHeaders(beside.token())
  const { status, said, closed } = await say(
    beside,
    'request',
    headers,
    JSON.stringify(kongRequest),
  )
  assert.deepEqual([status, closed], [200, false])
  assertKongReads(said, kongRequest)
  const response = JSON.stringify({ ...kongResponse, state: said['state'] })
  const second = await say(beside, 'response', headers, response)
  assert.deepEqual([second.status, second.said], [200, kongResponse])
  const bare = JSON.stringify({ ...kongRequest, headers: {} })
  assertKongReads((await say(beside, 'request', headers, bare)).said, {
    ...kongRequest,
    headers: [],
  })
  const refused = await say(beside, 'request', kongHeaders('x.y.z'), bare)
  assert.deepEqual([refused.status, refused.said['code']], [401, 'ACCESS_FAILED'])
})

test('Ping’s adapter: a port that is a number, a mapped address, headers split at `;`, no body', async (t) => {
  const beside = await verifierBeside(t)
  const lines = [
    'Accept: application/json',
    'Content-Type: application/json',
    'Accept-Encoding: gzip,deflate',
    `PDG-TOKEN: ${beside.token()}`,
    'Connection: close',
  ]
  const asked = {
    source_ip: '::ffff:127.0.0.1',
    source_port: 36_658,
    method: 'GET',
    url: 'http://localhost:9000/users/1',
    http_version: '1.1',
    headers: [{ 'content-type': 'application/json' }, { 'content-type': ' charset=utf-8' }],
  }
  const { status, said } = await say(beside, 'request', lines, JSON.stringify(asked))
  assert.equal(status, 200)
  assertKongReads(said, asked)
  const { method, url, headers } = asked
  const response = { method, url, http_version: '1.1', response_code: '200', headers }
  const answer = { ...response, response_status: '' }
  const whole = JSON.stringify({ ...response, request: asked })
  assert.deepEqual((await say(beside, 'response', lines, whole)).said, answer)
})

/** A verifier that has the key of its states from a configuration. */
async function configured(t: TestContext, stateKey: string): Promise<Beside> {
  const file = JSON.stringify({ doors: { sideband: { stateKey } } })
  const { sideband } = verifierSettings(good(t, { file }))
  return verifierBeside(t, { settings: { sideband: { ...usualSettings.sideband, ...sideband } } })
}

test('S11: a verifier opens the states of those that are configured with its key, and of no other', async (t) => {
  const [one, other] = ['A', 'B'].map((letter) => letter.repeat(42).concat('A'))
  const first = await configured(t, one ?? '')
  const { said } = await say(
    first,
    'request',
    kongHeaders(first.token()),
    JSON.stringify(kongRequest),
  )
  // Nothing but the state says which request the response is to.
  const { method, url, ...response } = kongResponse
  const body = JSON.stringify({ ...response, state: said['state'] })
  const statusAt = async (beside: Beside) =>
    (await say(beside, 'response', kongHeaders(beside.token()), body)).status
  assert.deepEqual([typeof method, typeof url], ['string', 'string'])
  assert.equal(await statusAt(await configured(t, one ?? '')), 200)
  assert.equal(await statusAt(await configured(t, other ?? '')), 400)
})
