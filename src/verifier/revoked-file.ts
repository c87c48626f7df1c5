// A list of revoked ids as an operator keeps it: one `jti` a line, `#` begins a comment, empty lines do not count.

import { revocationId, type RevocationId } from '../credential/revocation-id.ts'

/** What a list holds, or the line that is no id. */
export type RevokedFile =
  | {
      readonly kind: 'ids'
      readonly count: number
      /** Whether there is not even a comment. */
      readonly isBlank: boolean
      readonly ids: () => Iterable<RevocationId>
    }
  | { readonly kind: 'broken'; readonly line: number }

const jti = /^[\x21-\x7e]{1,256}$/

/** Reads a list whole before any of it counts. */
export function readRevokedFile(bytes: Buffer, issuer: string): RevokedFile {
  const text = bytes.toString('latin1')
  let count = 0
  let line = 0
  for (const entry of entriesOf(text)) {
    line++
    if (entry === '') continue
    if (!jti.test(entry)) return { kind: 'broken', line }
    count++
  }
  const isBlank = text.trim() === ''
  return { kind: 'ids', count, isBlank, ids: () => idsOf(text, issuer) }
}

function* idsOf(text: string, issuer: string): Iterable<RevocationId> {
  for (const entry of entriesOf(text)) if (entry !== '') yield revocationId(issuer, entry)
}

/** One entry for each line, without comment and surrounding space; empty where the line says nothing. */
function* entriesOf(text: string): Iterable<string> {
  let start = 0
  while (start < text.length) {
    const newline = text.indexOf('\n', start)
    const end = newline === -1 ? text.length : newline
    const line = text.slice(start, end)
    const comment = line.indexOf('#')
    yield (comment === -1 ? line : line.slice(0, comment)).trim()
    start = end + 1
  }
}
