import type { Config } from '../config/schema.ts'
import { codeOf } from '../system/error-code.ts'

// Errors whose message is one line that names the fix.
const told = new Set([
  'StoreRefused',
  'AuthorityRefused',
  'TlsFilesError',
  'ListenRefused',
  'LinkRefused',
])

const fixes: ReadonlyMap<string, string> = new Map([
  ['corrupt', 'it is damaged or no database of Warder: restore a backup, or name another --data'],
  ['full', 'the disk is full: make room'],
  [
    'read-only',
    'it cannot be written: check the rights of the data folder, or name another --data',
  ],
  ['io', 'it cannot be opened: check the data folder and its rights, or name another --data'],
  ['busy', 'another process holds it: stop that one, or name another --data'],
  ['connection', 'Postgres cannot be reached or lets nobody in: check WARDER_DATABASE'],
])

/** What keeps a process from starting, in one line that names the fix; throws what is a mistake of this program. */
export function startProblem(error: unknown, config: Config): string {
  return `cannot start: ${problemText(error, config)}`
}

/** What is wrong with the data, the keys or an address, with the fix; throws what is a mistake of this program. */
export function problemText(error: unknown, { database }: Config): string {
  if (!(error instanceof Error)) throw new TypeError('what was thrown is no error')
  if (told.has(error.name)) return error.message
  const fix = 'reason' in error ? fixes.get(String(error.reason)) : undefined
  // The address of a Postgres may hold a password.
  const place = database.kind === 'sqlite' ? ` ${database.path}` : ''
  if (fix !== undefined) return `the database${place}: ${fix}`
  if (!('syscall' in error)) throw error
  const path = 'path' in error ? `${String(error.path)} ` : ''
  return `${path}(${codeOf(error)}): check the data folder and its rights, or name another --data`
}
