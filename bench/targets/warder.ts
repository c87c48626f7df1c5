import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { coresFrom, freePort, launchServer } from '../launch.ts'
import { algorithms, audience, issuer, joseName, type Algorithm } from '../material.ts'
import { checkCall, hookRequest, sidebandRequest } from '../requests.ts'
import type { Bench, BenchRequest, NotRun, Running, Target } from '../target.ts'

interface Variant {
  readonly name: string
  readonly about: string
  readonly algorithm: Algorithm
  readonly revoked: number
  /** Further settings, as JSON, which YAML contains. */
  readonly settings: Readonly<Record<string, unknown>>
  /** What is asked of it; a hook over HTTP if not told. */
  readonly request?: (token: string) => BenchRequest
  /** On cores of their own, as far as there are any; one if not told. */
  readonly workers?: number
}

const start = join(import.meta.dirname, '../../src/start.js')
const known: readonly Variant[] = algorithms.map((algorithm) => ({
  name: `warder-${algorithm.toLowerCase()}`,
  about: `warder verifier, one worker, 100,000 revoked ids, ${algorithm}`,
  algorithm,
  revoked: 100_000,
  settings: {},
}))
// A proof cache far smaller than the tokens in turn: each of them is seen for the first time, again and again.
const firstSeen: readonly Variant[] = known.map((variant) => ({
  ...variant,
  name: variant.name.replace('warder-', 'warder-first-seen-'),
  about: `${variant.about}, proof cache of 16: every token is first seen`,
  settings: { proofCache: { max: 16 } },
}))
const sweep: readonly Variant[] = [0, 1_000_000].map((revoked) => ({
  name: `warder-revoked-${revoked}`,
  about: `warder verifier, one worker, ${revoked.toLocaleString('en')} revoked ids, RS256-3072`,
  algorithm: 'RS256-3072',
  revoked,
  settings: {},
}))

const twoWorkers: Variant = {
  name: 'warder-two-workers',
  about: 'warder verifier, two workers on two cores, 100,000 revoked ids, RS256-3072',
  algorithm: 'RS256-3072',
  revoked: 100_000,
  settings: {},
  workers: 2,
}

const grpc: Variant = {
  name: 'warder-grpc-rs256-3072',
  about: 'warder verifier over gRPC, one worker, 100,000 revoked ids, RS256-3072',
  algorithm: 'RS256-3072',
  revoked: 100_000,
  settings: {},
  request: checkCall,
}

const sideband: Variant = {
  name: 'warder-sideband-rs256-3072',
  about:
    'warder verifier asked by the sideband API, body of 1 KiB, 100,000 revoked ids, RS256-3072',
  algorithm: 'RS256-3072',
  revoked: 100_000,
  settings: {},
  request: sidebandRequest,
}

const variants = [...known, twoWorkers, ...sweep, ...firstSeen, grpc, sideband]

/** Warder's verifier, alone, in each variant that a promise is made about. */
export const warder: readonly Target[] = variants.map((variant) => ({
  name: variant.name,
  about: variant.about,
  token: { algorithm: variant.algorithm, expires: false },
  request: variant.request ?? hookRequest,
  start: async (bench: Bench) => startVerifier(bench, variant),
}))

/** Starts a verifier with one worker and whatever is revoked. */
export async function startAlone(bench: Bench): Promise<Running> {
  const [plain] = sweep
  if (!plain) throw new TypeError('there is no variant')
  const started = await startVerifier(bench, plain)
  if (started.kind === 'running') return started
  throw new Error(started.reason)
}

async function startVerifier(bench: Bench, variant: Variant): Promise<Running | NotRun> {
  const [port, other, operations] = [await freePort(), await freePort(), await freePort()]
  const [http, grpcPort] = variant.request === checkCall ? [other, port] : [port, undefined]
  const { workers = 1 } = variant
  const file = join(bench.folder, 'warder.yaml')
  writeFileSync(file, JSON.stringify(configuration(bench, variant), null, 2))
  return launchServer([process.execPath, start, 'verifier', '--config', file], port, {
    core: coresFrom(bench.core, workers),
    cwd: bench.folder,
    env: {
      WARDER_LISTEN_HTTP: `127.0.0.1:${http}`,
      WARDER_LISTEN_OPS: `127.0.0.1:${operations}`,
      WARDER_LISTEN_GRPC: grpcPort === undefined ? 'off' : `127.0.0.1:${grpcPort}`,
      WARDER_LISTEN_SPOE: 'off',
      WARDER_WORKERS: `${workers}`,
      WARDER_LOG_LEVEL: 'warn',
    },
  })
}

/** How a verifier is started that asks nothing of its environment. */
export function verifierCommand(bench: Bench, port: number): readonly string[] {
  const file = join(bench.folder, 'warder.yaml')
  const listen = { http: `127.0.0.1:${port}`, ops: 'off', grpc: 'off', spoe: 'off' }
  const usual = configuration(bench, sideband)
  writeFileSync(file, JSON.stringify({ ...usual, listen, workers: 1, log: { level: 'warn' } }))
  return [process.execPath, start, 'verifier', '--config', file]
}

function configuration({ material, revoked }: Bench, variant: Variant) {
  const trust = {
    issuer,
    jwks: material.jwks,
    audience,
    algorithms: [joseName(variant.algorithm)],
    revoked: revoked(variant.revoked),
  }
  return { trust: [trust], ...variant.settings }
}
