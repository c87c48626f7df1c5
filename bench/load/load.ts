import type { BenchRequest } from '../target.ts'

/** What a load generator is told to do. */
export interface Load {
  readonly port: number
  readonly requests: readonly BenchRequest[]
  readonly seconds: number
  readonly connections: number
  /** The core that the load generator is pinned to. */
  readonly core: number
  /** A folder for files that are handed to it. */
  readonly folder: string
}

/** What a load generator saw. */
export interface LoadResult {
  /** Answers of status 200. */
  readonly answered: number
  /** Every other outcome: other statuses, broken connections, timeouts. */
  readonly wrong: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** One load generator. */
export interface LoadGenerator {
  readonly name: string
  readonly speaks: 'http' | 'grpc'
  readonly available: () => boolean
  readonly run: (load: Load) => Promise<LoadResult>
}
