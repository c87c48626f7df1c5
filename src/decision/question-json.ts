import { parseJsonObject, type JsonObject, type JsonValue } from '../credential/strict-json.ts'

export type QuestionObject = JsonObject
export type QuestionValue = JsonValue

/** The JSON of a question, and how it has to be written again so that its bytes stay what they were. */
export interface QuestionJson {
  readonly value: QuestionObject
  readonly encoding: 'utf8' | 'latin1'
}

// Beyond ASCII an escape and a byte would become the same character, and could not be told apart again.
const escapeBeyondAscii = /\\u(?!00[0-7])/i

/**
 * Reads the body of a question strictly: one object, no member twice. Some gateways put the bytes of a request's body
 * into a JSON string as they are; if they are no UTF-8, each counts as one character, and is one byte again when it is
 * written as the encoding says.
 */
export function readQuestionJson(bytes: Buffer): QuestionJson | undefined {
  const value = parseJsonObject(bytes)
  if (value) return { value, encoding: 'utf8' }
  const text = bytes.toString('latin1')
  if (escapeBeyondAscii.test(text)) return undefined
  const raw = parseJsonObject(Buffer.from(text))
  return raw && { value: raw, encoding: 'latin1' }
}

/** Whether a value is an object, neither `null` nor a list. */
export function isObject(value: QuestionValue | undefined): value is QuestionObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
