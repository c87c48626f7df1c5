import type { Target } from './target.ts'
import { bareNode, barePost, bareTwoWorkers, bareVerify } from './targets/bare.ts'
import { asking } from './targets/asking.ts'
import { bareGrpc } from './targets/grpc.ts'
import { haproxy, nginx } from './targets/peers.ts'
import { warder } from './targets/warder.ts'

/** A promise about processor time per request: one target against another. */
export interface Comparison {
  readonly target: string
  readonly against: string
  /** The ratio that is promised. */
  readonly reach?: number
}

/** A promise about processor time per request that compares with nothing; it means a machine that is left alone. */
export interface Budget {
  readonly target: string
  readonly micros: number
}

export const budgets: readonly Budget[] = [
  { target: 'warder-grpc-rs256-3072', micros: 30 },
  { target: 'warder-sideband-rs256-3072', micros: 30 },
]

/** Everything that can be measured, in the order in which it is. */
export const targets: readonly Target[] = [
  bareNode,
  bareTwoWorkers,
  barePost,
  nginx,
  ...bareVerify,
  ...haproxy,
  ...bareGrpc,
  ...warder,
  ...asking,
]

/** What is put beside what. */
export const comparisons: readonly Comparison[] = [
  { target: 'warder-rs256-3072', against: 'bare-node', reach: 1.15 },
  { target: 'warder-rs256-3072', against: 'nginx' },
  { target: 'warder-rs256-2048', against: 'haproxy-rs256-2048', reach: 0.5 },
  { target: 'warder-rs256-3072', against: 'haproxy-rs256-3072', reach: 0.5 },
  { target: 'warder-two-workers', against: 'warder-rs256-3072', reach: 1.1 },
  { target: 'bare-node-two-workers', against: 'bare-node' },
  { target: 'warder-revoked-1000000', against: 'warder-revoked-0', reach: 1.05 },
  ...['rs256-2048', 'rs256-3072', 'es256', 'eddsa'].map((algorithm) => ({
    target: `warder-first-seen-${algorithm}`,
    against: `bare-verify-${algorithm}`,
    reach: 1.3,
  })),
  { target: 'warder-grpc-rs256-3072', against: 'bare-grpc-js', reach: 1 },
  { target: 'warder-grpc-rs256-3072', against: 'bare-http2' },
  { target: 'warder-sideband-rs256-3072', against: 'bare-post' },
  { target: 'nginx-asks-warder', against: 'nginx-asks-static', reach: 1.3 },
  { target: 'nginx-asks-warder', against: 'nginx-asks-nginx', reach: 1.3 },
  { target: 'bare-node', against: 'nginx' },
  { target: 'bare-node', against: 'haproxy-rs256-2048' },
  { target: 'bare-node', against: 'haproxy-rs256-3072' },
]

/** The targets whose names are, or begin with, one of the words; all for no words. */
export function selectTargets<T extends { readonly name: string }>(
  all: readonly T[],
  words: readonly string[],
): readonly T[] {
  const chosen = (name: string) =>
    words.some((word) => name === word || name.startsWith(`${word}-`))
  const unknown = words.find(
    (word) => !all.some(({ name }) => name === word || name.startsWith(`${word}-`)),
  )
  if (unknown !== undefined) throw new TypeError(`no target is called "${unknown}"`)
  return words.length === 0 ? all : all.filter(({ name }) => chosen(name))
}
