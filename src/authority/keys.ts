import type { Static } from 'typebox'
import type { Reader, WriteTransaction } from '../store/store.ts'
import { keepsInstallation } from './installation-keeper.ts'
import type { Queries } from './gateway-rows.ts'
import type { KeyRotation } from './key-rotation.ts'
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
import type { newKey } from './schemas.ts'
import { readJwk } from './signing-keys.ts'
import { isoTime, isoTimeOrAbsent, selfLink } from './shown.ts'

/** What handlers of keys work with besides. */
export interface KeyParts extends Parts {
  readonly roots: Roots
  readonly rotation: KeyRotation
}

type KeyCall = Pick<Call, 'caller' | 'id' | 'once'>

/** Signing keys: list, read, rotate, retire. */
export function createKeyRoutes(parts: KeyParts): readonly Route[] {
  return [
    bind(operations.listKeys, (call) => listKeys(parts, call)),
    bind(operations.readKey, (call) => readKey(parts, call)),
    bind(operations.rotateKey, (call) => rotateKey(parts, call, call.body)),
    bind(operations.retireKey, (call) => retireKey(parts, call)),
  ]
}

function urlOf({ settings }: Parts, organizationId: string): string {
  return `${settings.publicUrl}/v1/organizations/${organizationId}/keys`
}

async function listKeys(parts: KeyParts, { caller }: KeyCall): Promise<Outcome> {
  const [rows, live] = await parts.store.read((db) =>
    Promise.all([
      db.selectFrom('signingKeys').selectAll().orderBy('createdAt').orderBy('kid').execute(),
      countLive(db),
    ]),
  )
  const url = urlOf(parts, caller.organizationId)
  const elements = rows.map((row) => showKey(url, row, live.get(row.kid) ?? 0))
  return found(wholeList(url, 'keys', elements))
}

async function readKey(parts: KeyParts, call: KeyCall): Promise<Outcome> {
  const kid = call.id('kid')
  const [row, live] = await parts.store.read((db) => Promise.all([findKey(db, kid), countLive(db)]))
  const url = urlOf(parts, call.caller.organizationId)
  return row ? found(showKey(url, row, live.get(kid) ?? 0)) : notFound()
}

async function findKey(db: Queries, kid: string): Promise<KeyRow | undefined> {
  return db.selectFrom('signingKeys').selectAll().where('kid', '=', kid).executeTakeFirst()
}

/** How many credentials each key keeps alive. */
async function countLive(
  db: Reader | WriteTransaction['db'],
): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('credentials')
    .innerJoin('gateways', 'gateways.id', 'credentials.gatewayId')
    .innerJoin('environments', 'environments.id', 'credentials.environmentId')
    .innerJoin('signingKeys', 'signingKeys.kid', 'credentials.kid')
    .where('signingKeys.state', '!=', 'retired')
    .where('credentials.revokedAt', 'is', null)
    .where('gateways.deletedAt', 'is', null)
    .where('environments.deletedAt', 'is', null)
    .groupBy('credentials.kid')
    .select((eb) => ['credentials.kid', eb.fn.countAll().as('count')])
    .execute()
  return new Map(rows.map(({ kid, count }) => [kid, Number(count)]))
}

async function rotateKey(
  parts: KeyParts,
  call: KeyCall,
  { alg = parts.settings.credentials.algorithm }: Static<typeof newKey>,
): Promise<Outcome> {
  const { roots, clock, settings } = parts
  if (!(await parts.store.read((db) => keepsInstallation(db, call.caller)))) return denied()
  const row = await createKeyRow('signingKeys', alg, roots, clock.wall())
  const url = urlOf(parts, call.caller.organizationId)
  let published: number | undefined
  const outcome = await parts.write(call, async (db, book) => {
    await db.insertInto('signingKeys').values(row).execute()
    const { issuer } = settings.credentials
    const jwk = readJwk(row.publicJwk)
    const nobody = { organizationId: null, environmentId: null }
    published = book.change({ kind: 'key-added', issuer, jwk }, nobody)
    const whose = { organizationId: call.caller.organizationId, environmentId: null }
    const deed = { action: 'key.create', target: row.kid, details: { alg } }
    book.enter({ ...deed, revision: published }, whose)
    return created(showKey(url, row, 0))
  })
  if (published === undefined || outcome.kind === 'refusal') return outcome
  const active = await parts.rotation.activate(row.kid, published)
  return active ? created(showKey(url, { ...row, state: 'active' }, 0)) : outcome
}

async function retireKey(parts: KeyParts, call: KeyCall): Promise<Outcome> {
  const kid = call.id('kid')
  const url = urlOf(parts, call.caller.organizationId)
  const outcome = await parts.write(call, async (db, book): Promise<Outcome> => {
    if (!(await keepsInstallation(db, call.caller))) return denied()
    const row = await findKey(db, kid)
    if (!row) return notFound()
    if (row.retiredRevision !== null) {
      const wait = { revision: row.retiredRevision, environmentId: undefined, target: kid }
      return { ...found(showKey(url, row, 0)), wait }
    }
    if (await isLastActive(db, row)) return lastOne()
    const ended = (await countLive(db)).get(kid) ?? 0
    const revision = await tellRetired(db, kid, (issuer) =>
      book.change(
        { kind: 'key-retired', issuer, kid },
        { organizationId: null, environmentId: null },
      ),
    )
    const changed = { state: 'retired', retiredAt: book.at, retiredRevision: revision } as const
    await db
      .updateTable('signingKeys')
      .set({ ...changed, privateKey: null })
      .where('kid', '=', kid)
      .execute()
    const whose = { organizationId: call.caller.organizationId, environmentId: null }
    const details = { endedCredentials: ended }
    book.enter({ action: 'key.retire', target: kid, revision, details }, whose)
    const facts = { ...showKey(url, { ...row, ...changed }, 0), endedCredentials: ended }
    return { ...found(facts), wait: { revision, environmentId: undefined, target: kid } }
  })
  // It has happened: whoever watches the keys reads them again, should it not work now.
  if (outcome.kind === 'answer') await parts.keys.reload().catch(() => undefined)
  return outcome
}

/** Keys that a restore has closed are active too, but sign no more. */
async function isLastActive(db: Queries, { kid, state }: KeyRow): Promise<boolean> {
  if (state !== 'active') return false
  const other = await db
    .selectFrom('signingKeys')
    .select('kid')
    .where('state', '=', 'active')
    .where('privateKey', 'is not', null)
    .where('kid', '!=', kid)
    .executeTakeFirst()
  return other === undefined
}

/** A key counts under every name that credentials were issued under. */
async function tellRetired(
  db: Queries,
  kid: string,
  tell: (issuer: string) => number,
): Promise<number> {
  const rows = await db.selectFrom('issuers').select('name').orderBy('name').execute()
  const revisions = [...new Set(rows.map(({ name }) => name))].map(tell)
  const last = revisions.at(-1)
  if (last === undefined) throw new TypeError(`the key ${kid} has no issuer`)
  return last
}

function lastOne(): Outcome {
  const message = 'is the only key that signs: rotate first'
  return invalidData({ code: 'CONSTRAINT_VIOLATION', target: 'kid', message })
}

function showKey(url: string, row: KeyRow, liveCredentials: number): Members {
  return {
    _links: selfLink(`${url}/${row.kid}`),
    kid: row.kid,
    alg: row.alg,
    state: row.state,
    createdAt: isoTime(row.createdAt),
    activatedAt: isoTimeOrAbsent(row.activatedAt),
    retiredAt: isoTimeOrAbsent(row.retiredAt),
    liveCredentials,
  }
}
