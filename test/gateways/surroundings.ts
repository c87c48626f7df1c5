import assert from 'node:assert/strict'
import { crowd, say } from './client.ts'
import { until } from './program.ts'
import { assertPassed, hello, type Case } from './scene.ts'

// What is between a gateway and its verifier, and what clients see when there is nothing.

export const surroundings: readonly Case[] = [
  {
    title: 'keeps its connections to the verifier',
    async run({ town, gateway, note }) {
      const { relay, doors } = await town.relay(gateway)
      const port = await town.start(gateway, town.token({ jti: 'standing', sub: 'gw-7' }), doors)
      for (let count = 0; count < 60; count += 1) assertPassed(await say(port, hello))
      const inTurn = relay.connections()
      const clients = crowd(port, hello, 8)
      await until(() => clients.turns.length >= 400, 'four hundred requests are answered')
      await clients.stop()
      assert.ok(clients.turns.every(({ status }) => status === 200))
      const together = relay.connections() - inTurn
      note(
        `connections: ${inTurn} for 60 requests in turn, ${together} more for 400 from 8 clients`,
      )
      assert.ok(inTurn <= gateway.connections.inTurn, `${inTurn} for 60 requests`)
      assert.ok(together <= gateway.connections.together, `${together} for 400 from 8 clients`)
    },
  },
  {
    title: 'ends the wait for a verifier that says nothing',
    async run({ town, gateway, note }) {
      const { relay, doors } = await town.relay(gateway)
      const port = await town.start(gateway, town.token({ jti: 'standing', sub: 'gw-7' }), doors)
      assertPassed(await say(port, hello))
      relay.hold(true)
      const begun = performance.now()
      const { status } = await say(port, hello)
      const took = performance.now() - begun
      relay.hold(false)
      note(`${status} after ${Math.round(took)} ms`)
      assert.equal(status, gateway.outage.status)
      assert.ok(took < 2 * gateway.outage.silenceMs + 1000, `${took} ms`)
      await until(async () => (await say(port, hello)).status === 200, 'it passes again')
    },
  },
  {
    title: 'is closed while the verifier is gone, and open again when it is back, under load',
    async run({ town, gateway, port, note }) {
      const clients = crowd(port, hello, 6)
      const seen = (status: number) => clients.turns.some((turn) => turn.status === status)
      await until(() => clients.turns.length >= 100, 'a hundred requests are answered')
      await town.stopVerifier('SIGKILL')
      const gone = performance.now()
      await until(() => seen(gateway.outage.status), 'clients notice')
      const back = performance.now()
      await town.startVerifier()
      const passes = () => clients.turns.some(({ begun, status }) => begun > back && status === 200)
      await until(passes, 'requests pass again')
      await until(async () => (await say(port, hello)).status === 200, 'all pass again')
      await clients.stop()
      const statuses = Map.groupBy(clients.turns, ({ status }) => status)
      note([...statuses].map(([status, turns]) => `${status}: ${turns.length}`).join(', '))
      assert.deepEqual(
        [...statuses.keys()].toSorted((one, other) => one - other),
        [200, gateway.outage.status].toSorted((one, other) => one - other),
      )
      const wrongly = clients.turns.filter(
        ({ begun, ended, status }) => begun > gone && ended < back && status === 200,
      )
      assert.deepEqual(wrongly, [])
    },
  },
  {
    title: 'refuses nobody wrongly while the verifier is told to stop',
    async run({ town, gateway, port }) {
      const stopped = town.stopVerifier('SIGTERM')
      const statuses = new Set<number>()
      for (let count = 0; count < 20; count += 1) statuses.add((await say(port, hello)).status)
      await stopped
      for (const status of statuses) assert.ok([200, gateway.outage.status].includes(status))
      await town.startVerifier()
      await until(async () => (await say(port, hello)).status === 200, 'it passes again')
    },
  },
]
