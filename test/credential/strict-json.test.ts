import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { parseJsonObject } from '../../src/credential/strict-json.ts'

// Judged against a reader of its own: what JSON.parse takes, less what names a member twice, is too deep, or holds
// text that is not well formed.

const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g

/** Whether valid JSON text names a member twice, `__proto__` or by an escape, or opens more than 32 brackets. */
function isAmbiguous(text: string): boolean {
  const names: Set<string>[] = []
  const pieces = text.match(token) ?? []
  for (const [at, piece] of pieces.entries()) {
    if ('{['.includes(piece)) names.push(new Set(['"__proto__"']))
    if ('}]'.includes(piece)) names.pop()
    if (names.length > 32) return true
    if (pieces[at + 1] !== ':') continue
    if (piece.includes('\\') || names.at(-1)?.has(piece)) return true
    names.at(-1)?.add(piece)
  }
  return false
}

function isWanted(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject && hasOnlyWellFormedText(text) && !isAmbiguous(text)
  } catch {
    return false
  }
}

function hasOnlyWellFormedText(text: string): boolean {
  const texts = (text.match(token) ?? []).filter((piece) => piece.startsWith('"'))
  return texts.every((piece) => {
    const value: string = JSON.parse(piece)
    return value.isWellFormed()
  })
}

function check(text: string): void {
  const value = parseJsonObject(Buffer.from(text))
  assert.equal(value !== undefined, isWanted(text), text)
  if (value !== undefined) assert.deepEqual(value, JSON.parse(text))
}

const letters = ['a', 'b', ':', '{', '}', '[', ']', ',', '"', '\\', '\n', '\0', '\u00a0', '\u2028']
letters.push('\ufeff', '\u{1f511}', '\ud800', '\udc00')

const escape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/** A character as it is, or escaped in one of the ways there are. */
const character = fc.tuple(fc.constantFrom(...letters), fc.nat(3)).map(([letter, way]) => {
  const units = letter.split('')
  if (way === 0) return units.map((unit) => escape(unit)).join('')
  if (way === 1) return units.map((unit) => escape(unit).toUpperCase().replace('U', 'u')).join('')
  return JSON.stringify(letter).slice(1, -1)
})
const string = (maxLength: number) =>
  fc.string({ unit: character, maxLength }).map((text) => `"${text}"`)
const space = fc.constantFrom('', '', '', ' ', '\n\t', '\r ')
const literal = fc.constantFrom('0', '-1.5e+3', 'true', 'false', 'null', '1e999', '""')
const name = fc.oneof(
  { weight: 20, arbitrary: string(2) },
  { weight: 4, arbitrary: fc.constantFrom('"a"', String.raw`"\u0061"`, '"1"', '""') },
  { weight: 1, arbitrary: fc.constantFrom('"__proto__"', String.raw`"__proto_\u005f"`) },
)

const { value: anyValue, object } = fc.letrec<{ value: string; object: string; list: string }>(
  (tie) => ({
    value: fc.oneof({ maxDepth: 5 }, literal, string(4), tie('object'), tie('list')),
    object: fc
      .array(fc.tuple(space, name, space, space, tie('value'), space), { maxLength: 4 })
      .map((members) => {
        const texts = members.map(([a, key, b, c, item, d]) => `${a}${key}${b}:${c}${item}${d}`)
        return `{${texts.join(',')}}`
      }),
    list: fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(' ,')}]`),
  }),
)

const read = (text: string) => parseJsonObject(Buffer.from(text))

test('a name that is written with an escape is refused, after V8 has read a backslash for a name too', () => {
  assert.equal(read(String.raw`{"\\":1}`), undefined)
  JSON.parse(String.raw`{"a":1,"\\":1}`)
  assert.equal(read(String.raw`{"a":1,"\u0061":2}`), undefined)
  assert.deepEqual(read(String.raw`{"a":"\u0061"}`), { a: 'a' })
})

const nested = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`

describe('strict JSON takes what JSON.parse takes, and nothing that can be read in two ways', () => {
  test('for generated objects with members named twice at any depth, in any spelling', () => {
    fc.assert(
      fc.property(object, (text) => check(text)),
      { numRuns: 600 },
    )
  })

  test('for generated values of every kind', () => {
    fc.assert(fc.property(anyValue, (text) => check(text)))
  })

  test('for an object with one of its members named again, somewhere', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(), (value, seed) => {
        const text = JSON.stringify({ value, a: [{ b: value }] })
        const places = [...text.matchAll(/[{,]("(?:[^"\\]|\\.)*":)/g)].map((match) => match.index)
        const at = (places[seed % places.length] ?? 0) + 1
        const named = /^"(?:[^"\\]|\\.)*":/.exec(text.slice(at))?.[0] ?? ''
        const doubled = `${text.slice(0, at)}${named}0,${text.slice(at)}`
        check(doubled)
        check(text)
      }),
      { numRuns: 200 },
    )
  })

  test('for objects of which a character was dropped, doubled or replaced', () => {
    const letter = fc.constantFrom(...'{}[]:," 0-e.x'.split(''), ...letters)
    fc.assert(
      fc.property(object, fc.nat(), letter, fc.nat(1), (text, seed, other, dropped) => {
        const at = seed % (text.length + 1)
        // Bytes cannot hold a lone surrogate: what is judged is what they hold.
        const changed = text.slice(0, at) + other + text.slice(at + dropped)
        check(changed.toWellFormed())
      }),
      { numRuns: 600 },
    )
  })

  test('for any bytes that are no UTF-8: none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 4 }), fc.nat(1), (bytes, inName) => {
        const text = Buffer.from(bytes)
        const before = Buffer.from(inName ? '{"' : '{"a":"')
        const whole = Buffer.concat([before, text, Buffer.from(inName ? '":1}' : '"}')])
        const isText = Buffer.from(whole.toString('utf8')).equals(whole)
        assert.equal(
          parseJsonObject(whole) !== undefined,
          isText && isWanted(whole.toString('utf8')),
        )
      }),
      { numRuns: 500 },
    )
  })

  test('thirty-two levels deep and no deeper', () => {
    assert.ok(parseJsonObject(Buffer.from(nested(32))))
    assert.equal(parseJsonObject(Buffer.from(nested(33))), undefined)
  })
})
