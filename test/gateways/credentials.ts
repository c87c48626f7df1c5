import assert from 'node:assert/strict'
import { client, crowd, say } from './client.ts'
import { until } from './program.ts'
import { hello, type Case } from './scene.ts'

// What a gateway presents, and how long it counts.

export const credentials: readonly Case[] = [
  {
    title: 'refuses with 401 when its credential is missing, none, expired or tampered with',
    async run({ town, gateway }) {
      const live = town.token()
      const refused = {
        missing: '',
        none: 'x.y.z',
        expired: town.token({ exp: 1_700_000_000 }),
        tampered: `${live.slice(0, -4)}AAAA`,
      }
      await Promise.all(
        Object.entries(refused).map(async ([name, credential]) => {
          const port = await town.start(gateway, credential)
          const seen = await say(port, hello)
          assert.equal(seen.status, 401, name)
          assert.match(seen.headers, /^www-authenticate: Bearer/im)
          const brought = client('GET /app HTTP/1.1', `Client-Token: ${live}`, `PDG-TOKEN: ${live}`)
          assert.equal((await say(port, brought)).status, 401, `${name}, the client brings one`)
        }),
      )
    },
  },
  {
    title: 'passes with the old and the new credential until the old one is revoked',
    async run({ town, gateway }) {
      const jti = `old-${gateway.name.replaceAll(' ', '-')}`
      const [oldPort, nextPort] = await Promise.all([
        town.start(gateway, town.token({ jti })),
        town.start(gateway, town.token()),
      ])
      assert.equal((await say(oldPort, hello)).status, 200)
      assert.equal((await say(nextPort, hello)).status, 200)
      town.revoke(jti)
      await until(async () => (await say(oldPort, hello)).status === 401, 'it is refused')
      const after = await Promise.all(Array.from({ length: 50 }, async () => say(oldPort, hello)))
      assert.ok(after.every(({ status }) => status === 401))
      assert.equal((await say(nextPort, hello)).status, 200)
    },
  },
  {
    title: 'passes no request that begins after the answer to the revocation',
    async run({ town, gateway, note }) {
      const { token, revoke } = await town.authority.issue()
      const port = await town.start(gateway, token, town.authority.doors)
      const clients = crowd(port, hello, 6)
      await until(() => clients.turns.length >= 100, 'a hundred requests are answered')
      await revoke()
      const revoked = performance.now()
      const wanted = clients.turns.length + 100
      await until(() => clients.turns.length >= wanted, 'a hundred more are')
      await clients.stop()
      const after = clients.turns.filter(({ begun }) => begun > revoked)
      assert.ok(clients.turns.some(({ status }) => status === 200))
      assert.deepEqual(new Set(after.map(({ status }) => status)), new Set([401]))
      note(`${clients.turns.length - after.length} requests before, ${after.length} after`)
    },
  },
]
