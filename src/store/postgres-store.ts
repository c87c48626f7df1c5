import { Pool } from 'pg'
import { StoreRefused, StoreUnavailable } from './errors.ts'
import { kyselyOver } from './kysely.ts'
import type { Run } from './kysely.ts'
import { lend } from './lease.ts'
import { migrateForward, refuseNewer, schemaVersion, versionOf } from './migrate.ts'
import { clientConfig, connect, disconnect, inTurn, runOn } from './postgres-client.ts'
import { fromPostgres } from './postgres-errors.ts'
import { listenToPostgres } from './postgres-news.ts'
import { createPostgresWriter } from './postgres-writer.ts'
import { createRevisionNews } from './revision-news.ts'
import type { Reader, Store } from './store.ts'
import { createWriteQueue } from './write-queue.ts'

/** Where a Postgres database is, how many connections read, how often a lost notification is made up for. */
export interface PostgresOptions {
  readonly url: string
  readonly readersMax?: number | undefined
  readonly pollMs?: number | undefined
}

/** Opens a Postgres database whose schema is this program's. */
export async function openPostgresStore(options: PostgresOptions): Promise<Store> {
  const { url, readersMax = 10, pollMs = 1000 } = options
  const pool = new Pool({ ...clientConfig(url), max: readersMax })
  // A pooled connection that ends while idle is replaced by the pool; whoever uses one hears of it by the query.
  pool.on('error', () => undefined)
  try {
    await refuseOtherSchema(runOn(pool))
  } catch (error) {
    await pool.end()
    throw error
  }
  const reader = kyselyOver('postgres', runOn(pool))
  const newest = async () => {
    const counters = reader.selectFrom('counters').select('revision')
    return (await counters.executeTakeFirstOrThrow()).revision
  }
  const revisions = createRevisionNews()
  revisions.tell(await newest())
  const { tell } = revisions
  const news = listenToPostgres({ url, pollMs, newest, tell })
  const writer = createPostgresWriter(url)
  const queue = createWriteQueue({ engine: 'postgres', begin: writer.begin, onCommit: tell })
  let closed = false
  const unlessClosed = () => {
    if (closed) {
      throw new StoreUnavailable('closed')
    }
  }
  return {
    async read(work) {
      unlessClosed()
      return await work(reader)
    },
    write: queue.write,
    async snapshot(work) {
      unlessClosed()
      return await snapshot(pool, work)
    },
    onRevision: revisions.listen,
    async backup() {
      throw new StoreRefused('only a SQLite database is copied by the program: use pg_dump')
    },
    async close() {
      closed = true
      await queue.close()
      await Promise.all([news.close(), writer.close(), pool.end()])
    },
  }
}

/** Brings the schema of a Postgres database forward; several at once wait for each other. */
export async function migratePostgres(url: string): Promise<void> {
  const client = await connect(url, () => undefined)
  try {
    const run = inTurn(runOn(client))
    await run('begin', [])
    await run(`select pg_advisory_xact_lock(hashtext('warder schema'))`, [])
    await migrateForward('postgres', run)
    await run('commit', [])
  } finally {
    await disconnect(client)
  }
}

async function refuseOtherSchema(run: Run): Promise<void> {
  const version = await versionOf('postgres', run)
  refuseNewer(version)
  if (version < schemaVersion) {
    throw new StoreRefused(
      `the database has schema ${version} and this program needs ${schemaVersion}: run warder authority migrate`,
    )
  }
}

async function snapshot<T>(pool: Pool, work: (db: Reader) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw fromPostgres(error)
  })
  const run = inTurn(runOn(client))
  const lease = lend(run)
  try {
    await run('begin isolation level repeatable read read only', [])
    const value = await work(kyselyOver('postgres', lease.run))
    lease.finish()
    return value
  } finally {
    lease.end()
    const undone = run('rollback', [])
    await undone.then(() => client.release()).catch(() => client.release(true))
  }
}
