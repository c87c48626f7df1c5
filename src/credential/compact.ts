// The strict compact form of a JWS (RFC 7515 section 7.1), the only form that is read:
//
//   BASE64URL(header) "." BASE64URL(payload) "." BASE64URL(signature)
//
// A token has exactly one spelling: every part is canonical base64url (no padding, no foreign character, unused
// bits zero), the header is one strict JSON object. Node's own decoder accepts many other spellings.

import { parseJsonObject, type JsonObject } from './strict-json.ts'

export interface Compact {
  readonly header: JsonObject
  /** Not looked into yet: what it says counts for nothing before the signature holds. */
  readonly payload: Buffer
  /** The bytes that are signed: everything in front of the last dot. */
  readonly signed: Buffer
  readonly signature: Buffer
}

export type CompactReason = 'token-too-large' | 'token-malformed' | 'header-refused'

const maxTokenLength = 16_384
const form = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** Header members that change what a token means, or that would bring a key along. */
const refusedMembers = ['crit', 'b64', 'zip', 'enc', 'jwk', 'jku', 'x5u', 'x5c']

/** Takes a token apart, or says why it is none. */
export function parseCompact(token: string): Compact | CompactReason {
  if (token.length > maxTokenLength) return 'token-too-large'
  if (!form.test(token)) return 'token-malformed'
  const first = token.indexOf('.')
  const last = token.lastIndexOf('.')
  const headerBytes = decodeCanonical(token.slice(0, first))
  const payload = decodeCanonical(token.slice(first + 1, last))
  const signature = decodeCanonical(token.slice(last + 1))
  if (!headerBytes || !payload || !signature) return 'token-malformed'
  const header = parseJsonObject(headerBytes)
  if (!header) return 'token-malformed'
  for (const name of refusedMembers) if (Object.hasOwn(header, name)) return 'header-refused'
  return { header, payload, signed: Buffer.from(token.slice(0, last), 'latin1'), signature }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** By length modulo four: which bits of the last character carry nothing and must be zero. */
const unusedBits: readonly (number | undefined)[] = [0, undefined, 0b1111, 0b11]

/** Decodes text of the right alphabet if it is how the encoder would have spelled its bytes. */
function decodeCanonical(text: string): Buffer | undefined {
  const unused = unusedBits[text.length % 4]
  if (unused === undefined) return undefined
  const lastCharacter = alphabet.indexOf(text.charAt(text.length - 1))
  return (lastCharacter & unused) === 0 ? Buffer.from(text, 'base64url') : undefined
}
