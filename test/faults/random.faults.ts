import assert from 'node:assert/strict'
import { existsSync, readFileSync, truncateSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createPrng, type Random } from '../prng.ts'
import type { Issued } from './authority.ts'
import { isLong } from './form.ts'
import { limitFiles, startProgram, until } from './program.ts'
import type { WayMode } from './proxy.ts'
import { openWorld, type VerifierAndWay, type World } from './world.ts'

// Faults by chance, many at once, while operators and gateways go on. What must hold of the history is the same as
// ever. `FORM=long` goes on for five minutes; WARDER_SEED repeats the choices of a run.

const runMs = isLong ? 300_000 : 30_000

/** What is known of the credentials, as the operator sees it. */
interface Books {
  readonly live: Issued[]
  /** Those for which there was an answer, and those for which there was none. */
  readonly ended: Issued[]
  readonly doubtful: Issued[]
}

interface Lane {
  readonly world: World
  readonly random: Random
  readonly goesOn: () => boolean
}

const pick = <T>(random: Random, list: readonly T[]): T => {
  const chosen = list[random(list.length)]
  if (chosen === undefined) throw new TypeError('there is nothing to choose from')
  return chosen
}

/** Makes and ends credentials. */
async function operate({ world, random, goesOn }: Lane, books: Books): Promise<void> {
  const { live, ended, doubtful } = books
  while (goesOn()) {
    await delay(50 + random(300))
    if (live.length < 6 || random(3) === 0) {
      const made = await world.authority.issue().catch(() => undefined)
      if (made) live.push(made)
      continue
    }
    const [issued] = live.splice(random(live.length), 1)
    if (!issued) continue
    const { status } = await world.authority.revoke(issued)
    if (status === 204) ended.push(issued)
    else doubtful.push(issued)
  }
}

/** Asks for some of all that there is or was. */
async function askAround({ random, goesOn }: Lane, { node }: VerifierAndWay, books: Books) {
  while (goesOn()) {
    await delay(3 + random(10))
    const list = pick(random, [books.live, books.live, books.ended.slice(-20), books.doubtful])
    if (list.length > 0) await node.ask(pick(random, list))
    if (random(20) === 0) await node.status()
  }
}

/** Harms one verifier or the way to it. */
async function harmVerifier(lane: Lane, { node, way }: VerifierAndWay): Promise<void> {
  const { random, goesOn } = lane
  const harms: readonly (() => Promise<void>)[] = [
    async () => {
      way.mode = pick<WayMode>(random, ['swallow', 'reset', 'dribble'])
      if (random(2) === 0) way.cut()
      await delay(random(5000))
      way.mode = 'pass'
      way.cut()
    },
    async () => {
      node.program().signal('SIGSTOP')
      await delay(random(3000))
      node.program().signal('SIGCONT')
    },
    async () => {
      await node.end('SIGKILL')
      await delay(random(1000))
      node.start()
      await node.untilUp()
    },
    async () => {
      await node.end('SIGKILL')
      if (existsSync(node.state)) damage(random, node.state)
      node.start()
      await node.untilUp()
    },
    async () => {
      limitFiles(node.program(), 0)
      await delay(random(3000))
      limitFiles(node.program(), 'unlimited')
      // What is only in memory does not outlive a process, and was never said to.
      await untilKept(lane, node)
    },
  ]
  while (goesOn()) {
    await delay(500 + random(4000))
    await pick(random, harms)()
  }
}

/** Cuts one of the files of a state. */
function damage(random: Random, state: string): void {
  const head = JSON.parse(readFileSync(state, 'utf8')) as { generation: number }
  const part = pick(random, ['', `.${head.generation}.snapshot`, `.${head.generation}.log`])
  const file = `${state}${part}`
  truncateSync(file, random(readFileSync(file).length + 1))
}

/** Waits until what is in force is on the disk, unless there is nothing to keep. */
async function untilKept({ goesOn }: Lane, node: VerifierAndWay['node']): Promise<void> {
  await until(
    `${node.name} keeps what it knows`,
    async () => {
      const { revision } = await node.status()
      if (!existsSync(node.state)) return !goesOn()
      const head = JSON.parse(readFileSync(node.state, 'utf8')) as { revision: number }
      return !goesOn() || revision === undefined || head.revision === Number(revision)
    },
    120_000,
  )
}

/** Harms the authority. */
async function harmAuthority({ world, random, goesOn }: Lane): Promise<void> {
  const { authority } = world
  while (goesOn()) {
    await delay(2000 + random(6000))
    if (random(2) === 0) {
      await authority.end('SIGKILL')
      await delay(random(2000))
      await authority.start()
    } else {
      authority.program().signal('SIGSTOP')
      await delay(random(2500))
      authority.program().signal('SIGCONT')
    }
  }
}

test(
  `whatever faults come together, nothing that was ended passes, and nothing is lost`,
  { timeout: runMs + 240_000 },
  async (t) => {
    const random = createPrng(t)
    const world = await openWorld(t, { env: { WARDER_REVOCATION_WAIT: '500ms' } })
    const env = {
      WARDER_WORKERS: '1',
      WARDER_FRESHNESS_STALE_AFTER: '3s',
      WARDER_FRESHNESS_EXPIRE_AFTER: '15s',
    }
    const three = await Promise.all(
      ['one', 'two', 'three'].map((name) => world.verifier(name, { env })),
    )
    world.promised = false
    const books: Books = { live: [], ended: [], doubtful: [] }
    const end = performance.now() + runMs
    const lane: Lane = { world, random, goesOn: () => performance.now() < end }
    await Promise.all([
      operate(lane, books),
      harmAuthority(lane),
      ...three.flatMap((each) => [
        askAround(lane, each, books),
        askAround(lane, each, books),
        harmVerifier(lane, each),
      ]),
    ])
    for (const issued of books.doubtful) {
      const { status } = await world.authority.revoke(issued)
      assert.ok(status === 204 || status === 404, `${status}`)
    }
    await Promise.all(three.map(({ node }) => node.untilReady()))
    for (const { node } of three) {
      for (const issued of books.live) assert.equal(await node.ask(issued), 200)
      for (const issued of [...books.ended, ...books.doubtful]) {
        assert.equal(await node.ask(issued), 401)
      }
    }
    await world.check()
    holdLive(world, books)
    const asked = world.history.filter(({ kind }) => kind === 'asked').length
    t.diagnostic(`${asked} questions, ${books.ended.length} revocations`)
    assert.ok(asked > runMs / 100)
    assert.ok(books.ended.length > 5)
    const { folder, env: as } = world.authority
    const audit = startProgram({ words: 'audit verify', folder, env: as })
    assert.equal(await audit.end('SIGCONT'), 0, audit.log())
  },
)

/** What is live was answered with nothing worse than that nobody could tell. */
function holdLive({ history }: World, { live }: Books): void {
  const ids = new Set(live.map(({ id }) => id))
  for (const each of history) {
    if (each.kind === 'asked' && ids.has(each.credential)) assert.notEqual(each.status, 401)
  }
}
