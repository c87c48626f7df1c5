// What has to be there before anything else is: roots, installation, issuer, keys, and somebody who may sign in. Every
// step looks first, in its own transaction, so that a start after a crash, or beside another start, goes on from there.

import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseJsonObject, type JsonObject } from '../credential/strict-json.ts'
import type { Store, WriteTransaction } from '../store/store.ts'
import { writeFileAtomic } from '../system/atomic-file.ts'
import type { Clock } from '../system/clock.ts'
import { openBook, type Book } from './book.ts'
import { createClientSecrets } from './client-secrets.ts'
import { createKeyRow, type KeyTable } from './key-pair.ts'
import { openRoots, type Roots } from './roots.ts'
import { AuthorityRefused, managementAudience, type AuthoritySettings } from './settings.ts'
import { readJwk } from './signing-keys.ts'

export interface FirstStartParts {
  readonly store: Store
  readonly clock: Clock
  readonly settings: AuthoritySettings
  /** Where `keys/` and `admin.json` are. */
  readonly dataFolder: string
  /** The key under which secrets are kept, base64url of 32 bytes, where it comes from the environment. */
  readonly keyEncryptionKey: string | undefined
}

/** An installation that is ready to run. */
export interface Installation {
  readonly id: string
  readonly epoch: string
  readonly roots: Roots
  /** Whether this start has made the first administrator. */
  readonly first: boolean
}

/** The first administrator, as `admin.json` has it. */
interface Admin {
  readonly organizationId: string
  readonly environmentId: string
  readonly clientId: string
  readonly clientSecret: string
}

type Db = WriteTransaction['db']
const nobody = { organizationId: null, environmentId: null }

/** Makes what is missing; does nothing where nothing is. */
export async function ensureFirstStart(parts: FirstStartParts): Promise<Installation> {
  const { store, settings, dataFolder, keyEncryptionKey: given } = parts
  if (settings.credentials.audience === managementAudience(settings)) {
    throw new AuthorityRefused(
      'credentials.audience is the audience of administrators’ tokens: choose another one',
    )
  }
  await mkdir(dataFolder, { recursive: true, mode: 0o700 })
  const before = await findInstallation(store)
  const folder = join(dataFolder, 'keys')
  const roots = await openRoots({ folder, given, wanted: before?.keyEncryptionKey ?? undefined })
  const { id, epoch, keyEncryptionKey } = before ?? (await makeInstallation(parts, roots))
  if (keyEncryptionKey !== roots.current) {
    throw new AuthorityRefused(
      `another process has set this database up with the key ${keyEncryptionKey ?? '?'}, which is not here`,
    )
  }
  await ensureIssuer(parts, epoch)
  await ensureKey(parts, roots, { table: 'signingKeys', epoch })
  await ensureKey(parts, roots, { table: 'feedKeys', epoch })
  const first = await ensureAdministrator(parts, roots, epoch)
  return { id, epoch, roots, first }
}

async function findInstallation(store: Store) {
  return store.read((db) => db.selectFrom('installation').selectAll().executeTakeFirst())
}

async function makeInstallation({ store, clock }: FirstStartParts, roots: Roots) {
  return store.write(async ({ db }) => {
    const there = await db.selectFrom('installation').selectAll().executeTakeFirst()
    if (there) return there
    const row = {
      singleton: 1,
      id: randomUUID(),
      epoch: randomUUID(),
      pepper: roots.current,
      keyEncryptionKey: roots.current,
      createdAt: clock.wall(),
      strangersUntil: null,
    } as const
    await db.insertInto('installation').values(row).execute()
    return row
  })
}

function write<T>(
  { store, clock }: FirstStartParts,
  epoch: string,
  work: (db: Db, book: Book) => Promise<T>,
): Promise<T> {
  return store.write((tx) =>
    work(tx.db, openBook(tx, { epoch, actor: 'warder', at: clock.wall() })),
  )
}

