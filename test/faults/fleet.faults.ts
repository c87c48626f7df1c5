import assert from 'node:assert/strict'
import { cpSync, writeFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { readEnrolment } from '../../src/verifier/feed/enrolment.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { makeAuthority, type Issued } from './authority.ts'
import { isHeartbeat } from './meddler.ts'
import { freePorts } from '../free-ports.ts'
import { processorSeconds, until } from './program.ts'
import { openStub } from './stub-authority.ts'
import { makeVerifier, percentile } from './verifier.ts'
import { fault, keepAsking, untilRefused, type World } from './world.ts'

// Many verifiers, many threads, more than one authority, and one that dies at the worst moment.

fault(
  'F25: two hundred verifiers that come back at once are fresh within seconds',
  async (world) => {
    const { authority } = world
    const { node } = await world.verifier('one')
    const live = await authority.issue()
    const enrolments = await Promise.all(
      Array.from({ length: 200 }, async (_, at) =>
        readEnrolment(await authority.enrol(`light ${at}`)),
      ),
    )
    const agent = new Agent({ connections: 200 })
    world.after(() => agent.destroy())
    await authority.end('SIGKILL')
    await authority.start()
    const load = keepAsking([node], [live], 20)
    const [began, spent] = [performance.now(), processorSeconds(authority.program())]
    const fresh = enrolments.map(async (enrolment) => {
      assert.ok(enrolment)
      const { body, statusCode } = await request(
        `http://127.0.0.1:${authority.port}/feed?after=0`,
        {
          headers: { authorization: `Bearer ${enrolment.id}.${enrolment.secret}` },
          dispatcher: agent,
        },
      )
      assert.equal(statusCode, 200)
      let rest = ''
      for await (const chunk of body) {
        const lines = (rest + (chunk as Buffer).toString('latin1')).split('\n')
        rest = lines.pop() ?? ''
        if (lines.some(isHeartbeat)) return performance.now() - began
      }
      throw new Error('the feed ended')
    })
    const times = await Promise.all(fresh)
    const took = Math.max(...times)
    const used = processorSeconds(authority.program()) - spent
    // Of processor time, since others may want the processors too.
    assert.ok(used < 5, `${used} s of processor time`)
    assert.ok(took < 15_000, `${took} ms`)
    await load.stop()
    await until('the first follows', async () => (await node.metric('warder_feed_connected')) === 1)
  },
)

test(
  'F26: no decision waits while a big snapshot is put in force',
  { timeout: 120_000 },
  async (t) => {
    const stub = await openStub()
    t.after(stub.close)
    const node = await makeVerifier('one', temporaryFolder(t), {
      enrolment: stub.enrolment,
      authority: stub.url,
      promised: () => true,
      history: [],
    })
    t.after(() => node.close())
    node.start()
    await node.untilReady()
    const [live, dead] = [stub.issue(), stub.issue()]
    const entries = 1_000_000
    const big = stub.encode({ revision: 2, revoked: [dead.id], more: entries })
    const load = keepAsking([node], [live], 1)
    await delay(2000)
    const before = percentile(node.took(), 99)
    stub.offer(big, 2)
    await until('it is in force', async () => (await node.ask(dead)) === 401, 60_000)
    const during = percentile(node.took(), 99)
    await load.stop()
    assert.equal(await node.metric('warder_revoked_entries'), entries + 1)
    assert.equal(await node.ask(live), 200)
    assert.ok(during < Math.max(50, before * 5), `${before} ms before, ${during} ms during`)
  },
)

fault(
  'F27: a thread that is not told of a revocation keeps it from being called applied, and is replaced',
  async (world) => {
    const { node } = await world.verifier('one', { hook: 'threads.ts' })
    const [live, dead, last] = await Promise.all([1, 2, 3].map(() => world.authority.issue()))
    assert.ok(live && dead && last)
    assert.equal((await world.authority.revoke(last)).headers['warder-applied'], '1/1')
    node.program().signal('SIGPIPE')
    await delay(200)
    const { headers } = await world.authority.revoke(dead)
    assert.equal(headers['warder-applied'], '0/1')
    await until('the status shows it', async () => {
      const { threads } = await node.status()
      const revisions = new Set((threads ?? []).map((thread) => thread['revision']))
      return revisions.size === 2
    })
    await until('another takes its place', () => node.program().log().includes('a thread ended'))
    await node.untilReady()
    const { headers: next } = await world.authority.revoke(await world.authority.issue())
    assert.equal(next['warder-applied'], '1/1')
    assert.equal(await node.ask(live), 200)
  },
)

fault(
  'F27: a thread that ends is replaced, and the new one knows what the old one knew',
  async (world) => {
    const { node } = await world.verifier('one', { hook: 'threads.ts' })
    const [live, dead] = [await world.authority.issue(), await world.authority.issue()]
    await world.authority.revoke(dead)
    world.promised = false
    const load = keepAsking([node], [live, dead], 5)
    for (let round = 0; round < 3; round++) {
      node.program().signal('SIGUSR2')
      await until('it is noticed', () => node.program().log().includes('a thread ended'))
      await node.untilReady()
      const late = await world.authority.issue()
      const { headers } = await world.authority.revoke(late)
      assert.equal(headers['warder-applied'], '1/1')
      for (let at = 0; at < 10; at++) assert.equal(await node.ask(late), 401)
    }
    await load.stop()
  },
)

for (const [what, forks] of [
  ['that is behind', false],
  ['that went another way from the same number', true],
] as const) {
  fault(`F28: an authority ${what} takes nobody back`, (world) => turnsAway(world, forks))
}

/** Leads a verifier to a copy of the authority of before, which may have had a history of its own. */
async function turnsAway(world: World, forks: boolean): Promise<void> {
  const { node, way } = await world.verifier('one')
  const { authority } = world
  const [live, early, late] = await Promise.all([1, 2, 3].map(() => authority.issue()))
  assert.ok(live && early && late)
  await authority.revoke(early)
  await authority.end('SIGTERM')
  const folder = join(world.folder, 'behind')
  cpSync(authority.folder, folder, { recursive: true })
  await authority.start()
  await until('it follows', async () => (await node.metric('warder_feed_connected')) === 1, 20_000)
  assert.equal((await authority.revoke(late)).headers['warder-applied'], '1/1')
  const revision = (await node.status())['revision']
  const [port = 0, ops = 0] = await freePorts(2)
  // Under another name an authority writes that name down: one revision that is its own.
  const env = forks ? {} : { WARDER_PUBLIC_URL: `http://127.0.0.1:${authority.port}` }
  const behind = makeAuthority({ folder, port, ops, history: [], options: { env } })
  world.after(() => behind.end('SIGKILL'))
  await behind.start()
  const load = keepAsking([node], [live, early, late], 20)
  way.target = port
  const failed = await node.metric('warder_feed_failures_total')
  way.cut()
  await until(
    'it turns away',
    async () => (await node.metric('warder_feed_failures_total')) > failed + 2,
    20_000,
  )
  assert.equal((await node.status())['revision'], revision)
  assert.deepEqual([await node.ask(early), await node.ask(late)], [401, 401])
  world.promised = false
  await node.end('SIGKILL')
  node.start()
  await until('it serves', async () => (await node.ask(live)) === 200, 20_000)
  assert.deepEqual([await node.ask(early), await node.ask(late)], [401, 401])
  await load.stop()
  way.target = authority.port
  way.cut()
  await until('it follows', async () => (await node.metric('warder_feed_connected')) === 1, 40_000)
}

const mute = join(temporaryRoot(), `warder-mute-${process.pid}`)

function temporaryRoot(): string {
  return process.env['TMPDIR'] ?? '/tmp'
}

fault(
  'F30: an authority that dies between commit and publication has revoked all the same',
  async (world) => {
    const two = await Promise.all(['one', 'two'].map((name) => world.verifier(name)))
    const [live, dead] = [await world.authority.issue(), await world.authority.issue()]
    writeFileSync(mute, '')
    const { status } = await world.authority.revoke(dead)
    assert.equal(status, undefined)
    await until('it is dead', () => !world.authority.program().running())
    rmSync(mute)
    await world.authority.start()
    for (const { node } of two) {
      await untilRefused(node, dead)
      assert.equal(await node.ask(live), 200)
    }
    assert.equal((await world.authority.revoke(dead)).status, 404)
    const entries = await world.authority.audit()
    const named = ({ action, target }: { action: string; target: string }) =>
      action === 'credential.revoke' && target.includes(dead.id)
    assert.equal(entries.filter(named).length, 1)
  },
  { hook: 'mute.ts', env: { FAULTS_MUTE: mute } },
)

fault(
  'F31: whatever happens at once, what was ended stays ended and what was made is there',
  async (world) => {
    const two = await Promise.all(['one', 'two'].map((name) => world.verifier(name)))
    const nodes = two.map(({ node }) => node)
    const { authority } = world
    const keys = `/v1/organizations/${authority.organization()}/keys`
    const first = await Promise.all(Array.from({ length: 6 }, () => authority.issue()))
    const live = new Map<string, Issued>()
    const ended: Issued[] = []
    /** Renews a credential by a new one, ends the old one twice at once, and asks meanwhile. */
    const renew = async (issued: Issued) => {
      const [next, ...ends] = await Promise.all([
        authority.add(issued.gateway),
        authority.revoke(issued),
        authority.revoke(issued),
      ])
      const statuses = ends.map(({ status }) => Number(status)).toSorted((a, b) => a - b)
      assert.deepEqual(statuses, [204, 404])
      for (const node of nodes) assert.equal(await node.ask(issued), 401)
      ended.push(issued)
      if (next) live.set(issued.gateway, next)
      return next
    }
    const lane = async (issued: Issued) => {
      let now: Issued | undefined = issued
      for (let round = 0; round < 6 && now; round++) now = await renew(now)
    }
    const rotate = async () => {
      for (let round = 0; round < 2; round++) {
        const { status } = await authority.call('POST', keys, {})
        assert.equal(status, 201)
        await delay(300)
      }
    }
    await Promise.all([...first.map(lane), rotate()])
    for (const node of nodes) {
      for (const issued of live.values()) assert.equal(await node.ask(issued), 200)
      for (const issued of ended) assert.equal(await node.ask(issued), 401)
    }
    assert.equal(live.size, first.length)
  },
)
