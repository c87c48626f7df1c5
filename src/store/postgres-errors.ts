import { DatabaseError } from 'pg'
import { Conflict, StoreUnavailable } from './errors.ts'
import type { UnavailableReason } from './errors.ts'

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const unavailable = new Map<string, UnavailableReason>([
  ['25006', 'read-only'],
  ['25P03', 'connection'],
  ['40001', 'busy'],
  ['40P01', 'busy'],
  ['53100', 'full'],
  ['53200', 'io'],
  ['53300', 'connection'],
  ['55P03', 'busy'],
  ['57014', 'busy'],
  ['57P01', 'connection'],
  ['57P02', 'connection'],
  ['57P03', 'connection'],
  ['57P05', 'connection'],
  ['58030', 'io'],
  ['XX001', 'corrupt'],
  ['XX002', 'corrupt'],
])
const foreignKeyViolation = '23503'
const uniqueViolation = '23505'

/** The store's error for what Postgres or the way to it said, without the values that Postgres quotes. */
export function fromPostgres(error: unknown): Error {
  if (error instanceof TypeError || error instanceof RangeError) {
    return error
  }
  if (!(error instanceof DatabaseError)) {
    return new StoreUnavailable('connection')
  }
  const code = error.code ?? ''
  const reason = code.startsWith('08') ? 'connection' : unavailable.get(code)
  if (reason !== undefined) {
    return new StoreUnavailable(reason)
  }
  const constraint = error.constraint ?? ''
  switch (code) {
    case foreignKeyViolation:
      return new Conflict('reference', 'foreign key')
    case uniqueViolation:
      return new Conflict('unique', constraint)
    default:
      return new Error(`postgres ${code}${constraint === '' ? '' : ` by ${constraint}`}`)
  }
}
