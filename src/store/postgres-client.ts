import { Client, types } from 'pg'
import type { ClientConfig } from 'pg'
import type { Answer, Run } from './kysely.ts'
import { fromPostgres } from './postgres-errors.ts'

const int8 = 20

/** What every connection of ours is set to: times out rather than hangs, and reads 64-bit integers as numbers. */
export function clientConfig(url: string): ClientConfig {
  return {
    connectionString: url,
    application_name: 'warder',
    connectionTimeoutMillis: 5000,
    query_timeout: 15_000,
    keepAlive: true,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === int8 ? Number : types.getTypeParser(oid, format),
    },
  }
}

/** What `Client`, a pool and a pooled client have in common. */
export interface Queryable {
  query(sql: string, parameters: unknown[]): Promise<{ rows: unknown[]; rowCount: number | null }>
}

/** Runs statements on a connection or a pool. */
export function runOn(queryable: Queryable): Run {
  return async (sql, parameters): Promise<Answer> => {
    try {
      const { rows, rowCount } = await queryable.query(sql, [...parameters])
      return { rows, affected: rowCount ?? 0 }
    } catch (error) {
      throw fromPostgres(error)
    }
  }
}

/** Runs statements one after another, as a single connection wants them. */
export function inTurn(run: Run): Run {
  let turn: Promise<unknown> = Promise.resolve()
  return (sql, parameters) => {
    const mine = turn.then(() => run(sql, parameters))
    turn = mine.catch(() => undefined)
    return mine
  }
}

/** A connection; `onLost` is told when it has ended without having been asked to. */
export async function connect(url: string, onLost: () => void): Promise<Client> {
  const client = new Client(clientConfig(url))
  // Whoever has a statement under way hears of the error by it, and everybody else by the end that follows.
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (error) {
    throw fromPostgres(error)
  }
  client.on('end', onLost)
  return client
}

/** Lets go of a connection that may already be gone. */
export async function disconnect(client: Client): Promise<void> {
  await client.end().catch(() => undefined)
}
