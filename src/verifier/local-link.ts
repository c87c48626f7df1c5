// The way to an authority in this very process: its feed speaks in values rather than in lines.

import type { Change } from '../standing/change.ts'
import { loadable } from '../standing/snapshot-body.ts'
import type { StandingSnapshot } from '../standing/snapshot.ts'
import type { AuthorityLink } from './authority-link.ts'
import { revokedIn, type Presented } from './revoked-presented.ts'
import type { Use } from './usage.ts'

/** What the authority gives its followers. */
interface LocalFeed {
  readonly follow: (follower: {
    readonly name: string
    readonly version: string
    readonly onSnapshot: (snapshot: StandingSnapshot) => Promise<void>
    readonly onChanges: (changes: readonly Change[]) => Promise<void>
  }) => { readonly close: () => Promise<void> }
}

export interface LocalLinkParts {
  readonly feed: LocalFeed
  /** Where the authority is, for who asks. */
  readonly authority: string
  /** What this verifier is called in the fleet. */
  readonly name: string
  readonly version: string
  readonly recordUsage: (uses: readonly Use[]) => Promise<void>
  readonly revokedPresented: (presented: readonly Presented[], verifier: string) => Promise<void>
  /** Told when uses could not be recorded. */
  readonly onUsageLost: (error: unknown) => void
}

/** A link within one process. */
export interface LocalLink extends AuthorityLink {
  /** Waits for the uses that are being recorded. */
  readonly settled: () => Promise<void>
}

const nothingLost = { reconnects: 0, failures: 0, stateFailures: 0, usageDropped: 0 }

/** Makes the link; it follows nothing yet. */
export function createLocalLink(parts: LocalLinkParts): LocalLink {
  const { feed, authority, name, version, recordUsage, revokedPresented, onUsageLost } = parts
  const recording = new Set<Promise<void>>()
  const keep = (work: Promise<void>) => {
    const recorded = work.catch(onUsageLost).finally(() => recording.delete(recorded))
    recording.add(recorded)
  }
  return {
    held: false,
    // What is known is what the database in this process says.
    freshness: undefined,
    follow(keeper) {
      let connected = false
      const first = Promise.withResolvers<void>()
      const { close } = feed.follow({
        name,
        version,
        async onSnapshot(snapshot) {
          await keeper.load(loadable(snapshot))
          connected = true
          first.resolve()
        },
        onChanges: keeper.apply,
      })
      return {
        started: first.promise,
        used(uses) {
          keep(recordUsage(uses))
        },
        refused(refusals) {
          const presented = revokedIn(refusals)
          if (presented.length > 0) keep(revokedPresented(presented, name))
        },
        status: () => ({ connected, authority, ...nothingLost }),
        close,
      }
    },
    async settled() {
      await Promise.all(recording)
    },
  }
}
