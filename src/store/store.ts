import type { Kysely, QueryCreator } from 'kysely'
import type { Json } from './hash-chain.ts'
import type { Schema } from './schema.ts'

/** Asks the database; cannot change it. */
export type Reader = Pick<Kysely<Schema>, 'selectFrom' | 'selectNoFrom' | 'fn'>

/** A step of the standing, as the authority tells it; the store adds `kind`, `revision`, `previous` and `at`. */
export interface NewChange {
  readonly kind: string
  readonly at: number
  /** Whose change it is; `null` where it concerns every tenant. */
  readonly organizationId: string | null
  readonly environmentId: string | null
  readonly payload: { readonly [member: string]: Json | undefined }
}

/** An audit entry before it has its place in the chain. */
export interface NewAuditEntry {
  readonly at: number
  readonly organizationId: string | null
  readonly environmentId: string | null
  readonly actor: string
  readonly action: string
  readonly target: string
  readonly outcome: string
  readonly revision: number | null
  readonly details: { readonly [member: string]: Json | undefined }
}

/** One write: all of it happens, or nothing. It is over once its function has returned. */
export interface WriteTransaction {
  readonly db: QueryCreator<Schema>
  /** Adds a change to the outbox and gives its revision; revisions are dense and in commit order. */
  appendChange(change: NewChange): number
  /** Adds an entry to the audit chain and gives its sequence number. */
  appendAudit(entry: NewAuditEntry): number
}

/** The database, the same on SQLite and Postgres. Everything rejects with `StoreUnavailable` when it cannot be reached or used. */
export interface Store {
  /** Runs queries that need not agree with each other. */
  read<T>(work: (db: Reader) => Promise<T>): Promise<T>
  /** Runs queries that all see one moment. */
  snapshot<T>(work: (db: Reader) => Promise<T>): Promise<T>
  /**
   * Runs one write and resolves when it is durable. Writes happen one after another, so what a write has read
   * stays true until it ends. When its function or a statement throws, it alone is undone and rejects with that error: a
   * broken constraint is a `Conflict`, and ends the write even if the function catches it.
   */
  write<T>(work: (tx: WriteTransaction) => Promise<T>): Promise<T>
  /** Tells the newest revision after each commit that raised it, here or elsewhere; returns the way to stop. */
  onRevision(listener: (revision: number) => void): () => void
  /** Writes a consistent copy to a new file while everything goes on; SQLite only. */
  backup(path: string): Promise<void>
  /** Ends what is under way and lets go of the database. */
  close(): Promise<void>
}
