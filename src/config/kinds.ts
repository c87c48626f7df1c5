import { parseAddress, printAddress, type Address } from './address.ts'
import { quote, Secret } from './secret.ts'
import { parseDuration, parseSize, printDuration, printSize } from './units.ts'

/** A value as a source has it, before a kind has read it. */
export type Raw = string | number | boolean | null | readonly Raw[]

/** What became of a raw value: the value with its printed form, or what is wrong and what to do. */
type Outcome<T> =
  | { readonly ok: true; readonly value: T; readonly text: string }
  | { readonly ok: false; readonly problem: string; readonly fix: string }

/** How values of one sort are read, and what the reference says of them. */
export interface Kind<T> {
  readonly says: string
  /** Whether a text holds a secret, which has no place on a command line. */
  readonly holdsSecret: (text: string) => boolean
  /** What the text of an environment variable or a flag stands for. */
  readonly fromText: (text: string) => Raw
  readonly read: (raw: Raw) => Outcome<T>
}

const asIs = (written: string): Raw => written
const always = () => true
const never = () => false
const found = <T>(value: T, shown: string): Outcome<T> => {
  Object.freeze(value)
  return { ok: true, value, text: shown }
}
const refused = (problem: string, fix: string): Outcome<never> => ({ ok: false, problem, fix })

interface Reader<T> {
  readonly says: string
  readonly fix: string
  readonly parse: (text: string) => T | undefined
  readonly print: (value: T) => string
}

/** A kind whose values are written as text. */
function textual<T>({ says, fix, parse, print }: Reader<T>): Kind<T> {
  return {
    says,
    holdsSecret: never,
    fromText: asIs,
    read(raw) {
      const value = typeof raw === 'string' ? parse(raw) : undefined
      if (value !== undefined) return found(value, print(value))
      return refused(`${quote(raw)} is not ${says}`, fix)
    },
  }
}

interface Measure {
  readonly says: string
  readonly like: string
  readonly parse: (text: string) => number | undefined
  readonly print: (value: number) => string
}

function measured(measure: Measure, least: string, most: string): Kind<number> {
  const { says, like, parse, print } = measure
  const [min, max] = [parse(least), parse(most)]
  if (min === undefined || max === undefined) throw new TypeError(`no range: ${least} to ${most}`)
  const range = `${least} to ${most}`
  const kind = textual({ says, fix: `write a number and its unit, like ${like}`, parse, print })
  return {
    ...kind,
    says: `${says}, ${range}`,
    read(raw) {
      const outcome = kind.read(raw)
      if (!outcome.ok || (outcome.value >= min && outcome.value <= max)) return outcome
      return refused(`${outcome.text} is out of range`, `choose from ${range}`)
    },
  }
}

/** A time span, in milliseconds, within bounds. */
export function duration(least: string, most: string): Kind<number> {
  const measure = { says: 'a duration', like: '15s, 250ms, 1h or 30d' }
  return measured({ ...measure, parse: parseDuration, print: printDuration }, least, most)
}

/** An amount of memory, in bytes, within bounds. */
export function size(least: string, most: string): Kind<number> {
  const measure = { says: 'a size', like: '64KiB or 1MiB' }
  return measured({ ...measure, parse: parseSize, print: printSize }, least, most)
}

/** A whole number within bounds. */
export function count(min: number, max: number): Kind<number> {
  const says = `a whole number, ${min} to ${max}`
  return {
    says,
    holdsSecret: never,
    fromText: (written) => (/^\d{1,15}$/.test(written) ? Number(written) : written),
    read(raw) {
      if (typeof raw !== 'number' || !Number.isSafeInteger(raw)) {
        return refused(
          `${quote(raw)} is not a whole number`,
          `write a number from ${min} to ${max}`,
        )
      }
      if (raw < min || raw > max) {
        return refused(`${raw} is out of range`, `choose from ${min} to ${max}`)
      }
      return found(raw, String(raw))
    },
  }
}

/** `true` or `false`. */
export const yesNo: Kind<boolean> = {
  says: 'true or false',
  holdsSecret: never,
  fromText: (written) => written === 'true' || (written === 'false' ? false : written),
  read(raw) {
    if (typeof raw === 'boolean') return found(raw, String(raw))
    return refused(`${quote(raw)} is neither true nor false`, 'write true or false')
  },
}