/** Under a name that is new, credentials are issued from now on; those under former names go on counting. */
async function ensureIssuer(parts: FirstStartParts, epoch: string): Promise<void> {
  const { issuer: name, audience } = parts.settings.credentials
  await write(parts, epoch, async (db, book) => {
    const named = db.selectFrom('issuers').select('audience').where('name', '=', name)
    const audiences = (await named.execute()).map((row) => row.audience)
    if (audiences.includes(audience)) return
    await db.insertInto('issuers').values({ name, audience, createdAt: book.at }).execute()
    const keys = await db
      .selectFrom('signingKeys')
      .select('publicJwk')
      .where('state', '!=', 'retired')
      .execute()
    const organizations = await db.selectFrom('organizations').select('audience').execute()
    const issuer = {
      name,
      jwks: { keys: keys.map(({ publicJwk }) => readJwk(publicJwk)) },
      gatewayAudiences: [...audiences, audience],
      clientAudiences: organizations.map((row) => row.audience),
    }
    const revision = book.change({ kind: 'issuer-added', issuer }, nobody)
    book.enter({ action: 'issuer.create', target: name, revision, details: { audience } }, nobody)
  })
}

interface KeyOf {
  readonly table: KeyTable
  readonly epoch: string
}

async function ensureKey(
  parts: FirstStartParts,
  roots: Roots,
  { table, epoch }: KeyOf,
): Promise<void> {
  const { store, clock, settings } = parts
  const find = (db: Pick<Db, 'selectFrom'>) =>
    db.selectFrom(table).select('kid').where('state', '=', 'active').executeTakeFirst()
  if (await store.read(find)) return
  const { algorithm, issuer } = settings.credentials
  const forTokens = table === 'signingKeys'
  const made = await createKeyRow(table, forTokens ? algorithm : 'EdDSA', roots, clock.wall())
  const row = { ...made, state: 'active', activatedAt: made.createdAt } as const
  await write(parts, epoch, async (db, book) => {
    if (await find(db)) return
    await db.insertInto(table).values(row).execute()
    const jwk = readJwk(row.publicJwk)
    const revision = forTokens ? book.change({ kind: 'key-added', issuer, jwk }, nobody) : null
    const details = { alg: row.alg, table }
    book.enter({ action: 'key.create', target: row.kid, revision, details }, nobody)
  })
}

// The file comes first: a secret that is only in the database, as a hash, would be nobody's. What a crash leaves is a
// file without rows, and then the next start makes the rows of the file.
async function ensureAdministrator(
  parts: FirstStartParts,
  roots: Roots,
  epoch: string,
): Promise<boolean> {
  const { store, settings, dataFolder } = parts
  const path = join(dataFolder, 'admin.json')
  if (await store.read(hasOrganization)) {
    await correctAddress(parts, path)
    return false
  }
  const secrets = createClientSecrets(roots)
  const admin = await agreeOnAdmin(path, {
    organizationId: randomUUID(),
    environmentId: randomUUID(),
    clientId: randomUUID(),
    clientSecret: secrets.create().secret,
  })
  const content = `${JSON.stringify({ authority: settings.publicUrl, ...admin }, undefined, 2)}\n`
  const kept = secrets.hash(admin.clientSecret)
  const made = await write(parts, epoch, async (db, book) => {
    if (await hasOrganization(db)) return false
    await insertTenant(db, admin, book.at)
    const id = await insertAdministrator(db, admin, { ...kept, createdAt: book.at })
    const { organizationId, environmentId } = admin
    const whose = { organizationId, environmentId: null }
    book.enter({ action: 'organization.create', target: organizationId }, whose)
    const environment = { organizationId, environmentId }
    book.enter({ action: 'environment.create', target: environmentId }, environment)
    book.enter({ action: 'administrator.create', target: id }, whose)
    return true
  })
  if (made) await writeFileAtomic(path, content, 0o600)
  else if (!(await store.read((db) => hasAdministrator(db, admin)))) await rm(path, { force: true })
  return made
}

