import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import type { Issued } from './authority.ts'
import { cut, damageAgain, damages, partOf } from './damages.ts'
import { isLong } from './form.ts'
import { limitFiles, until } from './program.ts'
import { makeVerifier, type VerifierNode, type VerifierOptions } from './verifier.ts'
import { fault, keepAsking, type World } from './world.ts'

// The disk is not what it was, or the process is not.

const nobody = 'http://127.0.0.1:9'

/** What a verifier knows, and how to start others that find the same on their disks and no authority. */
async function known(world: World) {
  const enrolment = await world.authority.enrol('known')
  const options = {
    enrolment,
    authority: `http://127.0.0.1:${world.authority.port}`,
    promised: () => world.promised,
    history: world.history,
  }
  const node = await makeVerifier('known', join(world.folder, 'known'), options)
  world.after(() => node.close())
  node.start()
  await node.untilReady()
  const live = await world.authority.issue()
  const dead: Issued[] = []
  for (let at = 0; at < 5; at++) {
    const issued = await world.authority.issue()
    const { headers } = await world.authority.revoke(issued)
    assert.equal(headers['warder-applied'], '1/1')
    dead.push(issued)
  }
  const folder = dirname(node.state)
  let count = 0
  const copy = async (more: Partial<VerifierOptions> = {}): Promise<VerifierNode> => {
    const name = `copy-${count++}`
    const other = await makeVerifier(name, join(world.folder, name), {
      ...options,
      authority: nobody,
      ...more,
    })
    world.after(() => other.close())
    cpSync(folder, dirname(other.state), { recursive: true })
    return other
  }
  return { node, live, dead, copy, folder, options }
}

fault(
  'F13: with a good state and no authority a verifier serves within seconds, and lets nobody in again',
  async (world) => {
    const { node, live, dead } = await known(world)
    await node.end('SIGKILL')
    await world.authority.end('SIGKILL')
    world.promised = false
    const began = performance.now()
    node.start()
    await until('it serves', async () => (await node.ask(live)) === 200, 20_000)
    const took = performance.now() - began
    assert.ok(took < 10_000, `${took} ms`)
    world.promised = true
    for (const issued of dead) assert.equal(await node.ask(issued), 401)
    for (let at = 0; at < 100; at++) await node.ask(live)
    await world.authority.start()
  },
)

fault(
  'F14: with no state and no authority it says so, and needs no restart when there is one',
  async (world) => {
    const { node, live, dead, folder } = await known(world)
    await node.end('SIGKILL')
    await world.authority.end('SIGKILL')
    for (const file of readdirSync(folder)) rmSync(join(folder, file))
    world.promised = false
    node.start()
    await node.untilUp()
    await until('it answers', async () => (await node.ask(live)) !== undefined)
    const { status, headers } = await node.hook(live.token)
    assert.equal(status, 503)
    assert.match(String(headers['retry-after']), /^\d+$/)
    assert.match((await node.page('/readyz')).text, /not-ready.*no standing/)
    assert.equal((await node.page('/livez')).status, 200)
    await world.authority.start()
    await until('it serves', async () => (await node.ask(live)) === 200, 40_000)
    for (const issued of dead) assert.equal(await node.ask(issued), 401)
  },
)

const mode = (...words: readonly string[]) => spawnSync('chmod', [...words])

/** It listens once it has tried the authority for a while; then it would serve what it had loaded. */
async function untilTried(node: VerifierNode, live: Issued): Promise<void> {
  const answers = async () => {
    assert.ok(node.program().running(), node.program().log())
    return (await node.ask(live)) !== undefined
  }
  await until('it answers', answers, 20_000)
  await delay(300)
}

fault(
  'F15: a state that is damaged in any way is not loaded, ends no process, and is kept',
  async (world) => {
    const { copy, live, dead, options } = await known(world)
    await world.authority.revoke(await world.authority.issue())
    world.promised = false
    const [sample] = dead
    assert.ok(sample)
    const names = [...damages.keys()]
    const one = async (name: string) => {
      const node = await copy({ env: { WARDER_WORKERS: '1' } })
      const folder = dirname(node.state)
      damages.get(name)?.(folder)
      node.start()
      await untilTried(node, live)
      assert.ok(node.program().running(), `${name}: ${node.program().log()}`)
      assert.deepEqual([await node.ask(live), await node.ask(sample)], [503, 503], name)
      assert.equal((await node.page('/livez')).status, 200, name)
      const kept = readdirSync(folder).filter((file) => file.endsWith('.broken'))
      assert.ok(kept.includes('state.broken'), `${name}: ${kept.join()}`)
      await node.end('SIGKILL')
      if (!isLong && names.length % 4 !== 0) return
      // And once more, where the first one was put aside: still no crash, and the authority mends it.
      const again = await makeVerifier(`${node.name} again`, node.folder, {
        ...options,
        env: { WARDER_WORKERS: '1' },
      })
      damageAgain(folder)
      again.start()
      await until(`${name}: it serves`, async () => (await again.ask(live)) === 200, 30_000)
      assert.equal(await again.ask(sample), 401)
      await again.end('SIGKILL')
    }
    const lanes = Array.from({ length: 3 }, async () => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) await one(name)
    })
    await Promise.all(lanes)
  },
)

