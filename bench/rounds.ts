// A run: all targets are up; a round gives each of them the load in turn (A B C, A B C, …), so that what the
// machine does besides falls on all of them alike. Idle targets share the servers' core and use next to none of it.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { probeCall } from './load/grpc.ts'
import type { LoadGenerator, LoadResult } from './load/load.ts'
import { makeMaterial, writeRevoked, type Material, type TokenKind } from './material.ts'
import type { Options } from './options.ts'
import { treeUse, type TreeUse } from './process-time.ts'
import type { BenchRequest, Running, Target } from './target.ts'

/** What one target did in one round. */
export interface Round extends LoadResult {
  /** Processor time of the server per answer of status 200. */
  readonly cpuMicros: number
  readonly userMicros: number
  readonly systemMicros: number
  readonly rssBytes: number
  readonly requestsPerSecond: number
}

/** All rounds of one target under one load generator, or why there are none. */
export interface Outcome {
  readonly target: string
  readonly load: string
  readonly rounds: readonly Round[]
  readonly notRun?: string
}

/** Progress, for whoever waits. */
export type Say = (text: string) => void

interface Contender {
  readonly target: Target
  readonly server: Running
  readonly requests: readonly BenchRequest[]
  readonly rounds: ReadonlyMap<string, Round[]>
  trouble?: string
}

const serverCore = 0
// With three cores, two workers are not disturbed by the load.
const loadCore = Math.min(2, availableParallelism() - 1)

/** Measures targets under each load generator; ends all that it started. */
export async function measure(
  targets: readonly Target[],
  generators: readonly LoadGenerator[],
  options: Options,
  say: Say,
): Promise<readonly Outcome[]> {
  const folder = mkdtempSync(join(tmpdir(), 'warder-bench-'))
  const clean = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', clean)
  const contenders: Contender[] = []
  const outcomes: Outcome[] = []
  try {
    const workshop = createWorkshop(folder, options.tokens)
    for (const target of targets) {
      say(`starting ${target.name}`)
      const contender = await enter(target, generators, workshop)
      if (typeof contender === 'string') {
        outcomes.push({ target: target.name, load: '', rounds: [], notRun: contender })
      } else {
        contenders.push(contender)
      }
    }
    for (let number = 0; number <= options.rounds; number += 1) {
      say(number === 0 ? 'warming up' : `round ${number} of ${options.rounds}`)
      await playRound(contenders, generators, { number, options, folder })
    }
  } finally {
    await Promise.all(contenders.map(async ({ server }) => server.close()))
    clean()
    process.off('exit', clean)
  }
  const measured = contenders.flatMap((contender) => outcomesOf(contender, generators))
  return [...measured, ...outcomes]
}

function createWorkshop(folder: string, tokens: number) {
  const materials = new Map<string, Promise<Material>>()
  const lists = new Map<number, string>()
  return {
    material: async (kind: TokenKind) => {
      const key = JSON.stringify(kind)
      const material = materials.get(key) ?? makeMaterial(folder, kind, tokens)
      materials.set(key, material)
      return material
    },
    revoked: (count: number) => {
      const list = lists.get(count) ?? writeRevoked(folder, count)
      lists.set(count, list)
      return list
    },
    folderOf: (name: string) => {
      const own = join(folder, name)
      mkdirSync(own)
      return own
    },
  }
}

async function enter(
  target: Target,
  generators: readonly LoadGenerator[],
  workshop: ReturnType<typeof createWorkshop>,
): Promise<Contender | string> {
  const material = await workshop.material(target.token)
  const server = await target.start({
    folder: workshop.folderOf(target.name),
    core: serverCore,
    material,
    revoked: workshop.revoked,
  })
  if (server.kind === 'not-run') return server.reason
  const requests = material.tokens.map((token) => target.request(token))
  const protocol = requests[0]?.message === undefined ? 'http' : 'grpc'
  const loads = generators.filter(({ speaks }) => speaks === protocol).map(({ name }) => name)
  const status = await firstStatus(server.port, requests[0])
  if (status === '200' && loads.length > 0) {
    return { target, server, requests, rounds: new Map(loads.map((name) => [name, []])) }
  }
  await server.close()
  return status === '200' ? 'no load generator for it' : `answers ${status}, not 200`
}

/** What a first request is answered; a server that tries its ports before it has them may end what came meanwhile. */
async function firstStatus(port: number, request: BenchRequest | undefined): Promise<string> {
  for (let left = 20; ; left--) {
    const status = await probe(port, request)
    if (status !== 'nothing' || left === 0) return status
    await delay(50)
  }
}

async function probe(port: number, request: BenchRequest | undefined): Promise<string> {
  try {
    const { path = '/', headers = {}, message, body } = request ?? {}
    if (request && message !== undefined) return await probeCall(port, request)
    const posted = body === undefined ? {} : { method: 'POST', body }
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers, ...posted })
    await response.arrayBuffer()
    return `${response.status}`
  } catch {
    return 'nothing'
  }
}

async function playRound(
  contenders: readonly Contender[],
  generators: readonly LoadGenerator[],
  round: { readonly number: number; readonly options: Options; readonly folder: string },
): Promise<void> {
  const { number, options, folder } = round
  const seconds = number === 0 ? options.warmUpSeconds : options.seconds
  const shape = { seconds, connections: options.connections, core: loadCore, folder }
  for (const generator of generators) {
    const loaded = contenders.filter(
      ({ trouble, rounds }) => trouble === undefined && rounds.has(generator.name),
    )
    for (const contender of loaded) {
      const load = { ...shape, port: contender.server.port, requests: contender.requests }
      const result = await playOne(contender.server.pid, async () => generator.run(load))
      if (typeof result === 'string') contender.trouble = result
      else if (number > 0) contender.rounds.get(generator.name)?.push(result)
    }
  }
}

async function playOne(pid: number, run: () => Promise<LoadResult>): Promise<Round | string> {
  try {
    const before = treeUse(pid)
    const result = await run()
    return inRound(before, treeUse(pid), result)
  } catch (error) {
    return String(error)
  }
}

function inRound(before: TreeUse, after: TreeUse, result: LoadResult): Round {
  if (result.answered === 0) throw new Error('no request was answered with 200')
  const perAnswer = (millis: number) => (millis * 1000) / result.answered
  const userMicros = perAnswer(after.userMs - before.userMs)
  const systemMicros = perAnswer(after.systemMs - before.systemMs)
  return {
    ...result,
    userMicros,
    systemMicros,
    cpuMicros: userMicros + systemMicros,
    rssBytes: after.rssBytes,
    requestsPerSecond: result.answered / result.seconds,
  }
}

function outcomesOf(
  { target, rounds, trouble }: Contender,
  generators: readonly LoadGenerator[],
): readonly Outcome[] {
  if (trouble !== undefined) {
    return [{ target: target.name, load: '', rounds: [], notRun: trouble }]
  }
  return generators
    .filter(({ name }) => rounds.has(name))
    .map(({ name }) => ({ target: target.name, load: name, rounds: rounds.get(name) ?? [] }))
}
