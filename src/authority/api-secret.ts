// The secret of an API credential, as whoever finds it can recognise it:
//
//   warder_cs_ · 32 random bytes in base64url (43 characters) · check (6): base64url of SHA-256 of all in front of it
//
// A scanner looks for /\bwarder_cs_[A-Za-z0-9_-]{49}/ and knows by the check that what it has found is one.

import { hash, randomBytes } from 'node:crypto'

const prefix = 'warder_cs_'
const secretBytes = 32
const checkLength = 6

/** Makes a secret. */
export function createApiSecret(): string {
  const text = `${prefix}${randomBytes(secretBytes).toString('base64url')}`
  return `${text}${hash('sha256', text, 'base64url').slice(0, checkLength)}`
}
