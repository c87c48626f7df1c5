import type { FreshnessSource } from './feed/freshness.ts'
import type { RefusalSummary } from './refusals.ts'
import type { StandingKeeper } from './standing-keeper.ts'
import type { Use } from './usage.ts'

/** The way to an authority, in this process or over the network. */
export interface AuthorityLink {
  /** Whether what is known may be in force only once the link says so. */
  readonly held: boolean
  /** Where it is noted how old what is known is; `undefined` where it cannot be old. */
  readonly freshness: FreshnessSource | undefined
  /** Begins to follow: the keeper is given a standing, and then every change. */
  readonly follow: (keeper: StandingKeeper, threadRevisions: () => readonly number[]) => Following
}

export interface Following {
  /** Resolves when the first standing is in force. */
  readonly started: Promise<void>
  readonly used: (uses: readonly Use[]) => void
  readonly refused: (refusals: readonly RefusalSummary[]) => void
  readonly status: () => LinkStatus
  readonly close: () => Promise<void>
}

/** How the link is. */
export interface LinkStatus {
  readonly connected: boolean
  readonly authority: string | undefined
  readonly reconnects: number
  /** How often the feed could not be followed, or said what cannot be right. */
  readonly failures: number
  readonly stateFailures: number
  readonly usageDropped: number
}
