// A database thread: one connection, one task at a time, so that waiting for the disk holds up nobody else.
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { SQLInputValue, StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import type {
  BareAnswer,
  SqliteReply,
  SqliteRequest,
  SqliteTask,
  SqliteThreadOptions,
} from './sqlite-protocol.ts'

const statementsMax = 500
const busyTimeoutMs = 5000
const pageBytes = 4096
/** At what length the log is carried over into the database: that at which SQLite itself would. */
const logPagesMax = 1000
const ioError = 10
const nothing: BareAnswer = { columns: [], rows: [], affected: 0 }

const { path, mode, maxBytes }: SqliteThreadOptions = workerData
const statements = new Map<string, Prepared>()
let db: DatabaseSync | undefined
let lock: DatabaseSync | undefined
let lostBy = ioError

interface Prepared {
  readonly statement: StatementSync
  readonly columns: readonly string[]
}

function open(): BareAnswer {
  if (mode === 'read') {
    db = new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs })
    return nothing
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  createPrivate(`${path}-lock`)
  if (mode === 'write') createPrivate(path)
  // Held until the process ends, however it ends: a second authority on the same file would not see this one's changes.
  lock = new DatabaseSync(`${path}-lock`, { timeout: 0 })
  lock.exec('begin exclusive')
  if (mode === 'hold') return nothing
  db = new DatabaseSync(path, { timeout: busyTimeoutMs })
  db.exec(`
    pragma page_size = ${pageBytes};
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma wal_autocheckpoint = 0;
    pragma foreign_keys = on;
    pragma temp_store = memory;
    pragma trusted_schema = off;
  `)
  if (maxBytes !== undefined) {
    db.exec(`pragma max_page_count = ${Math.ceil(maxBytes / pageBytes)}`)
  }
  return nothing
}

function createPrivate(file: string): void {
  closeSync(openSync(file, 'a', 0o600))
}

function opened(): DatabaseSync {
  if (db === undefined) {
    throw new TypeError('the database is not open')
  }
  return db
}

function prepared(sql: string): Prepared {
  const known = statements.get(sql)
  if (known !== undefined) {
    return known
  }
  if (statements.size >= statementsMax) {
    statements.clear()
  }
  const statement = opened().prepare(sql)
  statement.setReturnArrays(true)
  const one = { statement, columns: statement.columns().map(({ name }) => name) }
  statements.set(sql, one)
  return one
}

// SQLite may end a transaction by itself when the disk fails: the rest of it must not run outside of one, and fails for
// the reason for which it ended.
function runInside(sql: string, parameters: readonly SQLInputValue[]): BareAnswer {
  if (!opened().isTransaction) {
    throw Object.assign(new Error('the transaction is lost'), { errcode: lostBy })
  }
  try {
    return run(sql, parameters)
  } catch (error) {
    lostBy = codeOf(error) ?? ioError
    throw error
  }
}

function run(sql: string, parameters: readonly SQLInputValue[]): BareAnswer {
  const { statement, columns } = prepared(sql)
  if (columns.length > 0) {
    const rows: readonly unknown[] = statement.all(...parameters)
    return { columns, rows: rows.filter(isRow), affected: 0 }
  }
  const { changes } = statement.run(...parameters)
  return { columns, rows: [], affected: Number(changes) }
}

const isRow = (row: unknown): row is readonly unknown[] => Array.isArray(row)

function copy(to: string): BareAnswer {
  const partial = `${to}.partial`
  rmSync(partial, { force: true })
  createPrivate(partial)
  opened().prepare('vacuum into ?').run(partial)
  sync(partial)
  renameSync(partial, to)
  sync(dirname(to))
  return nothing
}

function sync(file: string): void {
  const descriptor = openSync(file, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function close(): BareAnswer {
  statements.clear()
  db?.close()
  lock?.close()
  return nothing
}

function perform(task: SqliteTask): BareAnswer {
  if (task.kind === 'run') {
    return (task.inside ? runInside : run)(task.sql, task.parameters)
  }
  if (task.kind === 'copy') {
    return copy(task.to)
  }
  return task.kind === 'open' ? open() : close()
}

function reply(id: number, task: SqliteTask): SqliteReply {
  try {
    return { id, kind: 'done', answer: perform(task) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { id, kind: 'failed', code: codeOf(error), message }
  }
}

function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) {
    return undefined
  }
  if ('errcode' in error) {
    return Number(error.errcode)
  }
  const { code }: NodeJS.ErrnoException = error
  return code === undefined ? undefined : systemCodes.get(code)
}

// What the file system says outside of SQLite, in SQLite's words.
const systemCodes = new Map([
  ['ENOSPC', 13],
  ['EDQUOT', 13],
  ['EROFS', 8],
  ['EACCES', 14],
  ['EPERM', 14],
  ['ENOTDIR', 14],
  ['ENOENT', 14],
  ['EISDIR', 14],
  ['EEXIST', 14],
  ['EIO', ioError],
])

/**
 * SQLite would do so before it says that a transaction is committed, and whoever made the log too long would wait for
 * it, some thirty milliseconds. What fails here is tried again after the next one.
 */
function carryOver(): void {
  try {
    if (logPages() >= logPagesMax) opened().exec('pragma wal_checkpoint(passive)')
  } catch {
    // A full disk, for instance: the log is whole, and goes on.
  }
}

/** How long the log is. Its file never shrinks, but says without a question that it was not long yet. */
function logPages(): number {
  const size = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
  if (size < logPagesMax * pageBytes) return 0
  const [row] = run('pragma wal_checkpoint(noop)', []).rows
  return Number(row?.[1])
}

parentPort?.on('message', ({ id, task }: SqliteRequest) => {
  parentPort?.postMessage(reply(id, task))
  if (task.kind === 'run' && task.sql === 'commit') carryOver()
})
