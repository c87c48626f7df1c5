// Everything that a verifier learns what is in force from: the authority that it follows, and the outside issuers
// that its configuration names.

import type { Clock } from '../system/clock.ts'
import type { Log } from '../telemetry/log.ts'
import type { AuthorityLink, Following, LinkStatus } from './authority-link.ts'
import type { HealthSettings } from './health.ts'
import { createComposition } from './composition.ts'
import type { RefusalSummary } from './refusals.ts'
import { createStandalone } from './standalone.ts'
import { createStandingKeeper } from './standing-keeper.ts'
import type { Threads } from './threads.ts'
import { createTrustReports, type Note, type TrustReports } from './trust-reports.ts'
import type { TrustSettings } from './trust-source.ts'
import type { Use } from './usage.ts'

export interface SourcesParts extends Pick<TrustReports, 'onKeysRead'> {
  readonly authority?: AuthorityLink | undefined
  readonly trust: readonly TrustSettings[]
  readonly threads: Pick<Threads, 'publish' | 'states'>
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly health: Pick<HealthSettings, 'expireAfterMs'>
  /** Told what is wrong with a source, `undefined` when it is right again. */
  readonly note: Note
  /** Told why tokens of an outside issuer do not count though its files are in order, `undefined` when they do. */
  readonly say: Note
}

export interface Sources {
  /** Resolves when each source has been heard for the first time. */
  readonly start: () => Promise<unknown>
  readonly hurry: () => void
  readonly used: (uses: readonly Use[]) => void
  readonly refused: (refusals: readonly RefusalSummary[]) => void
  readonly link: () => LinkStatus
  readonly revoked: () => { readonly entries: number; readonly bytes: number }
  readonly keysAgeMs: () => number
  /** Whether nothing can be judged because the keys of all outside issuers are too old. */
  readonly isOutdated: () => boolean
  readonly close: () => Promise<void>
}

const noLink: LinkStatus = {
  connected: false,
  authority: undefined,
  reconnects: 0,
  failures: 0,
  stateFailures: 0,
  usageDropped: 0,
}

/** Assembles the sources of a verifier. */
export function createSources(parts: SourcesParts): Sources {
  const { authority, trust, threads, clock, random, say } = parts
  const { leaveOut, ...reports } = createTrustReports({ ...parts, onSource: parts.note })
  const composition = createComposition({
    publish: threads.publish,
    expects: { authority: authority !== undefined, outside: trust.length > 0 },
    onLeftOut(issuer, why) {
      const name = `issuer ${issuer} of trust`
      if (why === 'overruled') {
        leaveOut(name, 'does not count, the authority issues under this name')
        return
      }
      // Why it could not be read is in the log by the name of what could not.
      say(name, why && 'was not read yet, its tokens are answered as outage.noState says')
    },
  })
  const keeper = createStandingKeeper({
    publish: composition.authority,
    held: authority?.held ?? false,
    wall: clock.wall,
  })
  const standalone = createStandalone({
    ...reports,
    trust,
    clock,
    random,
    onFacts: (facts) => void composition.outside(facts),
    expireAfterMs: parts.health.expireAfterMs,
  })
  let following: Following | undefined

  return {
    start() {
      following = authority?.follow(keeper, () =>
        threads.states().map(({ revision }) => revision ?? 0),
      )
      return Promise.all([standalone.start(), following?.started])
    },
    hurry: standalone.hurry,
    used: (uses) => following?.used(uses),
    refused: (refusals) => following?.refused(refusals),
    link: () => following?.status() ?? noLink,
    revoked() {
      const [own, outside] = [keeper.revoked(), standalone.revoked()]
      return { entries: own.entries + outside.entries, bytes: own.bytes + outside.bytes }
    },
    keysAgeMs: standalone.keysAgeMs,
    isOutdated: () => authority === undefined && standalone.isOutdated(),
    async close() {
      standalone.close()
      await following?.close()
    },
  }
}
