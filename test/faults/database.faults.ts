import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { migrateStore } from '../../src/authority/database.ts'
import { surviveKills } from '../authority/kills.ts'
import { startCuttingProxy } from '../postgres/cutting-proxy.ts'
import { startPostgres, type PostgresServer } from '../postgres/server.ts'
import { createPrng } from '../prng.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { startAuthority } from './authority.ts'
import { isLong } from './form.ts'
import { limitFiles, startProgram, until } from './program.ts'
import { fault, keepAsking, openWorld, type World } from './world.ts'

// The authority's own disk and database.

const kills = isLong ? 200 : 40

test(
  `M19: killed ${kills} times while it creates and deletes, an authority has all it acknowledged and nothing half made`,
  { timeout: 600_000 },
  async (t) => {
    const random = createPrng(t)
    const lines = (count: number) => Array.from({ length: count }, () => 1 + random(40))
    const lanes = [temporaryFolder(t), temporaryFolder(t)]
    const counts = await Promise.all(
      lanes.map((folder) => surviveKills(folder, lines(kills / lanes.length))),
    )
    for (const count of counts) assert.ok(count >= kills / lanes.length)
  },
)

/** Writes are refused without a trace, everything else goes on, and writes do too once there is room. */
async function refusesWrites(world: World, fill: () => void, empty: () => void): Promise<void> {
  const { authority } = world
  const { node } = await world.verifier('one')
  const [live, kept] = [await authority.issue(), await authority.issue()]
  const gateways = `/v1/environments/${authority.environment()}/gateways`
  const count = async () => {
    const { status, body } = await authority.call('GET', `${gateways}?limit=100`)
    assert.equal(status, 200)
    const gatewaysThere: readonly unknown[] = body['_embedded']?.['gateways'] ?? []
    return gatewaysThere.length
  }
  const before = [await count(), (await authority.audit()).length]
  const load = keepAsking([node], [live, kept], 20)
  fill()
  for (let round = 0; round < 5; round++) {
    const made = await authority.call('POST', gateways, { name: `full ${round}`, type: 'LDAP' })
    assert.equal(made.status, 503)
    assert.ok(made.headers['retry-after'] !== undefined)
    assert.equal((await authority.revoke(kept)).status, 503)
    assert.equal(await node.ask(kept), 200)
  }
  assert.deepEqual([await count(), (await authority.audit()).length], before)
  await until('it is fresh', async () => (await node.page('/readyz')).text === '{"state":"ready"}')
  empty()
  await until(
    'it writes again',
    async () =>
      (await authority.call('POST', gateways, { name: 'room', type: 'LDAP' })).status === 201,
    20_000,
  )
  const { status, headers } = await authority.revoke(kept)
  assert.deepEqual([status, headers['warder-applied']], [204, '1/1'])
  assert.equal(await node.ask(kept), 401)
  await load.stop()
}

fault(
  'F18: an authority that may write nothing answers 503, changes nothing, and reads on',
  (world) => {
    const program = world.authority.program()
    return refusesWrites(
      world,
      () => limitFiles(program, 0),
      () => limitFiles(program, 'unlimited'),
    )
  },
)

const hasNamespaces = spawnSync('unshare', ['-rm', 'true']).status === 0
const noNamespaces = 'not run: no mount can be made without rights in a namespace of our own'

test(
  'F18: an authority whose disk is full answers 503, changes nothing, and reads on',
  { skip: hasNamespaces ? false : noNamespaces, timeout: 120_000 },
  async (t) => {
    const script = 'mkdir -p data && mount -t tmpfs -o size=8m tmpfs data && exec "$@"'
    const world = await openWorld(t, {
      through: ['unshare', '-rm', 'sh', '-c', script, 'sh'],
      apart: true,
    })
    const ballast = join(world.authority.data(), 'ballast')
    await refusesWrites(
      world,
      () => spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4096']),
      () => rmSync(ballast),
    )
    await world.check()
  },
)

test(
  'F18: an authority whose disk may only be read does not start and says why, and verification goes on',
  { skip: hasNamespaces ? false : noNamespaces, timeout: 120_000 },
  async (t) => {
    const world = await openWorld(t)
    const { authority } = world
    const { node } = await world.verifier('one')
    const live = await authority.issue()
    await authority.end('SIGTERM')
    const script = 'mount --bind data data && mount -o remount,bind,ro data && exec "$@"'
    const program = startProgram({
      words: 'authority',
      folder: authority.folder,
      env: authority.env,
      through: ['unshare', '-rm', 'sh', '-c', script, 'sh'],
    })
    world.after(() => program.end('SIGKILL'))
    await until('it has ended', () => !program.running(), 20_000)
    assert.equal(program.child.exitCode, 1)
    assert.match(program.log(), /warder: [^\n]*(read-only|cannot|not be)/)
    assert.doesNotMatch(program.log(), /\n {4}at /)
    assert.equal(await node.ask(live), 200)
    await authority.start()
    await world.check()
  },
)

const server = await startPostgres()
if ('missing' in server) {
  test('F29: a database that fails', { skip: `not run: ${server.missing}` }, () => undefined)
} else {
  describe('F29: a database that fails', () => describeDatabase(server))
}

function describeDatabase(postgres: PostgresServer): void {
  after(() => postgres.stop())

  for (const cut of ['before-commit', 'after-commit'] as const) {
    test(
      `F29: a revocation whose commit is cut off (${cut}) is never called done unless it is`,
      { timeout: 120_000 },
      async (t) => {
        const url = await postgres.newDatabase()
        await migrateStore(url)
        const proxy = await startCuttingProxy(url)
        t.after(() => proxy.close())
        const world = await openWorld(t, { env: { WARDER_DATABASE: proxy.url } })
        const { node } = await world.verifier('one')
        const [live, dead] = [await world.authority.issue(), await world.authority.issue()]
        proxy.cut = cut
        const { status } = await world.authority.revoke(dead)
        proxy.cut = 'never'
        // With its answer held back, it may have been found out what came of the commit.
        assert.ok(status === 503 || (cut === 'after-commit' && status === 204), `${status}`)
        await until('the database is back', async () => {
          const again = await world.authority.revoke(dead)
          return again.status === 204 || again.status === 404
        })
        await until('it is refused', async () => (await node.ask(dead)) === 401)
        assert.equal(await node.ask(live), 200)
        await world.check()
      },
    )
  }

  test(
    'F29: what one authority has revoked another on the same database knows at once',
    { timeout: 120_000 },
    async (t) => {
      const url = await postgres.newDatabase()
      await migrateStore(url)
      const env = { WARDER_DATABASE: url }
      const world = await openWorld(t, { env })
      const { node, way } = await world.verifier('one')
      const other = await startAuthority(world.authority.folder, world.history, {
        env: { ...env, WARDER_PUBLIC_URL: `http://127.0.0.1:${world.authority.port}` },
      })
      world.after(() => other.end('SIGKILL'))
      for (let round = 0; round < 5; round++) {
        const issued = await world.authority.issue()
        assert.equal(await node.ask(issued), 200)
        assert.equal((await other.revoke(issued)).status, 204)
        assert.equal((await world.authority.revoke(issued)).status, 404)
        await until('it is refused', async () => (await node.ask(issued)) === 401)
      }
      // F28 for real: the verifier goes over to the other one, and never back.
      way.target = other.port
      way.cut()
      await until('it follows', async () => (await node.metric('warder_feed_connected')) === 1)
      const last = await world.authority.issue()
      assert.equal((await world.authority.revoke(last)).status, 204)
      await until('it is refused', async () => (await node.ask(last)) === 401)
      await world.check()
    },
  )
}
