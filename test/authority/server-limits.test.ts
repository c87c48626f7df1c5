import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { createServerOf } from '../../src/authority/server.ts'
import { openHouse, settingsFor } from './house.ts'

const nobody = () => Promise.reject(new Error('nobody is let in'))

test('AT-66: whoever sends slowly is given a time for the head and one for all of it', async () => {
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
    with: () => log,
  }
  const app = createServerOf({
    routes: [],
    dispatch: { admit: nobody, run: nobody },
    log,
    limits: settingsFor('').limits,
    tls: undefined,
    aside: () => false,
    onAnswer: () => undefined,
  })
  await app.ready()
  const { headersTimeout, requestTimeout, keepAliveTimeout } = app.server
  assert.deepEqual([headersTimeout, requestTimeout, keepAliveTimeout], [15_000, 60_000, 65_000])
  await app.close()
})

test('no more connections are held than are allowed', async (t) => {
  const limits = { ...settingsFor('').limits, sockets: 2 }
  const house = await openHouse({ settings: { limits } })
  t.after(() => house.close())
  const port = Number(new URL(house.url).port)
  const sockets = Array.from({ length: 4 }, () => connect(port, '127.0.0.1'))
  const outcomes = sockets.map((socket) => {
    const { promise, resolve } = Promise.withResolvers<string>()
    socket.on('error', () => undefined)
    socket.once('data', () => resolve('answered'))
    socket.once('close', () => resolve('dropped'))
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    return promise
  })
  const dropped = (await Promise.all(outcomes)).filter((outcome) => outcome === 'dropped')
  // One of the two is the one over which the first administrator has come.
  assert.ok(dropped.length === 2 || dropped.length === 3)
  for (const socket of sockets) socket.destroy()
})
