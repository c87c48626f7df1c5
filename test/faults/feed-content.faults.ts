import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createGzip, gunzipSync, gzipSync } from 'node:zlib'
import { temporaryFolder } from '../temporary-folder.ts'
import { isHeartbeat, openMeddler, payloadOf, type Meddler } from './meddler.ts'
import { until } from './program.ts'
import { feedKey, openStub, signLine, type StubAuthority } from './stub-authority.ts'
import { makeVerifier, percentile, type VerifierNode } from './verifier.ts'
import { fault, keepAsking, untilRefused, type World } from './world.ts'

// The authority answers, and what it says is not what it has to be.

const failures = (node: VerifierNode) => node.metric('warder_feed_failures_total')
const follows = async (node: VerifierNode) => (await node.metric('warder_feed_connected')) === 1

/** A verifier whose authority is spoken for by somebody else. */
async function meddled(world: World) {
  const meddler = await openMeddler(world.authority.port)
  world.after(meddler.close)
  const { node } = await world.verifier('one', { authority: meddler.url })
  return { meddler, node }
}

/** Lets the verifier be told something; it must fail at it, and stay as it was until the lies end. */
async function mustFail(node: VerifierNode, meddler: Meddler, meddling: Meddler['meddling']) {
  const before = await failures(node)
  const revision = (await node.status())['revision']
  const written = node.program().log().length
  meddler.meddling = meddling
  meddler.interrupt()
  await until('it is counted', async () => (await failures(node)) >= before + 2, 20_000)
  // That it is too far behind is what it is told to get there; it must have failed at what it got.
  await until('it is said', () => /"why":"(?!gap")/.test(node.program().log().slice(written)))
  assert.equal((await node.status())['revision'], revision)
  await recover(node, meddler)
}

/** Stops the lies. */
async function recover(node: VerifierNode, meddler: Meddler) {
  meddler.meddling = {}
  meddler.interrupt()
  await until('it follows again', () => follows(node), 40_000)
}

const inside = (change: (bytes: Buffer) => Buffer) => (bytes: Buffer) =>
  gzipSync(change(gunzipSync(bytes)))

/** An authority that is away but for the reports of verifiers. */
const takesReports = (path: string) => (path === '/feed/status' ? undefined : { status: 503 })

const tooFarBehind = (path: string) => (path === '/feed' ? { status: 410 } : undefined)

fault(
  'F6: whatever is no feed and no snapshot leaves what is known in force, and counts',
  async (world) => {
    const { meddler, node } = await meddled(world)
    const [live, dead] = [await world.authority.issue(), await world.authority.issue()]
    await world.authority.revoke(dead)
    const load = keepAsking([node], [live, dead], 20)
    const html = { 'content-type': 'text/html' }
    const ndjson = { 'content-type': 'application/x-ndjson' }
    const line = meddler.heard.find(isHeartbeat) ?? ''
    for (const said of [
      { status: 200, headers: html, body: '<html>Sign in to the network</html>' },
      { status: 200, headers: ndjson, body: '' },
      { status: 200, headers: ndjson, body: '{"kind":"heartbeat","revi' },
      { status: 200, headers: ndjson, body: '{}\n' },
      { status: 200, headers: ndjson, body: `${line.slice(0, line.length / 2)}\n` },
      { status: 204 },
    ]) {
      await mustFail(node, meddler, { answer: (path) => (path === '/feed' ? said : undefined) })
      await recover(node, meddler)
    }
    for (const body of ['', '<html></html>', '{"revoked":[]}', gzipSync('{"revoked":[]}\n{}')]) {
      const answer = (path: string) =>
        path === '/feed/snapshot' ? { status: 200, body } : tooFarBehind(path)
      await mustFail(node, meddler, { answer })
    }
    await recover(node, meddler)
    await load.stop()
  },
)

test('F7: an empty standing counts only if it is signed and newer', async (t) => {
  const { stub, node } = await stubbed(t)
  const [live, dead] = [stub.issue(), stub.issue()]
  const right = () => {
    stub.offer(stub.encode({ revision: 5, revoked: [dead.id] }), 5)
    return until('it follows', async () => (await follows(node)) && !stub.gone, 20_000)
  }
  await right()
  await until('it is revoked', async () => (await node.ask(dead)) === 401)
  const empty = stub.encode({ revision: 4 })
  for (const bytes of [
    gzipSync('{}\n{}'),
    gzipSync(`${JSON.stringify({ revision: 9, counts: { revoked: 0 } })}\n{"segments":[]}\n`),
    stub.encode({ revision: 9, key: feedKey() }),
    empty,
  ]) {
    const before = await failures(node)
    stub.offer(bytes, 5)
    await until('it is counted', async () => (await failures(node)) > before + 1, 20_000)
    assert.deepEqual([await node.ask(dead), await node.ask(live)], [401, 200])
    await right()
  }
  stub.offer(stub.encode({ revision: 6 }), 6)
  await until('it is true now', async () => (await node.ask(dead)) === 200, 40_000)
})