fault('F15: a state that may not be read is not loaded, and ends no process', async (world) => {
  const { copy, live } = await known(world)
  world.promised = false
  // Whoever may read everything has to be somebody else for once.
  const isRoot = process.getuid?.() === 0
  const as = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  const node = await copy(isRoot ? { through: as } : {})
  const folder = dirname(node.state)
  mode('755', world.folder, node.folder)
  mode('000', node.state)
  mode('555', folder)
  node.start()
  await untilTried(node, live)
  assert.ok(node.program().running(), node.program().log())
  assert.equal(await node.ask(live), 503)
  assert.match(node.program().log(), /could not be put aside/)
  mode('755', folder)
})

fault(
  'F16: whenever a verifier is killed while it writes, it finds the old or the new',
  async (world, t) => {
    const { node, live } = await known(world)
    const rounds = isLong ? 500 : 15
    const acknowledged: Issued[] = []
    const stopping = new AbortController()
    const revoking = async () => {
      while (!stopping.signal.aborted) {
        const issued = await world.authority.issue()
        const { headers } = await world.authority.revoke(issued)
        if (headers['warder-applied'] === '1/1') acknowledged.push(issued)
      }
    }
    world.promised = false
    const work = [revoking(), revoking()]
    for (let round = 0; round < rounds; round++) {
      await until('it is up', async () => (await node.ask(live)) === 200, 20_000)
      await delay(20 + ((round * 37) % 200))
      await node.end('SIGKILL')
      assert.ok(!existsSync(`${node.state}.broken`), node.program().log())
      node.start()
    }
    stopping.abort()
    await Promise.all(work)
    await node.end('SIGKILL')
    // Alone it refuses all that it had said to have applied.
    await world.authority.end('SIGKILL')
    node.start()
    await until('it serves alone', async () => (await node.ask(live)) === 200, 20_000)
    assert.doesNotMatch(node.program().log(), /cannot be used/)
    for (const issued of acknowledged) assert.equal(await node.ask(issued), 401)
    t.diagnostic(`${rounds} kills, ${acknowledged.length} revocations acknowledged`)
    assert.ok(acknowledged.length > rounds, `${acknowledged.length} were acknowledged`)
    await world.authority.start()
  },
  { env: { WARDER_REVOCATION_WAIT: '300ms' } },
)

fault('F17: of files of different times a verifier makes no state of its own', async (world) => {
  const { node, live, dead, copy, folder } = await known(world)
  const [sample] = dead
  assert.ok(sample)
  const before = join(world.folder, 'before')
  cpSync(folder, before, { recursive: true })
  const late = await world.authority.issue()
  await world.authority.revoke(late)
  await until('it is written', async () => (await node.ask(late)) === 401)
  world.promised = false
  // What was not synced is gone: some files are of now, the others of before.
  for (const [name, old, loads] of [
    ['all of before', ['state', '.log', '.snapshot'], true],
    ['the head of before', ['state'], true],
    ['the log of before', ['.log'], false],
    ['no end of the log', [], false],
  ] as const) {
    const other = await copy()
    const own = dirname(other.state)
    for (const end of old) cpSync(partOf(before, end), partOf(own, end))
    if (old.length === 0) cut(partOf(own, '.log'), (length) => length - 100)
    other.start()
    await other.untilUp()
    const wanted = loads ? 200 : 503
    await until(name, async () => (await other.ask(live)) === wanted, 10_000)
    if (!loads) await untilTried(other, live)
    assert.equal(await other.ask(live), wanted, name)
    assert.equal(await other.ask(sample), loads ? 401 : 503, name)
    await other.end('SIGKILL')
  }
})

fault(
  'F18: a disk that takes nothing changes no answer, is told, and is used again when it does',
  async (world) => {
    const { node, live, dead } = await known(world)
    const load = keepAsking([node], [live, ...dead], 10)
    limitFiles(node.program(), 0)
    const late = await world.authority.issue()
    const { status, headers } = await world.authority.revoke(late)
    // It is in force, but would not outlive the process: nobody is told that it was applied.
    assert.deepEqual([status, headers['warder-applied']], [204, '0/1'])
    assert.equal(await node.ask(late), 401)
    assert.ok((await node.metric('warder_state_file_failures_total')) > 0)
    assert.equal(await node.ask(live), 200)
    limitFiles(node.program(), 'unlimited')
    await until(
      'it is on the disk',
      async () => {
        const next = await world.authority.issue()
        return (await world.authority.revoke(next)).headers['warder-applied'] === '1/1'
      },
      30_000,
    )
    await load.stop()
    await node.end('SIGKILL')
    await world.authority.end('SIGKILL')
    world.promised = false
    node.start()
    await until('it serves alone', async () => (await node.ask(live)) === 200, 20_000)
    assert.equal(await node.ask(late), 401)
    await world.authority.start()
  },
)
