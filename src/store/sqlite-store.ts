import { existsSync } from 'node:fs'
import { StoreRefused, StoreUnavailable } from './errors.ts'
import { kyselyOver } from './kysely.ts'
import { lend } from './lease.ts'
import { migrateForward, refuseNewer, schemaVersion, versionOf } from './migrate.ts'
import { createRevisionNews } from './revision-news.ts'
import { openSqliteThread } from './sqlite-thread.ts'
import type { SqliteThread } from './sqlite-thread.ts'
import type { SqliteThreadOptions } from './sqlite-protocol.ts'
import type { Reader, Store } from './store.ts'
import { createWriteQueue } from './write-queue.ts'
import type { WriteSession } from './write-queue.ts'

/** Where a SQLite database is and how large it may grow. */
export interface SqliteOptions {
  readonly path: string
  readonly maxBytes?: number | undefined
}

/** Opens a SQLite database, bringing its schema forward; nobody else may have it open. */
export async function openSqliteStore({ path, maxBytes }: SqliteOptions): Promise<Store> {
  const writer = await openAlone({ path, mode: 'write', maxBytes })
  const threads = [writer]
  const closeThreads = async () => {
    await Promise.all(threads.map((thread) => thread.close()))
  }
  const openReader = async () => {
    const thread = await openSqliteThread({ path, mode: 'read' })
    threads.push(thread)
    return thread
  }
  try {
    await migrateSqlite(writer)
    const reader = kyselyOver('sqlite', (await openReader()).run)
    const news = createRevisionNews()
    const onCommit = news.tell
    const queue = createWriteQueue({ engine: 'sqlite', begin: () => begin(writer), onCommit })
    const aside = createAside(openReader)
    return {
      read: (work) => work(reader),
      write: queue.write,
      snapshot: (work) => aside((thread) => snapshot(thread, work)),
      onRevision: news.listen,
      backup: (to) => aside((thread) => copy(thread, to)),
      async close() {
        await queue.close()
        await closeThreads()
      },
    }
  } catch (error) {
    await closeThreads()
    throw error
  }
}

/** Opens a SQLite database only to read it, beside whoever has it open. */
export async function openSqliteSnapshots(
  path: string,
): Promise<Pick<Store, 'snapshot' | 'backup' | 'close'>> {
  const thread = await openSqliteThread({ path, mode: 'read' })
  try {
    refuseNewer(await versionOf('sqlite', thread.run))
  } catch (error) {
    await thread.close()
    throw error
  }
  return {
    snapshot: (work) => snapshot(thread, work),
    backup: (to) => copy(thread, to),
    close: () => thread.close(),
  }
}

async function copy(thread: SqliteThread, to: string): Promise<void> {
  if (existsSync(to)) {
    throw new StoreRefused(`the backup would overwrite ${to}`)
  }
  await thread.copy(to)
}

/** Keeps everybody else from opening a SQLite database for writing, or from making it. */
export async function holdSqlite(path: string): Promise<Pick<Store, 'close'>> {
  const thread = await openAlone({ path, mode: 'hold' })
  return { close: () => thread.close() }
}

async function openAlone(options: SqliteThreadOptions): Promise<SqliteThread> {
  const { path } = options
  try {
    return await openSqliteThread(options)
  } catch (error) {
    if (error instanceof StoreUnavailable && error.reason === 'busy') {
      throw new StoreRefused(
        `the database ${path} is in use by another process: stop that one, or name another database`,
      )
    }
    throw error
  }
}

async function migrateSqlite(writer: SqliteThread): Promise<void> {
  const version = await versionOf('sqlite', writer.run)
  refuseNewer(version)
  if (version === schemaVersion) {
    return
  }
  const session = await begin(writer)
  try {
    await migrateForward('sqlite', session.run)
    await session.commit(undefined)
  } catch (error) {
    await session.rollback()
    throw error
  }
}

async function begin(thread: SqliteThread): Promise<WriteSession> {
  await thread.run('begin immediate', [])
  return {
    run: thread.runInside,
    async commit() {
      await thread.runInside('commit', [])
    },
    async rollback() {
      // Refused where SQLite has already rolled back by itself.
      await thread.runInside('rollback', []).catch(() => undefined)
    },
  }
}

async function snapshot<T>(thread: SqliteThread, work: (db: Reader) => Promise<T>): Promise<T> {
  await thread.run('begin', [])
  const lease = lend(thread.run)
  try {
    const value = await work(kyselyOver('sqlite', lease.run))
    lease.finish()
    return value
  } finally {
    lease.end()
    await thread.run('rollback', [])
  }
}

/** Long reads take turns on a thread of their own, started when it is first needed. */
function createAside(open: () => Promise<SqliteThread>) {
  let thread: SqliteThread | undefined
  let turn: Promise<unknown> = Promise.resolve()
  return <T>(work: (it: SqliteThread) => Promise<T>): Promise<T> => {
    const mine = turn.then(async () => {
      thread ??= await open()
      return await work(thread)
    })
    turn = mine.catch(() => undefined)
    return mine
  }
}
