import type { JsonValue } from './strict-json.ts'

const length = 36
const hyphen = 0x2d
const hyphens = [8, 13, 18, 23] as const

/** How much of a digit each ASCII character is. */
const digits = Uint8Array.from({ length: 128 }, (_, code) =>
  Number('0123456789abcdef'.includes(String.fromCharCode(code))),
)

/**
 * Whether a value is a UUID as they are written here, in lower case. What stands where a digit should is no branch of
 * the code: a processor cannot guess it, and wrong guesses are what a regular expression spends its time on.
 */
export function isUuid(value: JsonValue | undefined): value is string {
  if (typeof value !== 'string' || value.length !== length) return false
  for (const at of hyphens) if (value.charCodeAt(at) !== hyphen) return false
  let [found, seen] = [0, 0]
  for (let at = 0; at < length; at++) {
    const code = value.charCodeAt(at)
    found += digits[code & 0x7f] ?? 0
    seen |= code
  }
  return found === length - hyphens.length && seen < digits.length
}
