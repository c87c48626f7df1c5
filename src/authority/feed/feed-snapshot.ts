// Snapshots for verifiers, one at a time for each scope: a fleet that comes back at once is given the same, and the
// lines since, which are in the book anyway.

import type { Store } from '../../store/store.ts'
import type { Clock } from '../../system/clock.ts'
import { readStandingFacts, revokedPages } from '../snapshot.ts'
import type { FeedSigner } from './feed-signer.ts'
import { scopeKey, type Scope } from './scope.ts'
import { createSnapshotPacker, type SnapshotPacker } from './snapshot-packer.ts'

/** Gives a snapshot that is not older than a revision. */
export type FeedSnapshots = (scope: Scope, atLeast: number) => Promise<Uint8Array>

export interface FeedSnapshotParts {
  readonly store: Store
  readonly clock: Clock
  readonly signer: FeedSigner
  readonly newest: () => number
}

interface Made {
  readonly revision: number
  /** The key that signed it. */
  readonly kid: string
  readonly madeAt: number
  readonly bytes: Uint8Array
}

const linesBehindMax = 1000
const ageMsMax = 60_000
const scopesMax = 8

/** Creates the maker of snapshots. */
export function createFeedSnapshots(parts: FeedSnapshotParts): FeedSnapshots {
  const { clock, signer, newest } = parts
  const made = new Map<string, Promise<Made>>()
  let turn: Promise<unknown> = Promise.resolve()

  const isGood = ({ revision, kid, madeAt }: Made, atLeast: number) =>
    revision >= Math.min(atLeast, newest()) &&
    newest() - revision <= linesBehindMax &&
    clock.monotonic() - madeAt <= ageMsMax &&
    kid === signer.kid()
  const makeNew = (key: string, scope: Scope): Promise<Made> => {
    // A large one takes memory and a processor while it is made.
    const making = turn.then(() => make(parts, scope))
    turn = making.catch(() => undefined)
    made.delete(key)
    made.set(key, making)
    making.catch(() => made.delete(key))
    const [oldest = ''] = made.keys()
    if (made.size > scopesMax) made.delete(oldest)
    return making
  }
  return async (scope, atLeast) => {
    const key = scopeKey(scope)
    for (;;) {
      const known = made.get(key)
      if (!known) return (await makeNew(key, scope)).bytes
      const one = await known
      if (isGood(one, atLeast)) return one.bytes
      // Somebody else may have begun another one meanwhile.
      if (made.get(key) === known) made.delete(key)
    }
  }
}

async function make(parts: FeedSnapshotParts, scope: Scope): Promise<Made> {
  const packer = createSnapshotPacker()
  try {
    return await makeWith(packer, parts, scope)
  } finally {
    await packer.close()
  }
}

async function makeWith(
  packer: SnapshotPacker,
  { store, clock, signer }: FeedSnapshotParts,
  { organizationId, environmentIds }: Scope,
): Promise<Made> {
  const { facts, chain } = await store.snapshot(async (db) => {
    for await (const page of revokedPages(db, environmentIds)) packer.add(page)
    return readStandingFacts(db, clock, environmentIds)
  })
  const { epoch, revision, at } = facts
  const { revoked, bytes, sha256 } = await packer.finish(facts)
  const kid = signer.kid()
  const manifest = await signer.sign(
    JSON.stringify({
      kind: 'snapshot',
      epoch,
      revision,
      chain,
      at,
      organization: organizationId,
      environments: environmentIds,
      counts: { revoked },
      bytes,
      sha256,
    }),
  )
  const whole = await packer.compress(manifest)
  return { revision, kid, madeAt: clock.monotonic(), bytes: whole }
}
