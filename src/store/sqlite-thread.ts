import { extname } from 'node:path'
import type { SQLInputValue } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { StoreUnavailable } from './errors.ts'
import type { Answer, Run } from './kysely.ts'
import { fromSqlite } from './sqlite-errors.ts'
import type {
  BareAnswer,
  SqliteReply,
  SqliteRequest,
  SqliteTask,
  SqliteThreadOptions,
} from './sqlite-protocol.ts'

/** A connection to a SQLite database on a thread of its own. */
export interface SqliteThread {
  readonly run: Run
  /** Like `run`, but refused when no transaction is open. */
  readonly runInside: Run
  /** Writes a consistent copy of the database to a new file. */
  copy(to: string): Promise<void>
  close(): Promise<void>
}

interface Waiting {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

/** Starts a thread and opens the database on it. */
export async function openSqliteThread(options: SqliteThreadOptions): Promise<SqliteThread> {
  const file = new URL(`./sqlite-worker${extname(import.meta.url)}`, import.meta.url)
  const worker = new Worker(file, { workerData: options, name: `store-${options.mode}` })
  const ask = questionsTo(worker)
  const runIn =
    (inside: boolean): Run =>
    (sql, parameters) =>
      ask({ kind: 'run', sql, parameters: parameters.map(inputValue), inside })
  try {
    await ask({ kind: 'open' })
  } catch (error) {
    await worker.terminate()
    throw error
  }
  return {
    run: runIn(false),
    runInside: runIn(true),
    async copy(to) {
      await ask({ kind: 'copy', to })
    },
    async close() {
      await ask({ kind: 'close' })
      await worker.terminate()
    },
  }
}

function questionsTo(worker: Worker): (task: SqliteTask) => Promise<Answer> {
  const waiting = new Map<number, Waiting>()
  let next = 0
  let ended = false
  worker.on('message', (reply: SqliteReply) => {
    const asker = waiting.get(reply.id)
    waiting.delete(reply.id)
    if (reply.kind === 'done') {
      asker?.resolve(answerOf(reply.answer))
    } else {
      asker?.reject(errorOf(reply.code, reply.message))
    }
  })
  const end = () => {
    ended = true
    waiting.forEach(({ reject }) => reject(new StoreUnavailable('closed', 'unknown')))
    waiting.clear()
  }
  worker.on('error', end)
  worker.on('exit', end)
  return (task) =>
    new Promise((resolve, reject) => {
      if (ended) {
        reject(new StoreUnavailable('closed'))
        return
      }
      next += 1
      waiting.set(next, { resolve, reject })
      const request: SqliteRequest = { id: next, task }
      worker.postMessage(request)
    })
}

function answerOf({ columns, rows, affected }: BareAnswer): Answer {
  return { rows: rows.map((row) => objectOf(columns, row)), affected }
}

function objectOf(columns: readonly string[], row: readonly unknown[]): object {
  const object: Record<string, unknown> = {}
  for (let at = 0; at < columns.length; at++) object[columns[at] ?? ''] = row[at]
  return object
}

function errorOf(code: number | undefined, message: string): Error {
  return code === undefined ? new Error(`sqlite: ${message}`) : fromSqlite(code, message)
}

function inputValue(value: unknown): SQLInputValue {
  if (typeof value === 'boolean') {
    return value ? 1 : 0
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') {
    return value
  }
  if (value === null || value instanceof Uint8Array) {
    return value
  }
  throw new TypeError(`SQLite has no place for a value of type ${typeof value}`)
}
