// How the feed gets another key:
//
//   written with its change ──▶ announced: signed by the key of before, and kept ──▶ signs
//
// Verifiers that are connected know it before it signs. Who is away finds lines of a key that it does not know, asks
// for the announcements, and can check them alone.

import { readChange, type Change } from '../../standing/change.ts'
import { changeLine } from '../../standing/feed-line.ts'
import { parseJsonObject, type JsonObject } from '../../credential/strict-json.ts'
import type { Store } from '../../store/store.ts'
import type { Clock } from '../../system/clock.ts'
import type { Fleet } from '../fleet.ts'
import { readJwk } from '../signing-keys.ts'
import type { FeedSigner } from './feed-signer.ts'

export interface FeedKeyRotation {
  /** Announces what has been written of the feed's keys and was not announced yet, and lets new ones sign. */
  readonly settle: () => Promise<void>
  /** What lets a verifier that knows the first of them trust the feed's keys; `undefined` when there is no such key. */
  readonly announced: (first: string | undefined) => Promise<FeedAnnouncements | undefined>
}

/** The feed's keys from one of them on, as a verifier checks them. */
interface FeedAnnouncements {
  readonly first: JsonObject
  readonly announcements: readonly string[]
}

export interface FeedKeyRotationParts {
  readonly store: Store
  readonly clock: Clock
  readonly signer: FeedSigner
  readonly fleet: Pick<Fleet, 'applied'>
  readonly waitMs: number
}

interface Unannounced {
  readonly revision: number
  readonly kid: string
  readonly change: Change
  readonly payload: string
}

/** Creates the rotation of the feed's keys. */
export function createFeedKeyRotation(parts: FeedKeyRotationParts): FeedKeyRotation {
  const { store, signer, fleet, waitMs } = parts
  let settling: Promise<void> = Promise.resolve()

  const settleNow = async () => {
    // Another process may have brought a key in that has to be the one before.
    await signer.reload()
    for (const next of await readUnannounced(store)) {
      const line = await signer.sign(next.payload)
      if (next.change.kind === 'feed-key-added') {
        await fleet.applied(next.revision, undefined, waitMs)
      }
      await keep(parts, next, line)
      await signer.reload()
    }
  }
  return {
    async settle() {
      settling = settling.then(settleNow, settleNow)
      await settling
    },
    announced: (first) => readAnnounced(store, first),
  }
}

async function readUnannounced(store: Store): Promise<readonly Unannounced[]> {
  const rows = await store.read((db) =>
    db
      .selectFrom('feedAnnouncements')
      .innerJoin('changes', 'changes.revision', 'feedAnnouncements.revision')
      .select(['changes.revision', 'feedAnnouncements.kid', 'changes.body', 'changes.chain'])
      .where('feedAnnouncements.line', 'is', null)
      .orderBy('changes.revision')
      .execute(),
  )
  return rows.map(({ revision, kid, body, chain }) => {
    const members = parseJsonObject(Buffer.from(body))
    const change = members && readChange(members)
    if (!change) throw new TypeError('a change cannot be read')
    return { revision, kid, change, payload: changeLine(body, chain) }
  })
}

function keep(
  { store, clock }: FeedKeyRotationParts,
  { revision, kid, change }: Unannounced,
  line: string,
): Promise<void> {
  return store.write(async (tx) => {
    const { numUpdatedRows } = await tx.db
      .updateTable('feedAnnouncements')
      .set({ line })
      .where('revision', '=', revision)
      .where('line', 'is', null)
      .executeTakeFirst()
    // Another process was faster.
    if (numUpdatedRows === 0n || change.kind !== 'feed-key-added') return
    const at = clock.wall()
    await tx.db
      .updateTable('feedKeys')
      .set({ state: 'active', activatedAt: at })
      .where('kid', '=', kid)
      .where('state', '=', 'next')
      .execute()
    tx.appendAudit({
      at,
      organizationId: null,
      environmentId: null,
      actor: 'warder',
      action: 'feed-key.activate',
      target: kid,
      outcome: 'done',
      revision: null,
      details: {},
    })
  })
}

async function readAnnounced(
  store: Store,
  first: string | undefined,
): Promise<FeedAnnouncements | undefined> {
  const [keys, rows] = await store.read((db) =>
    Promise.all([
      db.selectFrom('feedKeys').select(['kid', 'publicJwk']).orderBy('createdAt').execute(),
      db.selectFrom('feedAnnouncements').selectAll().orderBy('revision').execute(),
    ]),
  )
  const root = first === undefined ? keys[0] : keys.find(({ kid }) => kid === first)
  if (!root) return undefined
  // What is said first of a key is that it is there; the very first one was there before anything was said.
  const from = rows.find(({ kid }) => kid === root.kid && kid !== keys[0]?.kid)?.revision ?? 0
  const later = rows.filter(({ revision, line }) => revision > from && line !== null)
  return {
    first: readJwk(root.publicJwk),
    announcements: later.map(({ line }) => line ?? ''),
  }
}
