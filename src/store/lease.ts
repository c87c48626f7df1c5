import type { Run } from './kysely.ts'

/** A connection lent to one piece of work: its first failure is final, and it is useless once returned. */
export interface Lease {
  readonly run: Run
  /** Throws when the work may not go on. */
  check(): void
  /** Throws when the work is not finished, or has failed and hidden it. */
  finish(): void
  end(): void
}

/** Lends a connection. */
export function lend(run: Run): Lease {
  let over = false
  let pending = 0
  let failure: { readonly error: unknown } | undefined
  const check = () => {
    if (over) {
      throw new TypeError('this transaction is over')
    }
    if (failure !== undefined) {
      throw failure.error
    }
  }
  return {
    async run(sql, parameters) {
      check()
      pending += 1
      try {
        return await run(sql, parameters)
      } catch (error) {
        failure ??= { error }
        throw error
      } finally {
        pending -= 1
      }
    },
    check,
    finish() {
      check()
      if (pending > 0) {
        throw new TypeError('a transaction returned before its statements had')
      }
    },
    end() {
      over = true
    },
  }
}
