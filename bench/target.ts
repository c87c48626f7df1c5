import type { Material, TokenKind } from './material.ts'

/** One request, as the load generators send it. */
export interface BenchRequest {
  /** The message of a call over gRPC, in base64; without it the request goes over HTTP/1.1. */
  readonly message?: string
  readonly path: string
  /** What is posted; without it the request is a GET. */
  readonly body?: string
  readonly headers: Readonly<Record<string, string>>
}

/** What a target may use when it starts. */
export interface Bench {
  /** A folder of the target's own, removed after the run. */
  readonly folder: string
  /** The core that it is to be pinned to. */
  readonly core: number
  readonly material: Material
  /** Writes a file of that many revoked ids and answers its path. */
  readonly revoked: (count: number) => string
}

/** A server that listens and can be measured. */
export interface Running {
  readonly kind: 'running'
  readonly pid: number
  readonly port: number
  readonly close: () => Promise<void>
}

/** A target that cannot be measured here, and why. */
export interface NotRun {
  readonly kind: 'not-run'
  readonly reason: string
}

/** One server under measurement. */
export interface Target {
  readonly name: string
  readonly about: string
  readonly token: TokenKind
  /** What is asked of it with one of its tokens. */
  readonly request: (token: string) => BenchRequest
  readonly start: (bench: Bench) => Promise<Running | NotRun>
}

/** Says that a target cannot be measured. */
export function notRun(reason: string): NotRun {
  return { kind: 'not-run', reason }
}
