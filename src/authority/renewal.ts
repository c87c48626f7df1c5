// What has to be done to a database that was put back to a former time, before anybody serves from it:
//
//   - a new epoch, since revisions of the lost time and those to come have the same numbers
//   - the keys of before count only for what they had signed by then, and sign no more; a new one does
//   - verifiers may go on by what they heard in the lost time until their leases end, of which this database knows nothing
//   - credentials of that very second, of which nobody can say whether they are all here, are revoked by name

import { randomUUID } from 'node:crypto'
import { algorithmOf } from '../credential/algorithm.ts'
import { canonicalJson } from '../store/hash-chain.ts'
import type { Store, WriteTransaction } from '../store/store.ts'
import type { Clock } from '../system/clock.ts'
import { openBook, type Book } from './book.ts'
import { driftMs, never, usualLeaseMs } from './feed/lease.ts'
import { createKeyRow, type KeyRow } from './key-pair.ts'
import { openRoots } from './roots.ts'
import { AuthorityRefused } from './settings.ts'
import { readJwk } from './signing-keys.ts'

export interface RenewalParts {
  readonly store: Store
  /** Where the root keys are. */
  readonly keysFolder: string
  readonly keyEncryptionKey: string | undefined
  readonly clock: Clock
  /** The moment that the database was put back to, in milliseconds since 1970. */
  readonly takenAt: number
}

/** What came of it. */
export interface Renewal {
  readonly epoch: string
  readonly revision: number
  /** Ids of the credentials that were revoked by name. */
  readonly revoked: readonly string[]
}

type Db = WriteTransaction['db']
const nobody = { organizationId: null, environmentId: null }

/** Begins a new epoch. */
export async function renew(parts: RenewalParts): Promise<Renewal> {
  const { store, keysFolder, keyEncryptionKey: given, clock, takenAt } = parts
  const before = await store.read(async (db) => ({
    installation: await db.selectFrom('installation').selectAll().executeTakeFirst(),
    keys: await db.selectFrom('signingKeys').selectAll().where('state', '!=', 'retired').execute(),
  }))
  const { installation, keys } = before
  if (!installation) throw new AuthorityRefused('this database is of an authority that never ran')
  const wanted = installation.keyEncryptionKey ?? undefined
  const roots = await openRoots({ folder: keysFolder, given, wanted })
  const now = clock.wall()
  const newest = keys.toSorted((a, b) => (b.activatedAt ?? 0) - (a.activatedAt ?? 0))[0]
  const algorithm = algorithmOf(newest?.alg) ?? 'RS256'
  const made = await createKeyRow('signingKeys', algorithm, roots, now)
  // The one that was activated last signs, whatever the clock said before.
  const activatedAt = Math.max(now, (newest?.activatedAt ?? 0) + 1)
  const key = { ...made, state: 'active', activatedAt } as const
  const epoch = randomUUID()
  return store.write(async (tx) => {
    const { db } = tx
    const strangersUntil = now + (await longestLease(db))
    await db.updateTable('installation').set({ epoch, strangersUntil }).execute()
    const book = openBook(tx, { epoch, actor: 'warder restore', at: now })
    const issuedUntil = Math.floor(takenAt / 1000) - 1
    await closeKeys(db, keys, issuedUntil)
    const revoked = await revokeAfter(db, book, issuedUntil)
    const revision = await addKey(db, book, key)
    const details = { takenAt, formerEpoch: installation.epoch, epoch, revoked: [...revoked] }
    book.enter({ action: 'authority.restore', target: installation.id, revision, details }, nobody)
    return { epoch, revision, revoked }
  })
}

/** For how long verifiers may go on by what they heard since the backup, whoever they are. */
async function longestLease(db: Db): Promise<number> {
  const rows = await db.selectFrom('verifierInstances').select('leaseMs').execute()
  const bounded = rows.map(({ leaseMs }) => leaseMs).filter((leaseMs) => leaseMs < never)
  return Math.max(usualLeaseMs, ...bounded) + driftMs
}

async function closeKeys(db: Db, keys: readonly KeyRow[], issuedUntil: number): Promise<void> {
  for (const { kid, publicJwk } of keys) {
    const jwk = readJwk(publicJwk)
    const before = jwk['issuedUntil']
    // One that was closed by a former restore stays closed.
    const until = typeof before === 'number' ? Math.min(before, issuedUntil) : issuedUntil
    await db
      .updateTable('signingKeys')
      .set({
        publicJwk: canonicalJson({ ...jwk, issuedUntil: until }),
        privateKey: null,
        state: 'active',
      })
      .where('kid', '=', kid)
      .execute()
  }
}

async function revokeAfter(db: Db, book: Book, issuedUntil: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('credentials')
    .innerJoin('environments', 'environments.id', 'credentials.environmentId')
    .selectAll('credentials')
    .select('environments.organizationId')
    .where('credentials.issuedAt', '>=', (issuedUntil + 1) * 1000)
    .where('credentials.revokedAt', 'is', null)
    .orderBy('credentials.id')
    .execute()
  for (const { id, issuer, kid, gatewayId, environmentId, organizationId } of rows) {
    const whose = { organizationId, environmentId }
    const facts = { issuer, jti: id, kid, gatewayId, environmentId, exp: undefined }
    const revision = book.change({ kind: 'credential-revoked', ...facts }, whose)
    await db
      .updateTable('credentials')
      .set({ revokedAt: book.at, revokedRevision: revision })
      .where('id', '=', id)
      .execute()
    const details = { gatewayId, onlyUsed: false }
    book.enter({ action: 'credential.revoke', target: id, revision, details }, whose)
  }
  return rows.map(({ id }) => id)
}

async function addKey(db: Db, book: Book, key: KeyRow): Promise<number> {
  await db.insertInto('signingKeys').values(key).execute()
  const names = await db.selectFrom('issuers').select('name').distinct().orderBy('name').execute()
  const jwk = readJwk(key.publicJwk)
  let revision = 0
  for (const { name } of names) {
    revision = book.change({ kind: 'key-added', issuer: name, jwk }, nobody)
  }
  book.enter({ action: 'key.create', target: key.kid, revision, details: { alg: key.alg } }, nobody)
  return revision
}
