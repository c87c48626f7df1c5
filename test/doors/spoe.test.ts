import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verifierBeside } from './beside.ts'
import { dial, hello, members, noIds, notify, question, variables, varint } from './spoe-client.ts'

test('over a real socket a live credential is allowed, a revoked one refused by the same connection', async (t) => {
  const { ports, token, put } = await verifierBeside(t)
  const line = await dial(ports.spoe ?? 0)
  const jti = 'to-be-revoked'
  const [live, other] = [token({ jti }), token()]
  line.send(hello())
  const [greeting] = await line.frames(1)
  assert.equal(greeting?.type, 101)
  const allowOf = async (credential: string) => {
    line.send(notify(noIds, question(credential)))
    const [ack] = await line.frames(1)
    assert.ok(ack)
    return variables(ack)['allow']
  }
  assert.equal(await allowOf(live), true)
  put('revoked.txt', `${jti}\n`)
  const deadline = Date.now() + 5000
  while ((await allowOf(live)) === true) assert.ok(Date.now() < deadline)
  assert.equal(await allowOf(live), false)
  assert.equal(await allowOf(other), true)
  line.close()
})

test('AT-18: tokens of one length that come on one connection are each judged, and named, for themselves', async (t) => {
  const { ports, token } = await verifierBeside(t)
  const line = await dial(ports.spoe ?? 0)
  const one = token({ sub: 'gw-1', jti: 'one' })
  const other = token({ sub: 'gw-2', jti: 'two' })
  const [forged, cut] = [`${one.slice(0, -4)}AAAA`, `A${one.slice(1)}`]
  assert.equal(new Set([one, other, forged, cut].map(({ length }) => length)).size, 1)
  line.send(hello())
  await line.frames(1)
  for (const [credential, gateway] of [
    [one, 'gw-1'],
    [one, 'gw-1'],
    [other, 'gw-2'],
    [forged, undefined],
    [one, 'gw-1'],
    [cut, undefined],
    [other, 'gw-2'],
  ] as const) {
    line.send(notify(noIds, question(credential)))
    const [ack] = await line.frames(1)
    assert.ok(ack)
    const said = variables(ack)
    assert.deepEqual([said['allow'], said['gateway_id']], [gateway !== undefined, gateway])
  }
  line.close()
})

test('a thousand questions that are sent without waiting are all answered, each under its own ids', async (t) => {
  const { ports, token } = await verifierBeside(t)
  const line = await dial(ports.spoe ?? 0)
  const [live, count] = [token(), 1000]
  line.send(hello())
  await line.frames(1)
  const ids = Array.from({ length: count }, (_, at) => Buffer.concat([varint(at), varint(1)]))
  line.send(Buffer.concat(ids.map((id, at) => notify(id, question(at % 2 === 0 ? live : null)))))
  const acks = new Map((await line.frames(count)).map((ack) => [ack.ids, variables(ack)['allow']]))
  assert.equal(acks.size, count)
  for (const [at, id] of ids.entries()) assert.equal(acks.get(id.toString('hex')), at % 2 === 0)
  line.close()
})

test('garbage ends its own connection, and the next one is served', async (t) => {
  const { ports, token } = await verifierBeside(t)
  const broken = await dial(ports.spoe ?? 0)
  broken.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
  const [last] = await broken.frames(1)
  assert.equal(last && members(last)['status-code'], 3)
  await broken.ended()
  const line = await dial(ports.spoe ?? 0)
  line.send(Buffer.concat([hello(), notify(noIds, question(token()))]))
  const [, ack] = await line.frames(2)
  assert.ok(ack && variables(ack)['allow'] === true)
  line.close()
})

test('a health check is greeted and the connection closed', async (t) => {
  const { ports } = await verifierBeside(t)
  const line = await dial(ports.spoe ?? 0)
  line.send(hello([['healthcheck', true]]))
  const [greeting] = await line.frames(1)
  assert.equal(greeting?.type, 101)
  await line.ended()
})
