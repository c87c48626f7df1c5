import { CompactSign } from 'jose'
import { algorithms } from '../../credential/algorithm.ts'
import { importKeySet } from '../../credential/key-set.ts'
import type { JsonObject } from '../../credential/strict-json.ts'
import { feedType } from '../../standing/feed-line.ts'
import type { Store } from '../../store/store.ts'
import { openKeyRow } from '../key-pair.ts'
import type { Roots } from '../roots.ts'
import { AuthorityRefused } from '../settings.ts'
import { readJwk } from '../signing-keys.ts'

/** Signs what the feed says. */
export interface FeedSigner {
  /** Signs a payload, on the thread pool. */
  readonly sign: (payload: string | Uint8Array) => Promise<string>
  /** What a verifier needs to trust the signatures: it knows the thumbprint of the first key. */
  readonly record: { readonly first: JsonObject; readonly announcements: readonly string[] }
}

/** Opens the key that signs the feed. */
export async function openFeedSigner(store: Store, roots: Roots): Promise<FeedSigner> {
  const row = await store.read((db) =>
    db
      .selectFrom('feedKeys')
      .selectAll()
      .where('state', '=', 'active')
      .orderBy('activatedAt')
      .executeTakeFirst(),
  )
  const key = row && openKeyRow('feedKeys', row, roots)
  if (!row || !key) throw new AuthorityRefused('the key that signs the feed cannot be opened')
  const first = readJwk(row.publicJwk)
  const set = await importKeySet({ keys: [first] }, algorithms)
  const kid = set?.keys[0]?.thumbprint
  if (kid === undefined) throw new AuthorityRefused('the key that signs the feed is damaged')
  const header = { alg: 'EdDSA', kid, typ: feedType }
  return {
    sign: (payload) =>
      new CompactSign(typeof payload === 'string' ? Buffer.from(payload) : payload)
        .setProtectedHeader(header)
        .sign(key.privateKey),
    record: { first, announcements: [] },
  }
}
