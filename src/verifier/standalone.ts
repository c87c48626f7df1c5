// A verifier without an authority: it trusts the issuers that its configuration names, with their key sets and lists
// of revoked ids. Nothing counts before every key set and list has been read once.

import { createProfile, type Issuer, type TrustedKey } from '../credential/key-ring.ts'
import type { KeySet } from '../credential/key-set.ts'
import { createRevokedSet } from '../standing/revoked-set.ts'
import { isRevision, type Revision, type StandingFacts } from '../standing/standing.ts'
import type { Clock } from '../system/clock.ts'
import {
  createTrustSource,
  type TrustSettings,
  type TrustSource,
  type TrustSourceParts,
} from './trust-source.ts'

export interface StandaloneParts extends Pick<TrustSourceParts, 'expireAfterMs' | 'onOutdated'> {
  readonly trust: readonly TrustSettings[]
  readonly clock: Clock
  readonly random: () => number
  /** Given everything that is in force, whenever any of it has changed. */
  readonly onFacts: (facts: StandingFacts) => void
  /** Told what is wrong with a source, `undefined` when it is right again. */
  readonly onSource: (source: string, problem: string | undefined) => void
  /** Told of keys that were left out of a set that is otherwise good. */
  readonly onUnusableKeys: (source: string, unusable: KeySet['unusable']) => void
}

export interface Standalone {
  /** Reads every source once. */
  readonly start: () => Promise<void>
  /** Somebody presented a key that is not known: sources that can have news of it are asked. */
  readonly hurry: () => void
  readonly revoked: () => { readonly entries: number; readonly bytes: number }
  /** The age of the oldest key set of those that are fetched. */
  readonly keysAgeMs: () => number
  readonly close: () => void
}

/** Makes the source of a standing that only the configuration knows of. */
export function createStandalone(parts: StandaloneParts): Standalone {
  const { trust, clock, onFacts, onSource } = parts
  const revoked = createRevokedSet()
  let revision = 0

  const publish = () => {
    if (!sources.every(({ known }) => known())) return
    // Seconds, so that a restart does not go back.
    revision = Math.max(revision + 1, Math.floor(clock.wall() / 1000))
    onFacts(factsOf(revisionOf(revision), issuersOf(sources), revoked.tables))
  }
  const sources = trust.map((entry) =>
    createTrustSource({
      ...parts,
      entry,
      takeKeys(source, set) {
        const conflict = conflictOf(entry, set.keys, sources)
        onSource(source, conflict)
        if (set.unusable.length > 0) parts.onUnusableKeys(source, set.unusable)
        return conflict === undefined
      },
      takeRevoked(path, ids, count) {
        revoked.replace(`${entry.issuer} ${path}`, ids, count)
      },
      onChange: publish,
    }),
  )
  return {
    async start() {
      await Promise.all(sources.map(async (source) => source.start()))
    },
    hurry() {
      for (const source of sources) source.hurry()
    },
    revoked: () => ({ entries: revoked.entries, bytes: revoked.bytes }),
    keysAgeMs: () => Math.max(0, ...sources.map((source) => source.keysAgeMs())),
    close() {
      for (const source of sources) source.close()
    },
  }
}

/** Two entries of one issuer may share keys, but not give one `kid` to two of them. */
function conflictOf(
  entry: TrustSettings,
  own: readonly TrustedKey[],
  sources: readonly TrustSource[],
): string | undefined {
  const others = sources.filter((source) => source.entry !== entry)
  const theirs = others.filter((source) => source.entry.issuer === entry.issuer)
  const taken = theirs.some((source) =>
    source.keys().some((key) => own.some((one) => differ(one, key))),
  )
  return taken ? 'gives a kid to another key than another key set of this issuer does' : undefined
}

function differ(one: TrustedKey, other: TrustedKey): boolean {
  return one.kid === other.kid && one.thumbprint !== other.thumbprint
}

function issuersOf(sources: readonly TrustSource[]): readonly Issuer[] {
  const byIssuer = Map.groupBy(sources, ({ entry }) => entry.issuer)
  return [...byIssuer].map(([name, entries]) => {
    const keys = new Map(entries.flatMap((source) => source.keys()).map((key) => [key.kid, key]))
    const profiles = entries.map((source) => profileOf(source))
    return { name, profiles, keys: [...keys.values()] }
  })
}

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
