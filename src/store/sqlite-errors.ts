import { Conflict, StoreUnavailable } from './errors.ts'
import type { UnavailableReason } from './errors.ts'

// https://www.sqlite.org/rescode.html; the low byte of an extended code is its primary code.
const unavailable = new Map<number, UnavailableReason>([
  [5, 'busy'],
  [6, 'busy'],
  [7, 'io'],
  [8, 'read-only'],
  [10, 'io'],
  [11, 'corrupt'],
  [13, 'full'],
  [14, 'io'],
  [26, 'corrupt'],
])
const constraintForeignKey = 787
const constraintPrimaryKey = 1555
const constraintUnique = 2067

/** The store's error for what SQLite said. SQLite's messages name tables and columns, never values. */
export function fromSqlite(code: number, message: string): Error {
  const reason = unavailable.get(code & 0xff)
  if (reason !== undefined) {
    return new StoreUnavailable(reason)
  }
  switch (code) {
    case constraintForeignKey:
      return new Conflict('reference', 'foreign key')
    case constraintPrimaryKey:
      return new Conflict('unique', `${columnsOf(message).table}_pkey`)
    case constraintUnique: {
      const { table, columns } = columnsOf(message)
      return new Conflict('unique', [table, ...columns, 'key'].join('_'))
    }
    default:
      return new Error(`sqlite ${code}: ${message}`)
  }
}

// "UNIQUE constraint failed: gateways.environmentId, gateways.name": Postgres would call it gateways_environmentId_name_key.
function columnsOf(message: string): { readonly table: string; readonly columns: string[] } {
  const [, list = ''] = message.split(': ')
  const names = list.split(', ').map((name) => name.split('.'))
  return { table: names[0]?.[0] ?? '', columns: names.map(([, column = '']) => column) }
}
