// The issuers that the configuration names, with their key sets and lists of revoked ids. Nothing is said of the tokens of
// one before each key set and list of its entries has been read once.

import { createProfile, type Issuer, type TrustedKey } from '../credential/key-ring.ts'
import { createRevokedSet } from '../standing/revoked-set.ts'
import { isRevision, type Revision, type StandingFacts } from '../standing/standing.ts'
import type { Clock } from '../system/clock.ts'
import type { TrustReports } from './trust-reports.ts'
import {
  createTrustSource,
  type TrustSettings,
  type TrustSource,
  type TrustSourceParts,
} from './trust-source.ts'

export interface StandaloneParts extends TrustReports, Pick<TrustSourceParts, 'expireAfterMs'> {
  readonly trust: readonly TrustSettings[]
  readonly clock: Clock
  readonly random: () => number
  /** Given everything that is in force, whenever any of it has changed. */
  readonly onFacts: (facts: StandingFacts) => void
}

export interface Standalone {
  /** Reads every source once. */
  readonly start: () => Promise<void>
  /** Somebody presented a key that is not known: sources that can have news of it are asked. */
  readonly hurry: () => void
  readonly revoked: () => { readonly entries: number; readonly bytes: number }
  /** The age of the oldest key set of those that are fetched. */
  readonly keysAgeMs: () => number
  /** Whether there is a trust, and the keys of all of it are too old to judge by, or were never read. */
  readonly isOutdated: () => boolean
  readonly close: () => void
}

/** Makes the source of a standing that only the configuration knows of. */
export function createStandalone(parts: StandaloneParts): Standalone {
  const { trust, clock, onFacts } = parts
  const revoked = createRevokedSet()
  let revision = 0

  const publish = () => {
    // Seconds, so that a restart does not go back.
    revision = Math.max(revision + 1, Math.floor(clock.wall() / 1000))
    onFacts(factsOf(revisionOf(revision), issuersOf(sources), revoked.tables))
  }
  const choose = (issuer: string) => {
    if (chooseKeys(sources.filter(({ entry }) => entry.issuer === issuer))) publish()
  }
  const sources = trust.map((entry) =>
    createTrustSource({
      ...parts,
      entry,
      revoked,
      onKeys: () => choose(entry.issuer),
      onChange: publish,
    }),
  )
  return {
    async start() {
      if (trust.length > 0) publish()
      await Promise.all(sources.map(async (source) => source.start()))
    },
    hurry() {
      for (const source of sources) source.hurry()
    },
    revoked: () => ({ entries: revoked.entries, bytes: revoked.bytes }),
    keysAgeMs: () => Math.max(0, ...sources.map((source) => source.keysAgeMs())),
    isOutdated: () => sources.length > 0 && byIssuer(sources).every(([, own]) => isSilent(own)),
    close() {
      for (const source of sources) source.close()
    },
  }
}

const contradiction =
  'gives a kid to another key than another key set of this issuer does, and counts once they agree'

/**
 * Lets what was read last for the entries of one issuer count, and says whether that is news. They may share keys, but
 * not give one `kid` to two: those that do go by what they said before, and are asked again.
 */
function chooseKeys(entries: readonly TrustSource[]): boolean {
  const choices = entries.map((source) => {
    const others = entries.filter((other) => other !== source && contradict(source, other))
    if (others.length === 0) return source.accept()
    source.refuse(contradiction)
    for (const other of others) other.hurry()
    return false
  })
  return choices.includes(true)
}

function contradict(one: TrustSource, other: TrustSource): boolean {
  return one.latest().some((key) => other.latest().some((another) => differ(key, another)))
}

function differ(one: TrustedKey, other: TrustedKey): boolean {
  return one.kid === other.kid && one.thumbprint !== other.thumbprint
}

const byIssuer = (sources: readonly TrustSource[]) => [
  ...Map.groupBy(sources, ({ entry }) => entry.issuer),
]

const isUnread = (entries: readonly TrustSource[]) => !entries.every(({ known }) => known())

/** Whether no token of an issuer can be judged. */
function isSilent(entries: readonly TrustSource[]): boolean {
  return isUnread(entries) || entries.every((source) => source.isOutdated())
}

function issuersOf(sources: readonly TrustSource[]): readonly Issuer[] {
  return byIssuer(sources).map(([name, entries]) => {
    const profiles = entries.map((source) => profileOf(source))
    return { name, profiles, keys: keysOf(entries), isUnread: isUnread(entries) }
  })
}

/** The keys of all entries, each as the one says that closes it first. */
function keysOf(entries: readonly TrustSource[]): readonly TrustedKey[] {
  const keys = new Map<string | undefined, TrustedKey>()
  for (const key of entries.flatMap((source) => source.keys())) {
    const known = keys.get(key.kid)
    if (!known || closesAt(key) < closesAt(known)) keys.set(key.kid, key)
  }
  return [...keys.values()]
}

const closesAt = ({ issuedUntil }: TrustedKey) => issuedUntil ?? Number.POSITIVE_INFINITY

/** What an entry accepts, signed by a key of its own set. */
function profileOf({ entry, keys, isOutdated }: TrustSource) {
  const { kind, typ, audience, gatewayClaim } = entry
  const audiences = new Set(audience)
  const signers = new Set(keys().map(({ thumbprint }) => thumbprint))
  const old = { isOutdated: isOutdated() }
  return createProfile({ kind, typ, audiences, gatewayClaim, own: false, signers, ...old })
}

function factsOf(
  revision: Revision,
  issuers: readonly Issuer[],
  revokedTables: readonly SharedArrayBuffer[],
): StandingFacts {
  return {
    revision,
    issuers,
    revokedTables,
    accepted: undefined,
    gateways: new Map(),
    environments: new Map(),
    clients: new Map(),
    marks: new Map(),
  }
}

function revisionOf(value: number): Revision {
  if (!isRevision(value)) throw new TypeError('not a revision')
  return value
}
