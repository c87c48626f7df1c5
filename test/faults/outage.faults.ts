import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { temporaryFolder } from '../temporary-folder.ts'
import { openMeddler } from './meddler.ts'
import { until } from './program.ts'
import { openStub } from './stub-authority.ts'
import { makeVerifier, percentile, type VerifierNode } from './verifier.ts'
import { fault, keepAsking, untilRefused } from './world.ts'

// The authority is away, in all ways in which it can be.

const follows = async (node: VerifierNode) => (await node.metric('warder_feed_connected')) === 1
const lost = async (node: VerifierNode) => (await node.metric('warder_feed_connected')) === 0

/** Two heartbeats, a look, and a machine that has other things to do. */
const noticedMs = 4500

fault(
  'F1: an authority that is gone costs no request anything, and shows in the age',
  async (world) => {
    const { node } = await world.verifier('one')
    const [live, dead] = [await world.authority.issue(), await world.authority.issue()]
    await world.authority.revoke(dead)
    const load = keepAsking([node], [live, dead])
    await delay(1500)
    const before = percentile(node.took(), 99)
    await world.authority.end('SIGKILL')
    await delay(3000)
    const during = percentile(node.took(), 99)
    assert.ok(during < Math.max(50, before * 5), `${before} ms before, ${during} ms during`)
    assert.ok((await node.metric('warder_standing_age_seconds')) > 2)
    assert.ok(await lost(node))
    await world.authority.start()
    await until('it follows again', () => follows(node))
    await load.stop()
  },
)

fault('F2: an authority that hangs is given up, and no request waits for it', async (world) => {
  const { node, way } = await world.verifier('one')
  const [live, dead] = [await world.authority.issue(), await world.authority.issue()]
  await world.authority.revoke(dead)
  const load = keepAsking([node], [live, dead])
  await delay(1000)
  const [before, made] = [percentile(node.took(), 99), way.made()]
  world.authority.program().signal('SIGSTOP')
  await until('it is noticed', () => lost(node), noticedMs)
  await until('it is tried anew', () => way.made() > made)
  const during = percentile(node.took(), 99)
  assert.ok(during < Math.max(50, before * 5), `${before} ms before, ${during} ms during`)
  world.authority.program().signal('SIGCONT')
  await until('it follows again', () => follows(node), 15_000)
  await load.stop()
  const { status, headers } = await world.authority.revoke(live)
  assert.deepEqual([status, headers['warder-applied']], [204, '1/1'])
})

fault('F3: a feed that dribbles is no feed, however long it goes on', async (world) => {
  const { node, way } = await world.verifier('one')
  const live = await world.authority.issue()
  const made = way.made()
  way.mode = 'dribble'
  // Bytes keep coming on the open connection, and none of them is a line in time: were each of them news, it would go on.
  await until('it is noticed', () => lost(node))
  await until('it is tried anew', () => way.made() > made)
  await delay(3000)
  assert.ok(await lost(node))
  assert.ok((await node.metric('warder_standing_age_seconds')) > 4)
  assert.equal(await node.ask(live), 200)
  way.mode = 'pass'
  way.cut()
  await until('it follows again', () => follows(node), 20_000)
})

fault(
  'F4: a connection whose other end is gone is noticed within two heartbeats',
  async (world) => {
    const { node, way } = await world.verifier('one')
    const live = await world.authority.issue()
    way.mode = 'swallow'
    const began = performance.now()
    await until('it is noticed', () => lost(node), noticedMs)
    assert.ok(performance.now() - began < noticedMs)
    const { headers } = await world.authority.revoke(live)
    assert.equal(headers['warder-applied'], '0/1')
    assert.equal(await node.ask(live), 200)
    way.mode = 'pass'
    way.cut()
    await until('it follows again', () => follows(node), 20_000)
    await untilRefused(node, live)
  },
)

fault(
  'F5: an authority in trouble is asked ever more rarely, and left alone for as long as it says',
  async (world) => {
    const meddler = await openMeddler(world.authority.port)
    world.after(meddler.close)
    const { node } = await world.verifier('one', { authority: meddler.url })
    const live = await world.authority.issue()
    const refusing = async (status: number, headers: Record<string, string>, ms: number) => {
      meddler.asked.length = 0
      meddler.meddling = { answer: (path) => (path === '/feed' ? { status, headers } : undefined) }
      meddler.interrupt()
      await delay(ms)
      const times = meddler.asked.filter(({ path }) => path === '/feed').map(({ at }) => at)
      return times.slice(1).map((at, index) => at - (times[index] ?? 0))
    }
    for (const status of [500, 429]) {
      const gaps = await refusing(status, {}, 4000)
      assert.ok(gaps.length >= 2 && gaps.length <= 7, `asked ${gaps.length + 1} times`)
      assert.ok((gaps.at(-1) ?? 0) > (gaps[0] ?? 0), gaps.join())
      meddler.meddling = {}
      await until('it follows again', () => follows(node), 20_000)
    }
    const gaps = await refusing(503, { 'retry-after': '2' }, 5000)
    assert.ok(gaps.length > 0)
    for (const gap of gaps) assert.ok(gap >= 1990, gaps.join())
    assert.equal(await node.ask(live), 200)
    meddler.meddling = {}
    await until('it follows again', () => follows(node), 20_000)
  },
)

