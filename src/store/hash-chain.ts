// A chain of hashes: each link is SHA-256, in base64url, over the link before it, a line feed and one text.
import { hash } from 'node:crypto'

/** What stands before the first link of a chain. */
export const chainStart = ''

/** The link that follows `previous` when `text` is added. */
export function nextLink(previous: string, text: string): string {
  return hash('sha256', `${previous}\n${text}`, 'base64url')
}

/** The digest of a text: a chain over digests can be proved to somebody who may not see every text. */
export function digestOf(text: string): string {
  return hash('sha256', text, 'base64url')
}

/** What JSON can say. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [member: string]: Json | undefined }

/** The one JSON text of a value: members in the order of their UTF-16 code units, nothing between the tokens. */
export function canonicalJson(value: Json): string {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new TypeError('JSON has no such number')
  }
  if (value === null || typeof value !== 'object') {
    return JSON.stringify(value)
  }
  if (isList(value)) {
    return `[${value.map(canonicalJson).join(',')}]`
  }
  const members = Object.keys(value).toSorted()
  const texts: string[] = []
  for (const member of members) {
    const it = value[member]
    if (it !== undefined) {
      texts.push(`${JSON.stringify(member)}:${canonicalJson(it)}`)
    }
  }
  return `{${texts.join(',')}}`
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value)
}
