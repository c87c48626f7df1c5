import { CompactSign } from 'jose'
import { feedType } from '../../standing/feed-line.ts'
import type { Store } from '../../store/store.ts'
import { openKeyRow } from '../key-pair.ts'
import type { Roots } from '../roots.ts'
import { AuthorityRefused } from '../settings.ts'

/** Signs what the feed says. */
export interface FeedSigner {
  /** The key that signs now, by its thumbprint. */
  readonly kid: () => string
  /** Signs a payload, on the thread pool. */
  readonly sign: (payload: string | Uint8Array) => Promise<string>
  /** Reads again which key signs. */
  readonly reload: () => Promise<void>
}

/** Opens the key that signs the feed: of the active ones, the newest. */
export async function openFeedSigner(store: Store, roots: Roots): Promise<FeedSigner> {
  let key = await readSigner(store, roots)
  return {
    kid: () => key.kid,
    sign: (payload) =>
      new CompactSign(typeof payload === 'string' ? Buffer.from(payload) : payload)
        .setProtectedHeader({ alg: 'EdDSA', kid: key.kid, typ: feedType })
        .sign(key.privateKey),
    async reload() {
      key = await readSigner(store, roots)
    },
  }
}

async function readSigner(store: Store, roots: Roots) {
  const row = await store.read((db) =>
    db
      .selectFrom('feedKeys')
      .selectAll()
      .where('state', '=', 'active')
      .orderBy('activatedAt', 'desc')
      .orderBy('kid')
      .executeTakeFirst(),
  )
  const key = row && openKeyRow('feedKeys', row, roots)
  if (!key) throw new AuthorityRefused('the key that signs the feed cannot be opened')
  return key
}
