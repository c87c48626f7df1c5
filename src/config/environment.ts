import type { Raw } from './kinds.ts'
import type { Given, Mistake } from './mistake.ts'
import { nearest } from './nearest.ts'
import type { Row } from './nodes.ts'
import { quote } from './secret.ts'

/** What the environment or the flags say, and what is wrong with them. */
export interface WordsReading {
  readonly given: readonly Given<Raw>[]
  readonly mistakes: readonly Mistake[]
}

// Read elsewhere: by this room's loader, and by the commands that call a running authority.
const others = [
  'WARDER_CONFIG',
  'WARDER_URL',
  'WARDER_CLIENT_ID',
  'WARDER_CLIENT_SECRET',
  'WARDER_ENVIRONMENT',
]

// Kubernetes puts such names for a Service called "warder" or "warder-…" into every container beside it.
const fromKubernetes =
  /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/

/** Reads the `WARDER_*` variables; an empty one counts as not set. */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  rows: readonly Row[],
): WordsReading {
  const given: Given<Raw>[] = []
  const mistakes: Mistake[] = []
  const known = new Map(rows.map((row) => [row.environment, row]))
  for (const [name, text] of Object.entries(env)) {
    const row = known.get(name)
    if (row !== undefined && text !== undefined && text !== '') {
      given.push({ path: row.path, raw: row.leaf.kind.fromText(text), where: name })
    }
    const ours = name.startsWith('WARDER_') && !fromKubernetes.test(name)
    if (row === undefined && ours && !others.includes(name)) {
      const meant = nearest(name, [...known.keys(), ...others])
      const fix = meant === undefined ? 'unset it' : `did you mean ${meant}?`
      mistakes.push({ where: quote(name).slice(1, -1), problem: 'there is no such setting', fix })
    }
  }
  return { given, mistakes }
}
