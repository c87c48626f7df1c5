import { StoreRefused } from './errors.ts'
import type { Engine, Run } from './kysely.ts'
import { first } from './migrations/0001-first.ts'
import { issuers } from './migrations/0002-issuers.ts'
import { feedAnnouncements } from './migrations/0003-feed-announcements.ts'
import { statusEntries } from './migrations/0004-status-entries.ts'
import { revokedTokens } from './migrations/0005-revoked-tokens.ts'
import { verifierInstances } from './migrations/0006-verifier-instances.ts'
import { gatewaySettings } from './migrations/0007-gateway-settings.ts'
import { ddlFor } from './migrations/ddl.ts'
import type { Migration } from './migrations/ddl.ts'

const migrations: readonly Migration[] = [
  first,
  issuers,
  feedAnnouncements,
  statusEntries,
  revokedTokens,
  verifierInstances,
  gatewaySettings,
]

/** The version of the schema that this program reads and writes. */
export const schemaVersion = migrations.length

/** The version of the schema that the database has; 0 when it has none yet. */
export async function versionOf(engine: Engine, run: Run): Promise<number> {
  const here =
    engine === 'sqlite'
      ? `select 1 from sqlite_schema where name = 'migrations'`
      : `select 1 from pg_class where oid = to_regclass('"migrations"')`
  const { rows: tables } = await run(here, [])
  if (tables.length === 0) {
    return 0
  }
  const { rows } = await run(
    'select coalesce(max("version"), 0) as "version" from "migrations"',
    [],
  )
  return Number(Object.values(rows[0] ?? {})[0])
}

/** Refuses a database that a newer program has written. */
export function refuseNewer(version: number): void {
  if (version > schemaVersion) {
    throw new StoreRefused(
      `the database has schema ${version} and this program knows ${schemaVersion}: run the newer program`,
    )
  }
}

/** Brings the schema forward, inside a transaction that the caller has begun and will end. */
export async function migrateForward(engine: Engine, run: Run): Promise<void> {
  const version = await versionOf(engine, run)
  refuseNewer(version)
  const ddl = ddlFor(engine)
  if (version === 0) {
    const columns = { version: `${ddl.integer} primary key`, name: ddl.text }
    await run(ddl.table('migrations', columns), [])
  }
  for (const migration of migrations.slice(version)) {
    for (const statement of migration.statements(ddl)) {
      await run(statement, [])
    }
    // Both are our own constants; placeholders are written differently by the engines.
    await run(`insert into "migrations" values (${migration.version}, '${migration.name}')`, [])
  }
}
