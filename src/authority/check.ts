import type { Static, TObject } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Json } from '../store/hash-chain.ts'
import { invalidData, type Detail, type Refusal } from './outcome.ts'

/** Checks a value against a schema: the value, or everything that is wrong with it. */
export type Checker<S extends TObject> = (value: unknown) => Checked<Static<S>>

/** A value that fits its schema. */
export type Checked<T> = { readonly kind: 'fits'; readonly value: T } | Refusal

/** What is said of an error of a kind: the code, and what would have been right. */
type ReadingOf = (params: Params) => Omit<Detail, 'target'>
type Params = Readonly<Record<string, unknown>>

const invalid = { code: 'INVALID_VALUE', message: 'is not a valid value' } as const
const readings: ReadonlyMap<string, ReadingOf> = new Map<string, ReadingOf>([
  ['enum', ({ allowedValues }) => ({ ...invalid, ...inner('allowedValues', allowedValues) })],
  ['pattern', ({ pattern }) => ({ ...invalid, ...inner('allowedPattern', pattern) })],
  ['type', ({ type }) => ({ ...invalid, message: `must be ${article(type)}` })],
  ['minLength', () => ({ code: 'EMPTY_VALUE', message: 'must not be empty' })],
  ['minimum', ({ limit }) => outOfRange('rangeMinimumValue', limit)],
  ['maximum', ({ limit }) => outOfRange('rangeMaximumValue', limit)],
  ['maxLength', ({ limit }) => tooLong(limit)],
  ['maxItems', ({ limit }) => tooLong(limit)],
])

function inner(name: string, value: unknown): Pick<Detail, 'innerError'> {
  return isJson(value) ? { innerError: { [name]: value } } : {}
}

function outOfRange(name: string, limit: unknown): Omit<Detail, 'target'> {
  return { code: 'OUT_OF_RANGE', message: 'is out of range', ...inner(name, limit) }
}

function tooLong(limit: unknown): Omit<Detail, 'target'> {
  return { code: 'SIZE_LIMIT_EXCEEDED', message: 'is too long', ...inner('maximumValue', limit) }
}

function article(type: unknown): string {
  return /^[aeio]/.test(String(type)) ? `an ${String(type)}` : `a ${String(type)}`
}

function isJson(value: unknown): value is Json {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  return list.every((one) => typeof one === 'string' || typeof one === 'number')
}

/** Compiles a schema. Members that it does not name are left out of what fits. */
export function createChecker<S extends TObject>(schema: S): Checker<S> {
  const compiled = Compile(schema)
  return (given) => {
    const value = onlyNamed(given, schema)
    return compiled.Check(value)
      ? { kind: 'fits', value }
      : invalidData(...compiled.Errors(beginningOf(value)).flatMap(detailsOf))
  }
}

/** A client may send back all that it was answered, a secret too: nobody who works with the value is to see it. */
function onlyNamed(value: unknown, { properties }: TObject): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const named = Object.entries(value).filter(([name]) => Object.hasOwn(properties, name))
  return Object.fromEntries(named)
}

/** More than any list may hold. */
const judgedMax = 1001

/** What is wrong with a list that is far too long is said of its beginning: to look at all of it takes its time. */
function beginningOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const members: readonly [string, unknown][] = Object.entries(value)
  return Object.fromEntries(
    members.map(([name, member]) => [
      name,
      Array.isArray(member) ? member.slice(0, judgedMax) : member,
    ]),
  )
}

interface SchemaError {
  readonly keyword: string
  readonly instancePath: string
  readonly params: object
}

function detailsOf({ keyword, instancePath, params }: SchemaError): readonly Detail[] {
  const at = instancePath.split('/').slice(1)
  const known: Params = { ...params }
  if (keyword === 'required') {
    const missing = known['requiredProperties']
    const names: readonly unknown[] = Array.isArray(missing) ? missing : []
    return names.map((name) => ({
      code: 'REQUIRED_VALUE',
      target: [...at, String(name)].join('.'),
      message: 'must be given',
    }))
  }
  const reading = readings.get(keyword)
  return [{ ...(reading?.(known) ?? invalid), target: at.join('.') }]
}
