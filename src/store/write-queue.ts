// Group commit. Writes wait in line; one transaction of the database carries all that are waiting, one after another,
// each behind a savepoint, and none is answered before the common commit is:
//
//   begin · savepoint · write 1 · savepoint · write 2 ✗ rollback to · savepoint · write 3 · ledger rows · commit → 1 ✓ 2 ✗ 3 ✓
//
// Savepoints are not released: the commit takes them all, and one that failed is rolled back to and left behind.
import { StoreUnavailable } from './errors.ts'
import { kyselyOver } from './kysely.ts'
import type { Engine, Run } from './kysely.ts'
import { lend } from './lease.ts'
import { createLedger } from './ledger.ts'
import type { Ledger } from './ledger.ts'
import type { CounterTable } from './schema.ts'
import type { Store, WriteTransaction } from './store.ts'

/** One transaction of the database, begun and holding the only right to write. */
export interface WriteSession {
  readonly run: Run
  /** Makes everything durable; `revision` is the newest where the batch has raised it. */
  commit(revision: number | undefined): Promise<void>
  /** Undoes everything; never rejects, since there is nothing more to undo when it fails. */
  rollback(): Promise<void>
}

/** What the queue stands on. */
export interface WriteQueueDeps {
  readonly engine: Engine
  readonly begin: () => Promise<WriteSession>
  readonly onCommit: (revision: number) => void
}

/** Writes in line. */
export interface WriteQueue {
  readonly write: Store['write']
  /** Refuses what comes, finishes what has come. */
  close(): Promise<void>
}

interface Job {
  /** Runs the write behind its savepoint; the function it resolves to answers the writer. */
  attempt(session: WriteSession, ledger: Ledger): Promise<() => void>
  reject(error: unknown): void
}

// Postgres keeps 64 subtransactions of a transaction in memory that others can see; beyond, all readers slow down.
const batchMax = 64

/** Creates the line. */
export function createWriteQueue({ engine, begin, onCommit }: WriteQueueDeps): WriteQueue {
  const waiting: Job[] = []
  let draining: Promise<void> | undefined
  let closed = false

  const drain = async () => {
    while (waiting.length > 0) {
      await commitTogether(waiting.splice(0, batchMax))
    }
    draining = undefined
  }

  const commitTogether = async (jobs: readonly Job[]) => {
    let session: WriteSession | undefined
    const answers: (() => void)[] = []
    try {
      session = await begin()
      const db = kyselyOver(engine, session.run)
      const ledger = createLedger(await readCounters(db))
      for (const job of jobs) {
        answers.push(await job.attempt(session, ledger))
      }
      const revision = await ledger.insert(db)
      await session.commit(revision)
      if (revision !== undefined) {
        onCommit(revision)
      }
    } catch (error) {
      await session?.rollback()
      jobs.forEach((job) => job.reject(error))
      return
    }
    answers.forEach((answer) => answer())
  }

  const write: Store['write'] = (work) =>
    new Promise((resolve, reject) => {
      if (closed) {
        reject(new StoreUnavailable('closed'))
        return
      }
      const attempt: Job['attempt'] = async (session, ledger) => {
        const outcome = await attemptWrite(engine, session, ledger, work)
        return outcome.kind === 'done' ? () => resolve(outcome.value) : () => reject(outcome.error)
      }
      waiting.push({ attempt, reject })
      draining ??= drain()
    })

  return {
    write,
    async close() {
      closed = true
      await draining
    },
  }
}

type Outcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }

async function attemptWrite<T>(
  engine: Engine,
  session: WriteSession,
  ledger: Ledger,
  work: (tx: WriteTransaction) => Promise<T>,
): Promise<Outcome<T>> {
  const lease = lend(session.run)
  const page = ledger.open()
  const db = kyselyOver(engine, lease.run)
  const savepoint = lease.run('savepoint write', []).catch(() => undefined)
  try {
    const value = await work({
      db,
      appendChange: (change) => {
        lease.check()
        return page.appendChange(change)
      },
      appendAudit: (entry) => {
        lease.check()
        return page.appendAudit(entry)
      },
    })
    await savepoint
    lease.finish()
    page.keep()
    return { kind: 'done', value }
  } catch (error) {
    await session.run('rollback to savepoint write', [])
    return { kind: 'failed', error }
  } finally {
    lease.end()
  }
}

type Database = ReturnType<typeof kyselyOver>

async function readCounters(db: Database): Promise<CounterTable> {
  return await db.selectFrom('counters').selectAll().executeTakeFirstOrThrow()
}
