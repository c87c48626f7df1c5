// A list of revoked ids as an operator keeps it: one `jti` a line, empty lines do not count. A comment begins with `#`,
// at the beginning of a line or behind a space: a `#` that touches an id is part of it.

import { revocationId, type RevocationId } from '../credential/revocation-id.ts'

/** What a list holds, or why it cannot be gone by. */
export type RevokedFile =
  | {
      readonly kind: 'ids'
      readonly count: number
      readonly ids: () => Iterable<RevocationId>
    }
  | { readonly kind: 'broken'; readonly problem: string }

const jti = /^[\x21-\x7e]{1,256}$/
const comment = /(?:^|\s)#.*/

/** Reads a list whole before any of it counts. */
export function readRevokedFile(bytes: Buffer, issuer: string): RevokedFile {
  const text = bytes.toString('latin1')
  // What a full disk or a writer that died leaves behind must not let anybody in again, at a start either.
  if (text.trim() === '') {
    return broken('is empty: write a line that begins with # if nothing is revoked')
  }
  if (!text.endsWith('\n')) return broken('has no end of line at its end: is it written whole?')
  let count = 0
  let line = 0
  for (const entry of entriesOf(text)) {
    line++
    if (entry === '') continue
    if (!jti.test(entry)) return broken(`line ${line} is no id`)
    count++
  }
  return { kind: 'ids', count, ids: () => idsOf(text, issuer) }
}

function broken(problem: string): RevokedFile {
  return { kind: 'broken', problem }
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
    yield (line.includes('#') ? line.replace(comment, '') : line).trim()
    start = end + 1
  }
}