test('F5: verifiers that were interrupted together do not come back together', async (t) => {
  const stub = await openStub()
  t.after(stub.close)
  const nodes = await Promise.all(
    ['one', 'two', 'three'].map((name) =>
      makeVerifier(name, `${temporaryFolder(t)}/${name}`, {
        enrolment: stub.enrolment,
        authority: stub.url,
        promised: () => false,
        history: [],
        env: { WARDER_WORKERS: '1' },
      }),
    ),
  )
  t.after(() => Promise.all(nodes.map((node) => node.close())))
  for (const node of nodes) node.start()
  await Promise.all(nodes.map((node) => node.untilReady()))
  stub.asked.length = 0
  stub.answer = (path, response) => {
    if (path !== '/feed') return false
    response.writeHead(503).end()
    return true
  }
  stub.offer(stub.snapshot, stub.revision)
  await delay(6000)
  const times = stub.asked.filter(({ path }) => path === '/feed').map(({ at }) => at)
  assert.ok(times.length >= 9, `${times.length}`)
  // The last of each would be at one moment if all waited the same time.
  const [first = 0, , last = 0] = times.slice(-3)
  assert.ok(last - first > 50, `${last - first} ms apart`)
})

fault(
  'F32: of three verifiers the one that is cut off goes on until its time is over, and is named',
  async (world) => {
    const env = { WARDER_FRESHNESS_STALE_AFTER: '2s', WARDER_FRESHNESS_EXPIRE_AFTER: '6s' }
    const three = await Promise.all(
      ['one', 'two', 'three'].map((name) => world.verifier(name, { env })),
    )
    const [, , cut] = three
    assert.ok(cut)
    const [live, dead] = [await world.authority.issue(), await world.authority.issue()]
    cut.way.mode = 'swallow'
    const { headers } = await world.authority.revoke(dead)
    assert.equal(headers['warder-applied'], '2/3')
    const fencedAt = Date.parse(String(headers['warder-fenced-at']))
    assert.equal(await cut.node.ask(dead), 200)
    const told = await world.authority.audit()
    const entry = told.find(({ action }) => action === 'revision.applied')
    assert.deepEqual(entry?.missing, ['three'])
    const list = await world.authority.call(
      'GET',
      `/v1/organizations/${world.authority.organization()}/verifiers`,
    )
    const fleet = list.body['_embedded']?.['verifiers'] ?? []
    const revisionOf = (name: string) =>
      Number(fleet.find((each) => each['name'] === name)?.['revision'])
    assert.ok(revisionOf('three') < revisionOf('one'))

    world.promised = false
    await until('it expires', async () => (await cut.node.ask(dead)) === 503, 9000)
    assert.ok(Date.now() < fencedAt, 'it went on for longer than was said')
    assert.equal(await cut.node.ask(live), 503)
    for (const { node } of three.slice(0, 2)) assert.equal(await node.ask(live), 200)
    cut.way.mode = 'pass'
    cut.way.cut()
    await until('it is back', async () => (await cut.node.ask(live)) === 200, 20_000)
    assert.equal(await cut.node.ask(dead), 401)
  },
)

fault('F37: health says how old what is known is, and never asks for a restart', async (world) => {
  const env = { WARDER_FRESHNESS_STALE_AFTER: '2s', WARDER_FRESHNESS_EXPIRE_AFTER: '5s' }
  const { node, way } = await world.verifier('one', { env })
  const live = await world.authority.issue()
  const states: string[] = []
  way.mode = 'reset'
  way.cut()
  await until('it expires', async () => {
    const { status, text } = await node.page('/readyz')
    const { state } = JSON.parse(text) as { state: string }
    const said = `${status} ${state}`
    if (states.at(-1) !== said) states.push(said)
    assert.equal((await node.page('/livez')).status, 200)
    if (state === 'degraded') assert.match(text, /"stale"/)
    if (status === 503) world.promised = false
    await node.ask(live)
    return status === 503
  })
  assert.deepEqual(states, ['200 ready', '200 degraded', '503 not-ready'])
  const { status, headers } = await node.hook(live.token)
  assert.equal(status, 503)
  assert.match(String(headers['retry-after']), /^\d+$/)
  assert.equal((await node.page('/livez')).status, 200)
  way.mode = 'pass'
  await node.untilReady()
})
