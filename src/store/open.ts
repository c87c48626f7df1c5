import { StoreRefused } from './errors.ts'
import { migratePostgres, openPostgresStore } from './postgres-store.ts'
import { holdSqlite, openSqliteSnapshots, openSqliteStore } from './sqlite-store.ts'
import type { Store } from './store.ts'

/** Where the database is, `sqlite:PATH` or `postgres://…`, and what bounds it. */
export interface StoreOptions {
  readonly url: string
  /** How large a SQLite database may grow; beyond it writes are refused as on a full disk. */
  readonly maxBytes?: number | undefined
  /** How many connections to Postgres read at a time. */
  readonly readersMax?: number | undefined
  /** How often revisions of other processes are asked for, should a notification be lost. */
  readonly pollMs?: number | undefined
}

const sqlitePrefix = 'sqlite:'
const postgresPrefixes = ['postgres://', 'postgresql://']

/** Opens the database: a SQLite one is brought forward, a Postgres one has to be migrated before. */
export async function openStore({ url, ...options }: StoreOptions): Promise<Store> {
  return isPostgres(url)
    ? await openPostgresStore({ url, ...options })
    : await openSqliteStore({ path: pathOf(url), ...options })
}

/** Opens the database only to read it; a SQLite one may be open elsewhere. */
export async function openSnapshots(
  url: string,
): Promise<Pick<Store, 'snapshot' | 'backup' | 'close'>> {
  return isPostgres(url) ? await openPostgresStore({ url }) : await openSqliteSnapshots(pathOf(url))
}

/** Keeps everybody else from opening a SQLite database for writing, or from making it, without opening it. */
export function holdDatabase(url: string): Promise<Pick<Store, 'close'>> {
  return holdSqlite(pathOf(url))
}

/** Brings the schema of a database forward to this program's. */
export async function migrateStore(url: string): Promise<void> {
  if (isPostgres(url)) {
    await migratePostgres(url)
  } else {
    const store = await openSqliteStore({ path: pathOf(url) })
    await store.close()
  }
}

function isPostgres(url: string): boolean {
  return postgresPrefixes.some((prefix) => url.startsWith(prefix))
}

function pathOf(url: string): string {
  const path = url.startsWith(sqlitePrefix) ? url.slice(sqlitePrefix.length) : ''
  if (path === '') {
    // The address may hold a password.
    throw new StoreRefused('a database is addressed by sqlite:PATH or postgres://…')
  }
  return path
}
