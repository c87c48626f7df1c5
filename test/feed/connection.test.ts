import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { createFeedConnection } from '../../src/verifier/feed/connection.ts'
import { FeedTrouble } from '../../src/verifier/feed/trouble.ts'
import { revisionOf } from './history.ts'

const snapshotBytesMax = 64 * 1024
const manifestBytesMax = 16 * 1024

/** An authority that answers as it is told. */
async function openPlace(t: TestContext) {
  const asked: { readonly path: string; readonly headers: IncomingHttpHeaders }[] = []
  let answer: ((response: ServerResponse) => void) | undefined
  const server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', headers: request.headers })
    request.resume()
    answer?.(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const authority = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const enrolment = { authority, id: 'id', secret: 'secret', feedKey: 'key' }
  const open = (leaseMs: number | null) => {
    const instance = Promise.resolve('one')
    const limits = { snapshotBytesMax, leaseMs }
    const connection = createFeedConnection({ enrolment, ca: undefined, instance, ...limits })
    t.after(connection.close)
    return connection
  }
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const say = (status: number, headers = {}, body: string | Buffer = '') => {
    answer = (response) => void response.writeHead(status, headers).end(body)
  }
  return { asked, open, say }
}

async function troubleOf(asking: Promise<unknown>) {
  const error = await asking.then(
    () => assert.fail('it was taken'),
    (caught: unknown) => caught,
  )
  assert.ok(error instanceof FeedTrouble)
  return error
}

const { signal } = new AbortController()
const follow = (connection: ReturnType<typeof createFeedConnection>) =>
  connection.feed(revisionOf(7), signal)

test('the authority is told who asks and for how long that one goes on unheard', async (t) => {
  const { asked, open, say } = await openPlace(t)
  say(200, { 'content-type': 'application/x-ndjson' })
  for (const leaseMs of [5000, null]) await (await follow(open(leaseMs))).dump()
  assert.deepEqual(
    asked.map(({ path, headers }) => [
      path,
      headers.authorization,
      headers['warder-instance'],
      headers['warder-expire-after'],
    ]),
    ['5000', 'never'].map((lease) => ['/feed?after=7', 'Bearer id.secret', 'one', lease]),
  )
})

test('what is answered says what is to be done about it, and nothing is followed elsewhere', async (t) => {
  const { asked, open, say } = await openPlace(t)
  const connection = open(null)
  for (const [status, headers, code, retryAfterMs] of [
    [410, {}, 'gap', undefined],
    [401, {}, 'refused', undefined],
    [403, {}, 'refused', undefined],
    [429, { 'retry-after': '60' }, 'busy', 60_000],
    [503, { 'retry-after': 'soon' }, 'busy', undefined],
    [302, { location: '/elsewhere' }, 'not-a-feed', undefined],
    [204, {}, 'not-a-feed', undefined],
    [200, { 'content-type': 'text/html' }, 'not-a-feed', undefined],
  ] as const) {
    say(status, headers)
    const trouble = await troubleOf(follow(connection))
    assert.deepEqual([trouble.code, trouble.retryAfterMs], [code, retryAfterMs], `${status}`)
  }
  assert.ok(asked.every(({ path }) => path.startsWith('/feed')))
})

test('a report is through only when it was taken', async (t) => {
  const { open, say } = await openPlace(t)
  const connection = open(null)
  for (const status of [200, 400, 401, 503]) {
    say(status)
    assert.equal((await troubleOf(connection.report({}))).code, 'unreachable')
  }
  say(204)
  await connection.report({})
})

const snapshotOf = (bytes: number) => gzipSync(`manifest\n${'x'.repeat(bytes)}`)

test('no more is read than is taken, however small it is on the wire', async (t) => {
  const { open, say } = await openPlace(t)
  const connection = open(null)
  say(200, {}, snapshotOf(snapshotBytesMax))
  assert.equal((await connection.snapshot(undefined)).body.length, snapshotBytesMax)
  say(200, {}, snapshotOf(snapshotBytesMax + manifestBytesMax))
  assert.equal((await troubleOf(connection.snapshot(undefined))).code, 'too-large')
  say(200, {}, gzipSync(`${'x'.repeat(manifestBytesMax + 1)}\n`))
  assert.equal((await troubleOf(connection.snapshot(undefined))).code, 'not-a-feed')
  say(200, {}, `{"first":"${'x'.repeat(256 * 1024)}"}`)
  assert.equal((await troubleOf(connection.keys())).code, 'too-large')
  say(200, {}, 'no gzip')
  assert.equal((await troubleOf(connection.snapshot(undefined))).code, 'damaged')
})
