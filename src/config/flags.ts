import type { WordsReading } from './environment.ts'
import type { Raw } from './kinds.ts'
import type { Given, Mistake } from './mistake.ts'
import { nearest } from './nearest.ts'
import type { Row } from './nodes.ts'
import { quote } from './secret.ts'

/** What the flags say, and the file that `--config` names. */
export interface FlagsReading extends WordsReading {
  readonly file: string | undefined
}

interface Flag {
  readonly name: string
  /** Which of the words it is, from 1. */
  readonly place: number
  readonly text: string | undefined
}

// A word after a flag that is no flag itself is taken for its value, of unknown flags too, and those with one dash.
function split(words: readonly string[]): readonly Flag[] {
  const flags: Flag[] = []
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? ''
    const [, name = word, text] = /^(--?[^=]*)=(.*)$/s.exec(word) ?? []
    const place = i + 1
    const next = words[i + 1]
    if (
      !name.startsWith('-') ||
      text !== undefined ||
      next === undefined ||
      next.startsWith('--')
    ) {
      flags.push({ name, place, text })
    } else {
      flags.push({ name, place, text: next })
      i++
    }
  }
  return flags
}

/** Reads the flags: `--name value`, `--name=value`, and `--name` alone for what is true or false. */
export function readFlags(words: readonly string[], rows: readonly Row[]): FlagsReading {
  const given: Given<Raw>[] = []
  const mistakes: Mistake[] = []
  const known = new Map(rows.map((row) => [row.flag, row]))
  const seen = new Set<string>()
  let file: string | undefined
  for (const { name, place, text } of split(words)) {
    if (!name.startsWith('-')) {
      mistakes.push(stray(place))
      continue
    }
    const row = known.get(name)
    const mistake = seen.has(name) ? again(name) : judge(name, text, row, known.keys())
    seen.add(name)
    if (mistake !== undefined) mistakes.push(mistake)
    else if (row === undefined) file = text
    else given.push({ path: row.path, raw: row.leaf.kind.fromText(text ?? 'true'), where: name })
  }
  return { given, mistakes, file }
}

function again(name: string): Mistake {
  return { where: quote(name).slice(1, -1), problem: 'is given twice', fix: 'give it once' }
}

// Where a value was split at a blank it may be half of a secret, so it is not quoted.
function stray(place: number): Mistake {
  return {
    where: `word ${place} behind the command`,
    problem: 'belongs to no flag',
    fix: 'put its flag before it, and quotes around a value with blanks',
  }
}

/** Whether a mistake is in what was typed behind the command. */
export function isTyped({ where }: Mistake): boolean {
  return /^-|^word \d+ behind the command$/.test(where)
}

function judge(
  name: string,
  text: string | undefined,
  row: Row | undefined,
  known: Iterable<string>,
): Mistake | undefined {
  const where = quote(name).slice(1, -1)
  if (row === undefined && name !== '--config') {
    const meant = nearest(name, [...known, '--config'])
    const fix = meant === undefined ? 'remove it' : `did you mean ${meant}?`
    return { where, problem: 'there is no such flag', fix }
  }
  if (text === undefined || text === '') {
    const alone = row !== undefined && row.leaf.kind.fromText('true') === true && text === undefined
    return alone ? undefined : { where, problem: 'has no value', fix: 'write the value behind it' }
  }
  if (row?.leaf.kind.holdsSecret(text) !== true) return undefined
  return {
    where,
    problem: 'everybody on this machine can read a command line, and this is a secret',
    fix: `set ${row.environment}, or write ${row.key} into the file`,
  }
}
