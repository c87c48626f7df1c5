// The strict compact form of a JWS (RFC 7515 section 7.1), the only form that is read:
//
//   BASE64URL(header) "." BASE64URL(payload) "." BASE64URL(signature)
//
// A token has exactly one spelling: every part is canonical base64url (no padding, no foreign character, unused
// bits zero), the header is one strict JSON object. Node's own decoder accepts many other spellings, so what it made
// of a part is held against the part's length.

import { copyOf } from './copy-of.ts'
import { parseJsonObject, type JsonObject } from './strict-json.ts'

export interface Compact {
  readonly header: JsonObject
  /** Not looked into yet: what it says counts for nothing before the signature holds. */
  readonly payload: Buffer
  /** The bytes that are signed: everything in front of the second dot. */
  readonly signed: Buffer
  readonly signature: Buffer
}

export type CompactReason = 'token-too-large' | 'token-malformed' | 'header-refused'

const maxTokenLength = 16_384

/** Header members that change what a token means, or that would bring a key along. */
const refusedMembers = ['crit', 'b64', 'zip', 'enc', 'jwk', 'jku', 'x5u', 'x5c']

/** Takes a token apart, or says why it is none. */
export function parseCompact(token: string): Compact | CompactReason {
  if (token.length > maxTokenLength) return 'token-too-large'
  if (!isSpelledPlainly(token)) return 'token-malformed'
  const first = token.indexOf('.')
  // Forwards: to search backwards takes many times as long.
  const last = token.indexOf('.', first + 1)
  if (first === -1 || last === -1) return 'token-malformed'
  const header = readHeader(token.slice(0, first))
  const payload = header && decodeCanonical(token.slice(first + 1, last))
  // Were there a third dot, it would stand in the signature, where no dot can be.
  const signature = payload && decodeCanonical(token.slice(last + 1))
  if (!header || !payload || !signature) return 'token-malformed'
  if (header === 'header-refused') return header
  return { header, payload, signed: Buffer.from(token.slice(0, last), 'latin1'), signature }
}

// All tokens of one key begin alike, so what was read last is mostly what is read next.
const headersKept = 16
const kept = new Map<string, Header>()

type Header = JsonObject | 'header-refused'

function readHeader(text: string): Header | undefined {
  const known = kept.get(text)
  if (known) return known
  const bytes = decodeCanonical(text)
  const header = bytes && parseJsonObject(bytes)
  if (!header) return undefined
  const read = refusedMembers.some((name) => Object.hasOwn(header, name))
    ? 'header-refused'
    : header
  if (kept.size >= headersKept) kept.clear()
  kept.set(copyOf(text), read)
  return read
}

/**
 * What the decoder would read as something else: of wide characters it sees the low byte alone, and it takes the
 * signs of plain base64 for those of base64url.
 */
function isSpelledPlainly(token: string): boolean {
  return Buffer.byteLength(token) === token.length && !token.includes('+') && !token.includes('/')
}

/** By what is left over of a part's length in fours: the characters it may end in, as those leave no unused bit set. */
const endings = [undefined, '', 'AQgw', 'AEIMQUYcgkosw048'] as const

/**
 * Decodes a part if it is how the encoder spells its bytes. What is foreign the decoder passes over, and padding ends
 * it, so that less comes out than should: the length tells, at a fraction of what it costs to encode again.
 */
function decodeCanonical(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length === 0 || bytes.length !== Math.floor((text.length * 3) / 4)) return undefined
  const ending = endings[text.length % 4]
  return ending === undefined || ending.includes(text.slice(-1)) ? bytes : undefined
}
