// From SQLite to Postgres, row by row, in one transaction: all of it is there, or nothing.

import { existsSync } from 'node:fs'
import { StoreRefused } from './errors.ts'
import type { Run } from './kysely.ts'
import { refuseNewer, schemaVersion, versionOf } from './migrate.ts'
import { connect, disconnect, inTurn, runOn } from './postgres-client.ts'
import { migratePostgres } from './postgres-store.ts'
import type { Schema } from './schema.ts'
import { openSqliteThread } from './sqlite-thread.ts'

/** How many rows of each table were moved. */
export type Moved = Readonly<Record<string, number>>

const rowsAtOnce = 200

/** Every table but the one that says which schema it is, those first that others refer to. */
const order: Readonly<Record<Exclude<keyof Schema, 'migrations'>, true>> = {
  installation: true,
  issuers: true,
  organizations: true,
  environments: true,
  gateways: true,
  credentials: true,
  credentialSources: true,
  statusEntries: true,
  administrators: true,
  apiCredentials: true,
  revokedTokens: true,
  signingKeys: true,
  feedKeys: true,
  feedAnnouncements: true,
  verifiers: true,
  verifierEnvironments: true,
  verifierInstances: true,
  audit: true,
  changes: true,
  counters: true,
  idempotencyKeys: true,
}
const tables = Object.keys(order)

/** Copies a SQLite database that nobody has open into a Postgres database that holds nothing yet. */
export async function moveToPostgres(path: string, url: string): Promise<Moved> {
  if (!existsSync(path)) throw new StoreRefused(`there is no database ${path}`)
  const from = await openSqliteThread({ path, mode: 'write' })
  try {
    const version = await versionOf('sqlite', from.run)
    refuseNewer(version)
    if (version < schemaVersion) {
      throw new StoreRefused(
        `${path} has schema ${version} and this program needs ${schemaVersion}: run warder authority migrate on it`,
      )
    }
    await refuseUnknownTables(from.run)
    await migratePostgres(url)
    return await copyAll(from.run, url)
  } finally {
    await from.close()
  }
}

/** A table that a later schema has added must not be left behind. */
async function refuseUnknownTables(run: Run): Promise<void> {
  const listed = `select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'`
  const { rows } = await run(listed, [])
  const known = new Set([...tables, 'migrations'])
  const unknown = rows
    .map((row) => String(cellsOf(row).get('name')))
    .find((name) => !known.has(name))
  if (unknown !== undefined) throw new TypeError(`nothing is said of moving the table ${unknown}`)
}

async function copyAll(read: Run, url: string): Promise<Moved> {
  const client = await connect(url, () => undefined)
  const write = inTurn(runOn(client))
  try {
    await write('begin', [])
    const { rows } = await write('select id from "installation" limit 1', [])
    if (rows.length > 0) {
      throw new StoreRefused(
        'the Postgres database holds an installation already: name an empty one',
      )
    }
    // Its one row stands for a database in which nothing has happened.
    await write('delete from "counters"', [])
    const moved: Record<string, number> = {}
    for (const table of tables) moved[table] = await copyTable(read, write, table)
    await write('commit', [])
    return moved
  } finally {
    await disconnect(client)
  }
}

async function copyTable(read: Run, write: Run, table: string): Promise<number> {
  const page = `select rowid as "row number", * from "${table}" where rowid > ? order by rowid limit ?`
  // Some tables count from 0.
  let [last, count] = [-1, 0]
  for (;;) {
    const { rows } = await read(page, [last, rowsAtOnce])
    const records = rows.map(cellsOf)
    const [first] = records
    if (!first) return count
    const columns = [...first.keys()].filter((name) => name !== 'row number')
    const values = records.flatMap((record) => columns.map((name) => valueFor(record.get(name))))
    await write(insertOf(table, columns, records.length), values)
    last = Number(records.at(-1)?.get('row number'))
    count += records.length
  }
}

function insertOf(table: string, columns: readonly string[], rows: number): string {
  const names = columns.map((name) => `"${name}"`).join(', ')
  const row = (at: number) =>
    `(${columns.map((_, column) => `$${at * columns.length + column + 1}`).join(', ')})`
  return `insert into "${table}" (${names}) values ${Array.from({ length: rows }, (_, at) => row(at)).join(', ')}`
}

function cellsOf(row: unknown): ReadonlyMap<string, unknown> {
  if (typeof row !== 'object' || row === null) throw new TypeError('a row is no object')
  return new Map<string, unknown>(Object.entries(row))
}

/** Bytes are the one type that both drivers give and take in different ways. */
function valueFor(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value) : value
}
