// What the main thread and a database thread say to each other: requests with a number, answers with the same one,
// in the order of the requests.
import type { SQLInputValue } from 'node:sqlite'

/** How a thread holds the database: `write` holds it alone and makes it where there is none, `hold` only keeps others out. */
export interface SqliteThreadOptions {
  readonly path: string
  readonly mode: 'read' | 'write' | 'hold'
  readonly maxBytes?: number | undefined
}

/** What a thread is asked to do; `run` is refused outside a transaction where `inside` says so. */
export type SqliteTask =
  | { readonly kind: 'open' }
  | {
      readonly kind: 'run'
      readonly sql: string
      readonly parameters: readonly SQLInputValue[]
      readonly inside: boolean
    }
  | { readonly kind: 'copy'; readonly to: string }
  | { readonly kind: 'close' }

/** A numbered task. */
export interface SqliteRequest {
  readonly id: number
  readonly task: SqliteTask
}

/** Rows without the names of their columns, which cross once: a page of a thousand rows then costs half to send. */
export interface BareAnswer {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
  readonly affected: number
}

/** What came of it; a failure without a code is the programmer's. */
export type SqliteReply =
  | { readonly id: number; readonly kind: 'done'; readonly answer: BareAnswer }
  | {
      readonly id: number
      readonly kind: 'failed'
      readonly code: number | undefined
      readonly message: string
    }
