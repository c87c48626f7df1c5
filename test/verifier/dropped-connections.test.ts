import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createLog } from '../../src/telemetry/log.ts'
import { createDropWarning } from '../../src/verifier/dropped-connections.ts'
import { freePorts } from '../free-ports.ts'
import { manualClock } from '../manual-clock.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { anyPort, gatewayDoor, nginxHook, runVerifier, until, usualSettings } from './running.ts'
import { open, type Line } from './wire.ts'

const sockets = 2
const listener = (port: number) => ({ at: { ...anyPort, port }, tls: undefined })

test('a connection that a listener has no room for is counted there, and the log names the limit', async (t) => {
  const [own = 0, spoe = 0, grpc = 0] = await freePorts(3)
  const running = await runVerifier({
    settings: {
      limits: { ...usualSettings.limits, sockets },
      doors: { nginx: gatewayDoor, forward: gatewayDoor, spoe: gatewayDoor, grpc: gatewayDoor },
    },
    parts: { 'doors.forward': listener(own), spoe: listener(spoe), grpc: listener(grpc) },
  })
  const lines: Line[] = []
  t.after(async () => {
    for (const line of lines) line.close()
    await running.stop()
  })
  const places = {
    http: running.place,
    'doors.forward': { port: own },
    spoe: { port: spoe },
    grpc: { port: grpc },
  }
  const dropped = (name: string) =>
    running.metric(`warder_connections_dropped_total{listener="${name}"}`)
  for (const [name, place] of Object.entries(places)) {
    for (let count = 0; count < sockets; count++) lines.push(await open(place))
    assert.equal(await dropped(name), 0)
    for (let more = 1; more <= 3; more++) {
      const line = await open(place)
      lines.push(line)
      assert.equal((await line.end()).closed, true)
      await until(async () => (await dropped(name)) === more)
    }
  }
  const [held] = lines
  held?.send(nginxHook(running.token()))
  assert.equal((await held?.answers(1))?.answers[0]?.status, 200, 'who was there goes on')
  await until(() => running.log().includes('limits.sockets'))
  assert.match(running.log(), /"level":"warn",.*"listeners":"http/)
})

test('of dropped connections the log speaks once a minute at the most, and forgets none', async (t) => {
  const path = join(temporaryFolder(t), 'log')
  const fd = openSync(path, 'a')
  const clock = manualClock()
  const log = createLog({ level: 'info', fd, now: clock.wall })
  const warn = createDropWarning(log, clock.monotonic)
  warn({ http: 2 })
  for (let second = 1; second < 60; second++) {
    clock.advance(1000)
    warn(second % 2 === 0 ? { http: 1 } : { 'doors.forward': 1 })
  }
  clock.advance(1000)
  warn({ http: 1 })
  await log.close()
  closeSync(fd)
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ listeners, count }) => [listeners, count]),
    [
      ['http', 2],
      ['doors.forward http', 60],
    ],
  )
})