fault('F8: what was true once is not taken again, not even after a restart', async (world) => {
  const { meddler, node } = await meddled(world)
  const [live, dead] = [await world.authority.issue(), await world.authority.issue()]
  const old = meddler.snapshot
  const oldLines = meddler.heard.filter(isHeartbeat)
  assert.ok(old)
  assert.equal((await world.authority.revoke(dead)).headers['warder-applied'], '1/1')
  const replayed: Meddler['meddling'] = {
    answer: (path) => (path === '/feed/snapshot' ? { status: 200, body: old } : tooFarBehind(path)),
  }
  await mustFail(node, meddler, replayed)
  await mustFail(node, meddler, { lines: () => oldLines })
  assert.equal(await node.ask(dead), 401)
  world.promised = false
  meddler.meddling = replayed
  await node.end('SIGKILL')
  node.start()
  await until('it serves from the disk', async () => (await node.ask(live)) === 200, 20_000)
  assert.equal(await node.ask(dead), 401)
  meddler.meddling = { lines: () => oldLines }
  await delay(2500)
  assert.equal(await node.ask(dead), 401)
  await recover(node, meddler)
})

/** What becomes of two lines that come one after the other. */
const misfits: Readonly<Record<string, (first: string, second: string) => readonly string[]>> = {
  'the first is missing': (_, second) => [second],
  'the first is doubled': (first, second) => [first, first, second],
  'they are swapped': (first, second) => [second, first],
}

for (const [what, misfit] of Object.entries(misfits)) {
  fault(`F9: a line is never built upon what it does not follow: ${what}`, async (world) => {
    const { meddler, node } = await meddled(world)
    const [live, ...ended] = await Promise.all([1, 2, 3].map(() => world.authority.issue()))
    assert.ok(live)
    for (const issued of [live, ...ended]) assert.equal(await node.ask(issued), 200)
    const before = [await failures(node), Number((await node.status())['revision'])] as const

    // Nothing else can tell it: no heartbeat comes in between, and no snapshot mends it yet.
    const held: string[] = []
    const lines = (line: string) => {
      if (isHeartbeat(line)) return held.length === 0 ? [line] : []
      const [first, second] = [...held, line]
      held.push(line)
      return held.length === 2 && first && second ? misfit(first, second) : []
    }
    meddler.meddling = { lines, answer: takesReports }
    const answers = await Promise.all(ended.map((issued) => world.authority.revoke(issued)))
    await until('it is noticed', async () => (await failures(node)) > before[0])
    assert.equal(held.length, 2)
    assert.match(node.program().log(), /"why":"gap".*"the feed is interrupted/)

    // What it says to be at is what it judges by, all of it and no more.
    const entries = await world.authority.audit()
    const revision = Number((await node.status())['revision'])
    assert.equal(revision - before[1], what === 'the first is doubled' ? 1 : 0)
    for (const issued of ended) {
      const named = ({ action, target }: (typeof entries)[number]) =>
        action === 'credential.revoke' && target.includes(issued.id)
      const at = entries.find(named)?.revision
      assert.ok(at !== undefined && at > before[1])
      assert.equal(await node.ask(issued), at <= revision ? 401 : 200)
    }
    const said = answers.map(({ headers }) => headers['warder-applied'])
    // On a busy machine that it was applied is told too late to be said; that it was, when it was not, never.
    assert.ok(said.filter((applied) => applied === '1/1').length <= revision - before[1])
    assert.equal(await node.ask(live), 200)

    await recover(node, meddler)
    for (const issued of ended) await untilRefused(node, issued)
    assert.equal(await node.ask(live), 200)
  })
}

fault('F9: a feed that never fits does not make a verifier ask without a pause', async (world) => {
  const { meddler, node } = await meddled(world)
  const lost = await world.authority.issue()
  await world.authority.revoke(await world.authority.issue())
  meddler.meddling = { answer: tooFarBehind }
  meddler.asked.length = 0
  meddler.interrupt()
  await delay(5000)
  const snapshots = meddler.asked.filter(({ path }) => path === '/feed/snapshot').length
  assert.ok(snapshots >= 1 && snapshots <= 6, `${snapshots} snapshots in five seconds`)
  assert.equal(await node.ask(lost), 200)
  await recover(node, meddler)
})

fault('F10: a part of a snapshot is none', async (world) => {
  const { meddler, node } = await meddled(world)
  const [live, dead] = [await world.authority.issue(), await world.authority.issue()]
  await world.authority.revoke(dead)
  const load = keepAsking([node], [live, dead], 20)
  for (const snapshot of [
    (bytes: Buffer) => bytes.subarray(0, bytes.length - 20),
    (bytes: Buffer) => bytes.subarray(0, bytes.length / 2),
    inside((bytes) => bytes.subarray(0, bytes.length - 16)),
    inside((bytes) => Buffer.concat([bytes, Buffer.alloc(16)])),
    inside((bytes) =>
      Buffer.from(bytes.toString('latin1').replace('"count":', '"count":1'), 'latin1'),
    ),
    inside((bytes) => {
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
      return bytes
    }),
  ]) {
    await mustFail(node, meddler, { answer: tooFarBehind, snapshot })
    assert.equal(await node.ask(dead), 401)
  }
  await load.stop()
})

fault(
  'F11: what a stranger signed, or signed in another way, is refused and told',
  async (world) => {
    const { meddler, node } = await meddled(world)
    const [live, dead] = [await world.authority.issue(), await world.authority.issue()]
    await world.authority.revoke(dead)
    const stranger = feedKey()
    const said = () => ({ ...payloadOf(meddler.heard.find(isHeartbeat) ?? ''), at: Date.now() })
    const [header = ''] = (meddler.heard[0] ?? '').split('.')
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }
    for (const forged of [
      () => signLine(stranger, said()),
      () => signLine(stranger, said(), { kid }),
      () => signLine(stranger, said(), { kid, alg: 'none' }),
      () => signLine(stranger, said(), { kid, alg: 'HS256' }),
      (line: string) => line.slice(0, line.lastIndexOf('.') + 1),
      (line: string) =>
        line.replace(/^[^.]*/, encoded({ alg: 'none', kid, typ: 'warder-feed+jwt' })),
      (line: string) => line.replace(/^[^.]*/, encoded({ alg: 'EdDSA', kid, typ: 'JWT' })),
    ]) {
      await mustFail(node, meddler, { lines: (line) => [forged(line)] })
      assert.deepEqual([await node.ask(live), await node.ask(dead)], [200, 401])
    }
    const snapshot = (bytes: Buffer) => {
      const text = gunzipSync(bytes)
      const end = text.indexOf('\n')
      const manifest = signLine(stranger, payloadOf(text.subarray(0, end).toString()), { kid })
      return gzipSync(Buffer.concat([Buffer.from(manifest), text.subarray(end)]))
    }
    await mustFail(node, meddler, { answer: tooFarBehind, snapshot })
    assert.match(node.program().log(), /"why":"untrusted".*"the feed is interrupted/)
    await recover(node, meddler)
  },
)

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

async function stubbed(t: TestContext) {
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
  return { stub, node }
}

/** The most memory that a process has had, in mebibytes. */
function memoryMiB({ pid }: { readonly pid: number }): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1]) / 1024
}

