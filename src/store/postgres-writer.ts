// The one connection of this process that writes. Each transaction first locks the row of counters, so that writes of all
// processes happen one after another and revisions are in commit order.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { StoreUnavailable } from './errors.ts'
import type { Run } from './kysely.ts'
import { connect, disconnect, inTurn, runOn } from './postgres-client.ts'
import { fromPostgres } from './postgres-errors.ts'
import type { WriteSession } from './write-queue.ts'

/** The channel that new revisions are told on. */
export const revisionChannel = 'warder_revision'

// A process that is stopped while it holds the lock must not stop the others: the server ends its transaction.
const settings = `
  set lock_timeout = '10s';
  set statement_timeout = '10s';
  set idle_in_transaction_session_timeout = '5s';
  select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'
`
const settleAttempts = 10
const settlePauseMs = 200

/** Begins transactions, on a new connection whenever the last one is lost. */
export interface PostgresWriter {
  readonly begin: () => Promise<WriteSession>
  close(): Promise<void>
}

/** Creates the writer; it connects when it first has something to write. */
export function createPostgresWriter(url: string): PostgresWriter {
  let client: Client | undefined

  const forget = (it: Client) => {
    if (client === it) {
      client = undefined
    }
  }
  const drop = async (it: Client) => {
    forget(it)
    await disconnect(it)
  }
  const connected = async (): Promise<Client> => {
    if (client !== undefined) {
      return client
    }
    const fresh = await connect(url, () => forget(fresh))
    try {
      await fresh.query(settings)
    } catch (error) {
      await drop(fresh)
      throw fromPostgres(error)
    }
    client = fresh
    return fresh
  }

  return {
    async begin() {
      const it = await connected()
      try {
        return await beginOn(it, url, () => drop(it))
      } catch (error) {
        await drop(it)
        throw error
      }
    },
    async close() {
      if (client !== undefined) {
        await drop(client)
      }
    },
  }
}

async function beginOn(
  client: Client,
  url: string,
  drop: () => Promise<void>,
): Promise<WriteSession> {
  const run = inTurn(runOn(client))
  await run('begin', [])
  const xid = await lockCounters(run)
  return {
    run,
    async commit(revision) {
      if (revision !== undefined) {
        await run('select pg_notify($1, $2)', [revisionChannel, String(revision)])
      }
      try {
        await run('commit', [])
      } catch (error) {
        await drop()
        await settle(url, xid, error)
      }
    },
    async rollback() {
      await run('rollback', []).catch(drop)
    },
  }
}

async function lockCounters(run: Run): Promise<string> {
  const { rows } = await run(
    'select pg_current_xact_id()::text as "xid" from "counters" for update',
    [],
  )
  return textOf(rows[0])
}

/** Finds out what became of a commit whose answer was lost: returns if it happened, throws if not or if nobody can tell. */
async function settle(url: string, xid: string, error: unknown): Promise<void> {
  if (!(error instanceof StoreUnavailable)) {
    throw error
  }
  for (let attempt = 0; attempt < settleAttempts; attempt += 1) {
    const status = await statusOf(url, xid)
    if (status === 'committed') {
      return
    }
    if (status === 'aborted') {
      throw new StoreUnavailable(error.reason)
    }
    await sleep(settlePauseMs)
  }
  throw new StoreUnavailable(error.reason, 'unknown')
}

async function statusOf(url: string, xid: string): Promise<string> {
  try {
    const client = await connect(url, () => undefined)
    try {
      const { rows } = await runOn(client)('select pg_xact_status($1::xid8) as "status"', [xid])
      return textOf(rows[0])
    } finally {
      await disconnect(client)
    }
  } catch {
    return 'unreachable'
  }
}

function textOf(row: unknown): string {
  return row !== null && typeof row === 'object' ? String(Object.values(row)[0]) : ''
}
