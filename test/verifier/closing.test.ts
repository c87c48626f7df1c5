import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { systemClock } from '../../src/system/clock.ts'
import { createThreadListeners } from '../../src/verifier/thread-listeners.ts'
import { liveToken, view } from '../doors/live-view.ts'
import { anyPort, nginxHook, usualSettings } from './running.ts'

test('who has connected when a listener closes, and was not looked at yet, is answered', async () => {
  const listeners = createThreadListeners({
    settings: {
      ...usualSettings,
      listeners: { http: { at: anyPort, tls: undefined } },
      bound: {},
      reportsUsage: false,
      freshness: undefined,
    },
    reusePort: false,
    isFirst: true,
    hasSockets: true,
    bound: () => undefined,
    view: () => view,
    clock: systemClock,
    observer: { decided() {}, took() {}, droppedConnection() {}, close() {} },
  })
  const listening = await listeners.listen()
  assert.ok(listening.kind === 'listening')
  const { http = 0 } = listening.ports
  listeners.drain()
  // The system connects at once; the server, which is in this thread, learns of it when this turn has ended.
  const sockets = Array.from({ length: 50 }, () => connect(http, '127.0.0.1'))
  for (const socket of sockets) socket.write(nginxHook(liveToken))
  const closed = listeners.close()
  const answers = await Promise.all(sockets.map(async (socket) => text(socket)))
  for (const answer of answers)
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[^]*Connection: close\r\n/)
  await closed
})
