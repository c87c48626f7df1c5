import { keepsInstallation } from './installation-keeper.ts'
import type { FeedKeyRotation } from './feed/feed-key-rotation.ts'
import type { Queries } from './gateway-rows.ts'
import { createKeyRow, type KeyRow } from './key-pair.ts'
import { operations } from './operations.ts'
import {
  created,
  denied,
  found,
  invalidData,
  notFound,
  type Members,
  type Outcome,
} from './outcome.ts'
import { wholeList } from './pages.ts'
import type { Parts } from './parts.ts'
import type { Roots } from './roots.ts'
import { bind, type Call, type Route } from './route.ts'
import { readJwk } from './signing-keys.ts'
import { isoTime, isoTimeOrAbsent, selfLink } from './shown.ts'

/** What handlers of the feed's keys work with besides. */
export interface FeedKeyParts extends Parts {
  readonly roots: Roots
  readonly feedKeys: Pick<FeedKeyRotation, 'settle'>
}

type KeyCall = Pick<Call, 'caller' | 'id' | 'once'>

const nobody = { organizationId: null, environmentId: null }

/** The keys that sign the feed: list, rotate, retire. */
export function createFeedKeyRoutes(parts: FeedKeyParts): readonly Route[] {
  return [
    bind(operations.listFeedKeys, (call) => listKeys(parts, call)),
    bind(operations.rotateFeedKey, (call) => rotateKey(parts, call)),
    bind(operations.retireFeedKey, (call) => retireKey(parts, call)),
  ]
}

function urlOf({ settings }: Parts, organizationId: string): string {
  return `${settings.publicUrl}/v1/organizations/${organizationId}/feedKeys`
}

async function listKeys(parts: FeedKeyParts, { caller }: KeyCall): Promise<Outcome> {
  const rows = await parts.store.read((db) =>
    db.selectFrom('feedKeys').selectAll().orderBy('createdAt').orderBy('kid').execute(),
  )
  const url = urlOf(parts, caller.organizationId)
  return found(
    wholeList(
      url,
      'keys',
      rows.map((row) => showKey(url, row)),
    ),
  )
}

async function rotateKey(parts: FeedKeyParts, call: KeyCall): Promise<Outcome> {
  const { roots, clock, store } = parts
  if (!(await store.read((db) => keepsInstallation(db, call.caller)))) return denied()
  const row = await createKeyRow('feedKeys', 'EdDSA', roots, clock.wall())
  const url = urlOf(parts, call.caller.organizationId)
  let made = false
  const outcome = await parts.write(call, async (db, book) => {
    made = true
    await db.insertInto('feedKeys').values(row).execute()
    const revision = book.change({ kind: 'feed-key-added', jwk: readJwk(row.publicJwk) }, nobody)
    await db
      .insertInto('feedAnnouncements')
      .values({ revision, kid: row.kid, line: null })
      .execute()
    const whose = { organizationId: call.caller.organizationId, environmentId: null }
    book.enter({ action: 'feed-key.create', target: row.kid, revision }, whose)
    return created(showKey(url, row))
  })
  // Who repeats a request is told of the key that was made then.
  if (outcome.kind === 'refusal' || !made) return outcome
  const active = await settled(parts)
  return active ? created(showKey(url, { ...row, state: 'active' })) : outcome
}

async function retireKey(parts: FeedKeyParts, call: KeyCall): Promise<Outcome> {
  const kid = call.id('kid')
  const url = urlOf(parts, call.caller.organizationId)
  const outcome = await parts.write(call, async (db, book): Promise<Outcome> => {
    if (!(await keepsInstallation(db, call.caller))) return denied()
    const row = await db
      .selectFrom('feedKeys')
      .selectAll()
      .where('kid', '=', kid)
      .executeTakeFirst()
    if (!row) return notFound()
    if (row.retiredRevision !== null) {
      const wait = { revision: row.retiredRevision, environmentId: undefined, target: kid }
      return { ...found(showKey(url, row)), wait }
    }
    if (await signsOrWill(db, row)) return stillNeeded()
    const revision = book.change({ kind: 'feed-key-retired', kid }, nobody)
    await db.insertInto('feedAnnouncements').values({ revision, kid, line: null }).execute()
    const changed = { state: 'retired', retiredAt: book.at, retiredRevision: revision } as const
    await db
      .updateTable('feedKeys')
      .set({ ...changed, privateKey: null })
      .where('kid', '=', kid)
      .execute()
    const whose = { organizationId: call.caller.organizationId, environmentId: null }
    book.enter({ action: 'feed-key.retire', target: kid, revision }, whose)
    const facts = showKey(url, { ...row, ...changed })
    return { ...found(facts), wait: { revision, environmentId: undefined, target: kid } }
  })
  if (outcome.kind === 'answer') await settled(parts)
  return outcome
}

/** What has been written is announced now, or else when the authority starts the next time. */
function settled({ feedKeys }: FeedKeyParts): Promise<boolean> {
  return feedKeys.settle().then(
    () => true,
    () => false,
  )
}

/** The newest active key signs; each later one is announced by it, so that it is the last one that may go. */
async function signsOrWill(db: Queries, { kid, state }: KeyRow): Promise<boolean> {
  if (state === 'next') return true
  const newest = await db
    .selectFrom('feedKeys')
    .select('kid')
    .where('state', '=', 'active')
    .orderBy('activatedAt', 'desc')
    .orderBy('kid')
    .executeTakeFirst()
  return newest?.kid === kid
}

function stillNeeded(): Outcome {
  const message = 'is the key that signs, or the next one: rotate first'
  return invalidData({ code: 'CONSTRAINT_VIOLATION', target: 'kid', message })
}

function showKey(url: string, row: KeyRow): Members {
  return {
    _links: selfLink(`${url}/${row.kid}`),
    kid: row.kid,
    alg: row.alg,
    state: row.state,
    createdAt: isoTime(row.createdAt),
    activatedAt: isoTimeOrAbsent(row.activatedAt),
    retiredAt: isoTimeOrAbsent(row.retiredAt),
  }
}