/** One of a closed list of words. */
export function choice<const T extends string>(...words: readonly T[]): Kind<T> {
  const list = words.join(', ')
  const kind = textual({
    says: 'known here',
    fix: `choose from ${list}`,
    parse: (written) => words.find((word) => word === written),
    print: (word) => word,
  })
  return { ...kind, says: `one of ${list}` }
}

/** A text that a pattern describes. */
export function text(says: string, pattern: RegExp): Kind<string> {
  return textual({
    says,
    fix: `write ${says}, in quotes where YAML would read something else`,
    parse: (written) => (pattern.test(written) ? written : undefined),
    print: (written) => written,
  })
}

/** A file or folder, relative to the working folder. */
export const path: Kind<string> = text('a path', /^[^\0]+$/)

/** Where to listen. */
export const address: Kind<Address> = textual({
  says: 'an address',
  fix: 'write host:port, [ipv6]:port, unix:/path or off',
  parse: parseAddress,
  print: printAddress,
})

function parseUrl(written: string): string | undefined {
  if (!URL.canParse(written) || /[\s?#]|\/$/.test(written)) return undefined
  const { protocol, username, password, hostname } = new URL(written)
  const web = protocol === 'https:' || protocol === 'http:'
  return web && hostname !== '' && username === '' && password === '' ? written : undefined
}

/** A web address that paths can be appended to. */
export const url: Kind<string> = textual({
  says: 'a URL',
  fix: 'write https://host or http://host, with no user, query, fragment or closing slash',
  parse: parseUrl,
  print: (written) => written,
})

/** A web address, or a file where there is no scheme. */
export const urlOrPath: Kind<string> = textual({
  says: 'a path or a URL',
  fix: 'write the path of a file, or https://host/path with no user in it',
  parse: (written) =>
    /^[a-z]+:\/\//i.test(written) ? parseUrl(written) : path.read(written).ok ? written : undefined,
  print: (written) => written,
})

/** At least one value of another kind; in the environment and in flags with commas between. */
export function listOf<T>(kind: Kind<T>): Kind<readonly T[]> {
  return {
    says: `a list, each ${kind.says}`,
    holdsSecret: kind.holdsSecret,
    fromText: (written) => written.split(',').map((part) => kind.fromText(part.trim())),
    read(raw) {
      const outcomes = (Array.isArray(raw) ? raw : [raw]).map((part: Raw) => kind.read(part))
      if (outcomes.length === 0) return refused('the list is empty', 'name at least one')
      const values: T[] = []
      const texts = new Set<string>()
      for (const outcome of outcomes) {
        if (!outcome.ok) return outcome
        values.push(outcome.value)
        texts.add(outcome.text)
      }
      if (texts.size < values.length)
        return refused('something is in the list twice', 'name each once')
      return found(values, [...texts].join(','))
    },
  }
}

/** A text that is never shown. */
export function secret(says: string, pattern: RegExp): Kind<Secret> {
  return {
    says,
    holdsSecret: always,
    fromText: asIs,
    read(raw) {
      if (typeof raw === 'string' && pattern.test(raw)) return found(new Secret(raw), '[secret]')
      return refused(`is not ${says}`, 'paste it whole, as it was shown')
    },
  }
}

/** Which database holds the truth; the URL of a Postgres may hold a password. */
export type Database =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: Secret }

function hasPassword({ password, searchParams }: URL): boolean {
  return password !== '' || searchParams.has('password')
}

function showPostgres(written: string): string | undefined {
  if (!/^postgres(ql)?:\/\//.test(written) || !URL.canParse(written)) return undefined
  const { protocol, username, password, host, pathname } = new URL(written)
  const user = username === '' ? '' : `${username}${password === '' ? '' : ':***'}@`
  return `${protocol}//${user}${host}${pathname}`
}

/** `sqlite:PATH` or `postgres://…`. */
export const database: Kind<Database> = {
  says: 'a database, sqlite:PATH or postgres://…',
  holdsSecret: (written) => URL.canParse(written) && hasPassword(new URL(written)),
  fromText: asIs,
  read(raw) {
    const written = typeof raw === 'string' ? raw : ''
    const [, file] = /^sqlite:(.+)$/s.exec(written) ?? []
    if (file !== undefined) return found({ kind: 'sqlite', path: file }, written)
    const shown = showPostgres(written)
    if (shown !== undefined) {
      return found({ kind: 'postgres', url: new Secret(written) }, shown)
    }
    return refused('is not a database', 'write sqlite:PATH or postgres://user@host/name')
  },
}
