import {
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { CompiledQuery, DatabaseConnection, Dialect, QueryResult } from 'kysely'
import type { Schema } from './schema.ts'

/** The database engines that the store runs on. */
export type Engine = 'sqlite' | 'postgres'

/** Rows as the engine gives them, and how many it touched. */
export interface Answer {
  readonly rows: unknown[]
  readonly affected: number
}

/** Runs one statement; rejects with the store's own errors only. */
export type Run = (sql: string, parameters: readonly unknown[]) => Promise<Answer>

/** A query builder whose statements go through `run`. Transactions are not its business. */
export function kyselyOver(engine: Engine, run: Run): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: dialectOver(engine, connectionOver(run)) })
}

function connectionOver(run: Run): DatabaseConnection {
  return {
    async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
      const { rows, affected } = await run(sql, parameters)
      assertRows<Row>(rows)
      return { rows, numAffectedRows: BigInt(affected) }
    },
    streamQuery() {
      throw new TypeError('the store does not stream: page by key')
    },
  }
}

// The schema's types say what a statement's rows are; that the tables have such columns is the migrations' promise.
function assertRows<Row>(_rows: unknown[]): asserts _rows is Row[] {}

async function noTransaction(): Promise<never> {
  throw new TypeError('transactions are begun by the store: use write or snapshot')
}

async function nothing(): Promise<void> {}

function dialectOver(engine: Engine, connection: DatabaseConnection): Dialect {
  const sqlite = engine === 'sqlite'
  return {
    createAdapter: () => (sqlite ? new SqliteAdapter() : new PostgresAdapter()),
    createQueryCompiler: () => (sqlite ? new SqliteQueryCompiler() : new PostgresQueryCompiler()),
    createIntrospector: (db) =>
      sqlite ? new SqliteIntrospector(db) : new PostgresIntrospector(db),
    createDriver: () => ({
      init: nothing,
      acquireConnection: async () => connection,
      beginTransaction: noTransaction,
      commitTransaction: noTransaction,
      rollbackTransaction: noTransaction,
      releaseConnection: nothing,
      destroy: nothing,
    }),
  }
}
