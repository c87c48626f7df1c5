import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import { encodeSnapshot } from '../../standing/snapshot-body.ts'
import type { Store } from '../../store/store.ts'
import type { Clock } from '../../system/clock.ts'
import { readSnapshot } from '../snapshot.ts'
import type { FeedSigner } from './feed-signer.ts'
import { scopeKey, type Scope } from './scope.ts'

/** Makes snapshots, one at a time for each scope: a fleet that comes back at once is given the same. */
export type FeedSnapshots = (scope: Scope) => Promise<Buffer>

export interface FeedSnapshotParts {
  readonly store: Store
  readonly clock: Clock
  readonly signer: FeedSigner
  /** The newest revision: an older snapshot is not given out. */
  readonly newest: () => number
}

interface Made {
  readonly revision: number
  readonly bytes: Buffer
}

const compress = promisify(gzip)

/** Creates the maker of snapshots. */
export function createFeedSnapshots(parts: FeedSnapshotParts): FeedSnapshots {
  const made = new Map<string, Promise<Made>>()
  return async (scope) => {
    const key = scopeKey(scope)
    const known = await made.get(key)
    if (known && known.revision >= parts.newest()) return known.bytes
    const making = make(parts, scope)
    made.set(key, making)
    making.catch(() => made.delete(key))
    return (await making).bytes
  }
}

async function make({ store, clock, signer }: FeedSnapshotParts, scope: Scope): Promise<Made> {
  const { snapshot, chain } = await readSnapshot(store, clock, scope.environmentIds)
  const body = encodeSnapshot(snapshot)
  const { epoch, revision, at } = snapshot
  const manifest = await signer.sign(
    JSON.stringify({
      kind: 'snapshot',
      epoch,
      revision,
      chain,
      at,
      environments: scope.environmentIds,
      counts: { revoked: snapshot.revoked.length },
      bytes: body.length,
      sha256: createHash('sha256').update(body).digest('base64url'),
    }),
  )
  // Hashes do not compress: the quickest level does what can be done.
  const options = { level: constants.Z_BEST_SPEED }
  const bytes = await compress(Buffer.concat([Buffer.from(`${manifest}\n`), body]), options)
  return { revision, bytes }
}
