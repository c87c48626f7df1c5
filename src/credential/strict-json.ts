import { isUtf8 } from 'node:buffer'

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue }
export type JsonObject = Readonly<Record<string, JsonValue>>

const maxDepth = 32
const quote = 0x22
const backslash = 0x5c
const colon = 0x3a

/**
 * Reads bytes that must be one JSON object in well-formed UTF-8: no byte order mark, no member named twice at any
 * depth or by a name with an escape, no `__proto__`, no lone surrogate. Anything else is `undefined`.
 */
export function parseJsonObject(bytes: Buffer): JsonObject | undefined {
  if (!isUtf8(bytes)) return undefined
  const text = bytes.toString('utf8')
  if (isPlain(text)) {
    const value = parse(text)
    // A second member of a name is dropped in reading, so what is written again lacks it.
    if (isJsonObject(value) && JSON.stringify(value) === text && !hasPrototype(value)) return value
  }
  const members = countMembersOfText(text)
  if (members === undefined) return undefined
  const value = parse(text)
  // A name that stands twice in the text is there once in the value, so the counts differ.
  return isJsonObject(value) && countMembersOfValue(value, text.includes('\\')) === members
    ? value
    : undefined
}

/** Whether text has no escapes and no nesting but that of lists in the one object, as most tokens have none. */
function isPlain(text: string): boolean {
  if (text.includes('\\') || text.includes('{', 1)) return false
  return !text.includes('[') || !(text.includes('[[') || text.includes(',['))
}

const hasPrototype = (value: JsonObject) => Object.hasOwn(value, '__proto__')

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parse(text: string): JsonValue | undefined {
  try {
    const value: JsonValue = JSON.parse(text)
    return value
  } catch {
    return undefined
  }
}

/**
 * Counts the colons outside of strings: in valid JSON that is the number of members. A name that is written with an
 * escape is refused: nobody has a reason to, and V8 14.x reads one of a single character as a backslash, if it has
 * read an object with a backslash for a name before.
 */
function countMembersOfText(text: string): number | undefined {
  let members = 0
  let depth = 0
  let escaped = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) {
      const end = endOfString(text, at)
      escaped = text.slice(at, end).includes('\\')
      at = end
    } else if (code === colon) {
      if (escaped) return undefined
      members++
    } else if (isOpening(code) && ++depth > maxDepth) return undefined
    else if (isClosing(code)) depth--
  }
  return members
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end < 0 ? text.length : end
}

/** Whether an odd number of backslashes stands in front. */
function isEscaped(text: string, end: number): boolean {
  let at = end - 1
  while (text.charCodeAt(at) === backslash) at--
  return (end - at) % 2 === 0
}

const isOpening = (code: number) => code === 0x7b || code === 0x5b
const isClosing = (code: number) => code === 0x7d || code === 0x5d

/** Counts the members of a value at every depth; `NaN`, which equals no count, for what is refused. */
function countMembersOfValue(value: JsonValue, escapes: boolean): number {
  if (typeof value === 'string') return isRefused(value, escapes) ? Number.NaN : 0
  if (typeof value !== 'object' || value === null) return 0
  let members = 0
  if (isArray(value)) {
    for (const item of value) members += countMembersOfValue(item, escapes)
    return members
  }
  for (const name of Object.keys(value)) {
    if (name === '__proto__' || isRefused(name, escapes)) return Number.NaN
    members += 1 + countMembersOfValue(value[name] ?? null, escapes)
  }
  return members
}

/** Whether text has a lone surrogate: where the bytes are UTF-8, only an escape can make one. */
const isRefused = (text: string, escapes: boolean) => escapes && !text.isWellFormed()

// Array.isArray alone does not narrow a readonly array.
const isArray = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value)
