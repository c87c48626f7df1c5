import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { temporaryFolder } from '../temporary-folder.ts'
import {
  startAuthority,
  type AuthorityNode,
  type AuthorityOptions,
  type Issued,
} from './authority.ts'
import { violations, type Happening } from './history.ts'
import { isLong } from './form.ts'
import { until } from './program.ts'
import { openWay, type Way } from './proxy.ts'
import { makeVerifier, type VerifierNode, type VerifierOptions } from './verifier.ts'

// An installation as it is operated, in processes of its own, with a way between authority and verifiers over which
// faults can happen, and the history of it all.

export interface World {
  readonly authority: AuthorityNode
  readonly history: Happening[]
  readonly folder: string
  /** Enrols a verifier that reaches the authority over a way of its own, and starts it. */
  readonly verifier: (name: string, options?: WorldVerifierOptions) => Promise<VerifierAndWay>
  /** Whether a live credential must be allowed now. */
  promised: boolean
  /** Holds the history to what must always be so. */
  readonly check: () => Promise<void>
  readonly after: (end: () => unknown) => void
}

export type WorldVerifierOptions = Partial<VerifierOptions> & { readonly start?: boolean }

export interface VerifierAndWay {
  readonly node: VerifierNode
  readonly way: Way
}

/** Opens an installation for a test; all of it ends with the test. */
export async function openWorld(t: TestContext, options: AuthorityOptions = {}): Promise<World> {
  const folder = temporaryFolder(t)
  const history: Happening[] = []
  const ends: (() => unknown)[] = []
  t.after(async () => {
    for (const end of ends.splice(0).toReversed()) await end()
  })
  const authority = await startAuthority(`${folder}/authority`, history, options)
  ends.push(() => authority.end('SIGKILL'))
  const world: World = {
    authority,
    history,
    folder,
    promised: true,
    after: (end) => void ends.push(end),
    async verifier(name, { start = true, ...more } = {}) {
      const way = await openWay(authority.port)
      ends.push(way.close)
      const node = await makeVerifier(name, `${folder}/${name}`, {
        enrolment: await authority.enrol(name),
        authority: way.url,
        promised: () => world.promised,
        history,
        ...more,
      })
      ends.push(() => node.close())
      if (start) {
        node.start()
        await node.untilReady()
      }
      return { node, way }
    },
    async check() {
      assert.deepEqual(violations(history, await authority.audit()), [])
    },
  }
  return world
}

/** A test of one row of the fault table: opens an installation, and holds its whole history to the oracles. */
export function fault(
  title: string,
  body: (world: World, t: TestContext) => Promise<void>,
  options: AuthorityOptions = {},
): void {
  test(title, { timeout: isLong ? 1_800_000 : 120_000 }, async (t) => {
    const world = await openWorld(t, options)
    await body(world, t)
    await world.check()
  })
}

/**
 * Goes on asking with some credentials at some nodes until told to stop, or until a node is ended for good, as where a
 * test has failed; each has its own line.
 */
export function keepAsking(
  nodes: readonly VerifierNode[],
  credentials: readonly Issued[],
  everyMs = 5,
): { readonly stop: () => Promise<void> } {
  const stopping = new AbortController()
  const line = async (node: VerifierNode, issued: Issued) => {
    while (!stopping.signal.aborted && !node.closed()) {
      await node.ask(issued)
      await delay(everyMs)
    }
  }
  const lines = nodes.flatMap((node) => credentials.map((issued) => line(node, issued)))
  return {
    async stop() {
      stopping.abort()
      await Promise.all(lines)
    },
  }
}

/** Waits until a node refuses a credential. */
export async function untilRefused(node: VerifierNode, issued: Issued): Promise<void> {
  await until(`${node.name} refuses`, async () => (await node.ask(issued)) === 401)
}
