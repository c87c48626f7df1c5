import { parseJsonObject } from '../credential/strict-json.ts'
import type { Json } from '../store/hash-chain.ts'
import type { Operation } from './operation.ts'
import { invalidRequest, oauthRefusal, unsupportedType, type Refusal } from './outcome.ts'

/** A body as it came. */
export interface RawBody {
  readonly contentType: string | undefined
  readonly bytes: Buffer
}

/** What a body says. */
export type BodyReading =
  | { readonly kind: 'read'; readonly value: Readonly<Record<string, Json>> | undefined }
  | Refusal

const jsonType = 'application/json'
const formType = 'application/x-www-form-urlencoded'
const nothing: BodyReading = { kind: 'read', value: undefined }

/** Reads a body in the way that an operation wants it; no body, and no content type, is taken from everybody. */
export function readBody(
  { accepts }: Pick<Operation, 'accepts'>,
  raw: RawBody | undefined,
): BodyReading {
  switch (accepts) {
    case 'nothing':
      return nothing
    case 'json':
      return readJson(raw)
    case 'form':
      return readForm(raw)
    case 'form-or-json':
      return isType(raw?.contentType ?? '', jsonType) ? withoutEmpty(readJson(raw)) : readForm(raw)
  }
}

function readJson(raw: RawBody | undefined): BodyReading {
  if (!raw) return nothing
  if (!isType(raw.contentType ?? jsonType, jsonType)) return unsupportedType()
  if (raw.bytes.length === 0) return nothing
  const value = parseJsonObject(raw.bytes)
  return value
    ? { kind: 'read', value }
    : invalidRequest('The body is not one JSON object in which every member stands once.')
}

function readForm(raw: RawBody | undefined): BodyReading {
  if (!raw || raw.bytes.length === 0) return nothing
  if (!isType(raw.contentType ?? '', formType)) return unsupportedType()
  const value: Record<string, Json> = {}
  for (const [name, text] of new URLSearchParams(raw.bytes.toString('utf8'))) {
    if (Object.hasOwn(value, name) || name === '__proto__') {
      return oauthRefusal(400, 'invalid_request', 'A parameter is repeated.')
    }
    value[name] = text
  }
  return withoutEmpty({ kind: 'read', value })
}

/** RFC 6749 section 3.2: what has no value counts as left out. */
function withoutEmpty(reading: BodyReading): BodyReading {
  if (reading.kind === 'refusal' || !reading.value) return reading
  const given = Object.entries(reading.value).filter(([, value]) => value !== '' && value !== null)
  return { kind: 'read', value: Object.fromEntries(given) }
}

/** Whether a content type is the one that is wanted, in UTF-8. */
function isType(contentType: string, wanted: string): boolean {
  const [type = '', ...parameters] = contentType.split(';').map((part) => part.trim())
  const utf8 = parameters.every(
    (parameter) => parameter === '' || /^charset="?utf-?8"?$/i.test(parameter),
  )
  return type.toLowerCase() === wanted && utf8
}
