import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { anyPort, until, verifierBeside, type Beside } from './beside.ts'
import { dial, hello, noIds, notify, question, variables } from './spoe-client.ts'

const forwarded = {
  'X-Forwarded-Uri': '/app',
  'X-Forwarded-Method': 'GET',
  'X-Forwarded-Host': 'app.test',
  'X-Forwarded-Proto': 'https',
}
const at = { at: anyPort, tls: undefined }

async function readiness({ ask, ports }: Beside): Promise<{ state: string; reasons?: string[] }> {
  const answer = await ask('/readyz', { method: 'GET', port: ports.ops ?? 0 })
  return JSON.parse(answer.body.toString()) as { state: string; reasons?: string[] }
}

test('a bound door judges everybody by the credential in its file, until that is revoked or gone', async (t) => {
  const beside = await verifierBeside(t, {
    bound: (folder) => ({ forward: join(folder, 'credential') }),
    own: () => ({ 'doors.forward': at }),
    workers: 2,
  })
  const { ask, ports, token, put } = beside
  const port = ports['doors.forward'] ?? 0
  const statusOf = async (more: Readonly<Record<string, string>> = {}) =>
    (await ask('/auth/forward', { method: 'GET', port, headers: { ...forwarded, ...more } })).status

  assert.equal(await statusOf(), 401, 'no file, nothing to present')
  assert.equal((await readiness(beside)).state, 'degraded')
  assert.match(String((await readiness(beside)).reasons), /bound credential of door forward/)

  put('credential', `${token({ jti: 'bound-1' })}\n`)
  await until(async () => (await statusOf()) === 200)
  assert.equal((await readiness(beside)).state, 'ready')
  assert.equal(await statusOf({ 'CLIENT-TOKEN': token() }), 401, 'a second credential is doubled')
  assert.equal(await statusOf({ 'PDG-TOKEN': 'x' }), 401)

  put('revoked.txt', 'bound-1\n')
  await until(async () => (await statusOf()) === 401)
  put('credential', token({ jti: 'bound-2' }))
  await until(async () => (await statusOf()) === 200)

  put('credential', 'not a credential')
  // First, or the 401 could be of the thread that has not yet heard of the second credential.
  await until(async () => (await readiness(beside)).state === 'degraded')
  await until(async () => (await statusOf()) === 401)
})

test('a door with a listener of its own answers there and nowhere else, and nobody else answers there', async (t) => {
  const { ask, ports, token } = await verifierBeside(t, {
    own: (folder) => ({
      'doors.forward': { at: { kind: 'unix', path: join(folder, 'forward.sock') }, tls: undefined },
      'doors.sideband': at,
      'doors.spoe': at,
    }),
    workers: 2,
  })
  const headers = { ...forwarded, 'CLIENT-TOKEN': token() }
  const statusOf = async (path: string, how: Parameters<typeof ask>[1]) =>
    (await ask(path, how)).status
  assert.equal(ports['doors.forward'], undefined)
  assert.equal(ports.spoe, undefined)
  assert.equal(await statusOf('/auth/forward', { method: 'GET', headers }), 404)
  const body = JSON.stringify({ method: 'GET', url: 'https://a/', headers: [] })
  const sideband = '/v1/environments/env-1/sideband/request'
  assert.equal(await statusOf(sideband, { headers, body }), 404)
  const port = ports['doors.sideband'] ?? 0
  assert.equal(await statusOf(sideband, { headers, body, port }), 200)
  assert.equal(await statusOf('/auth/nginx', { method: 'GET', headers, port }), 404)

  const line = await dial(ports['doors.spoe'] ?? 0)
  line.send(Buffer.concat([hello(), notify(noIds, question(token()))]))
  const [, ack] = await line.frames(2)
  assert.ok(ack && variables(ack)['allow'] === true)
  line.close()
})

test('a bound door on a Unix socket is for whoever may open that, follows its file, and answers nowhere else', async (t) => {
  const { ask, folder, token, put, ports } = await verifierBeside(t, {
    own: (where) => ({
      'doors.forward': { at: { kind: 'unix', path: join(where, 'forward.sock') }, tls: undefined },
    }),
    bound: (where) => ({ forward: join(where, 'credential') }),
    workers: 2,
  })
  const socketPath = join(folder, 'forward.sock')
  assert.equal(statSync(socketPath).mode & 0o777, 0o660)
  const statusOf = async (more: Readonly<Record<string, string>> = {}) => {
    const headers = { ...forwarded, ...more }
    return (await ask('/auth/forward', { method: 'GET', headers, socketPath })).status
  }
  assert.equal(await statusOf(), 401)
  put('credential', token({ jti: 'bound-1' }))
  await until(async () => (await statusOf()) === 200)
  assert.equal(await statusOf({ 'CLIENT-TOKEN': token() }), 401, 'a second credential is doubled')
  put('revoked.txt', 'bound-1\n')
  await until(async () => (await statusOf()) === 401)
  put('credential', token({ jti: 'bound-2' }))
  await until(async () => (await statusOf()) === 200)
  const elsewhere = { method: 'GET', port: ports.http ?? 0, headers: forwarded }
  assert.equal((await ask('/auth/forward', elsewhere)).status, 404)
})

test('a bound SPOE door on a Unix socket allows what its credential allows', async (t) => {
  const { folder, token, put } = await verifierBeside(t, {
    own: (where) => ({
      'doors.spoe': { at: { kind: 'unix', path: join(where, 'spoe.sock') }, tls: undefined },
    }),
    bound: (where) => ({ spoe: join(where, 'credential') }),
  })
  put('credential', token())
  const line = await dial(join(folder, 'spoe.sock'))
  line.send(hello())
  await line.frames(1)
  await until(async () => {
    line.send(notify(noIds, question(null)))
    const [ack] = await line.frames(1)
    return ack !== undefined && variables(ack)['allow'] === true
  })
  line.close()
})

test('a bound SPOE door uses its credential, and refuses a token beside it', async (t) => {
  const { ports, token, put } = await verifierBeside(t, {
    bound: (folder) => ({ spoe: join(folder, 'credential') }),
    own: () => ({ 'doors.spoe': at }),
  })
  put('credential', token())
  const line = await dial(ports['doors.spoe'] ?? 0)
  line.send(hello())
  await line.frames(1)
  const allowOf = async (credential: string | null) => {
    line.send(notify(noIds, question(credential)))
    const [ack] = await line.frames(1)
    return ack && variables(ack)['allow']
  }
  await until(async () => (await allowOf(null)) === true)
  assert.equal(await allowOf(token()), false)
  line.close()
})