/** Commands find the authority by the file, so it has to name the address of this start. */
async function correctAddress({ store, settings }: FirstStartParts, path: string): Promise<void> {
  const there = parseJsonObject((await readFile(path).catch(() => undefined)) ?? Buffer.alloc(0))
  const clientId = there && textOf(there, 'clientId', uuid)
  if (!clientId || there['authority'] === settings.publicUrl) return
  if (!(await store.read((db) => hasAdministrator(db, { clientId })))) return
  const content = `${JSON.stringify({ ...there, authority: settings.publicUrl }, undefined, 2)}\n`
  // Where the folder cannot be written the file stays as it is: the authority does not need it.
  await writeFileAtomic(path, content, 0o600).catch(() => undefined)
}

/** Of two processes that start at once the file of one is first, and both go by that. */
async function agreeOnAdmin(path: string, proposed: Admin): Promise<Admin> {
  const there = await readAdmin(path)
  if (there) return there
  const temporary = `${path}.${randomUUID()}.tmp`
  await writeFileAtomic(temporary, JSON.stringify(proposed), 0o600)
  try {
    await link(temporary, path)
    return proposed
  } catch {
    const first = await readAdmin(path)
    if (!first)
      throw new AuthorityRefused(`${path} cannot be made: check the folder and its rights`)
    return first
  } finally {
    await rm(temporary, { force: true })
  }
}

async function hasAdministrator(
  db: Pick<Db, 'selectFrom'>,
  { clientId }: Pick<Admin, 'clientId'>,
): Promise<boolean> {
  const found = db.selectFrom('administrators').select('id').where('clientId', '=', clientId)
  return (await found.executeTakeFirst()) !== undefined
}

async function hasOrganization(db: Pick<Db, 'selectFrom'>): Promise<boolean> {
  return (await db.selectFrom('organizations').select('id').executeTakeFirst()) !== undefined
}

async function insertTenant(db: Db, admin: Admin, at: number): Promise<void> {
  const { organizationId, environmentId } = admin
  const audience = `urn:warder:${organizationId}`
  await db
    .insertInto('organizations')
    .values({ id: organizationId, name: 'default', audience, createdAt: at })
    .execute()
  await db
    .insertInto('environments')
    .values({
      id: environmentId,
      organizationId,
      name: 'default',
      description: null,
      enabled: 1,
      createdAt: at,
      updatedAt: at,
      deletedAt: null,
      deletedRevision: null,
    })
    .execute()
}

async function insertAdministrator(
  db: Db,
  { organizationId, clientId }: Admin,
  kept: { readonly secretHash: string; readonly pepper: string; readonly createdAt: number },
): Promise<string> {
  const id = randomUUID()
  await db
    .insertInto('administrators')
    .values({
      id,
      organizationId,
      environmentId: null,
      clientId,
      name: 'first administrator',
      role: 'organization-admin',
      ...kept,
      lastUsedAt: null,
      revokedAt: null,
      revokedRevision: null,
    })
    .execute()
  return id
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const secretForm = /^[\w-]{43}$/

async function readAdmin(path: string): Promise<Admin | undefined> {
  const bytes = await readFile(path).catch(() => undefined)
  if (!bytes) return undefined
  const read = parseJsonObject(bytes) ?? {}
  const organizationId = textOf(read, 'organizationId', uuid)
  const environmentId = textOf(read, 'environmentId', uuid)
  const clientId = textOf(read, 'clientId', uuid)
  const clientSecret = textOf(read, 'clientSecret', secretForm)
  if (!organizationId || !environmentId || !clientId || !clientSecret) {
    throw new AuthorityRefused(`${path} is there and is not an administrator’s: move it away`)
  }
  return { organizationId, environmentId, clientId, clientSecret }
}

function textOf(read: JsonObject, name: string, form: RegExp): string | undefined {
  const value = read[name]
  return typeof value === 'string' && form.test(value) ? value : undefined
}