/** Gives a gibibyte that takes no room, behind something that could be a manifest. */
function bomb(stub: StubAuthority): void {
  stub.answer = (path, response) => {
    if (path !== '/feed/snapshot') return false
    const gzip = createGzip({ level: 1 })
    gzip.pipe(response)
    gzip.on('error', () => undefined)
    gzip.write('x.y.z\n')
    const zeros = Buffer.alloc(1 << 20)
    let left = 1024
    const pour = () => {
      while (left-- > 0) if (!gzip.write(zeros)) return void gzip.once('drain', pour)
      gzip.end()
    }
    response.on('close', () => gzip.destroy())
    pour()
    return true
  }
}

test(
  'F12: more than is taken is not taken, and costs no memory beyond it',
  { timeout: 120_000 },
  async (t) => {
    const { stub, node } = await stubbed(t)
    const [live, dead] = [stub.issue(), stub.issue()]
    stub.offer(stub.encode({ revision: 5, revoked: [dead.id] }), 5)
    await until('it is revoked', async () => (await node.ask(dead)) === 401)
    const before = await failures(node)
    const load = keepAsking([node], [{ ...live }], 20)
    bomb(stub)
    stub.offer(stub.snapshot, 6)
    await until('it is refused', async () => (await failures(node)) > before + 1, 60_000)
    await until('it is told', () => node.program().log().includes('"why":"too-large"'))
    await load.stop()
    assert.ok(memoryMiB(node.program()) < 700, `${memoryMiB(node.program())} MiB`)
    assert.deepEqual([await node.ask(live), await node.ask(dead)], [200, 401])
    assert.ok(percentile(node.took(), 99) < 1000)

    stub.answer = (path, response) => {
      if (path !== '/feed') return false
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      response.write(Buffer.alloc(8 << 20, 'x'))
      return true
    }
    const told = await failures(node)
    await until(
      'a line without an end is refused',
      async () => (await failures(node)) > told,
      40_000,
    )
    assert.deepEqual([await node.ask(live), await node.ask(dead)], [200, 401])
  },
)
