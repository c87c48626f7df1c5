import { hash } from 'node:crypto'

const blockBytes = 64
const hashBytes = 32

/** Authenticates messages in parts by one key: 32 bytes in base64url. */
export type Mac = (parts: readonly Uint8Array[]) => string

/** The length of what a `Mac` gives. */
export const macLength = 43

/**
 * HMAC-SHA-256 (RFC 2104) by a key of 32 bytes. Node's own makes an object outside the heap for every message, and a hash as
 * bytes one more; what these cost, with their collection, is several times what the hashing does.
 */
export function createMac(key: Uint8Array): Mac {
  const outer = Buffer.alloc(blockBytes + hashBytes, 0x5c)
  const innerPad = Buffer.alloc(blockBytes, 0x36)
  for (const [at, byte] of key.entries()) {
    outer[at] = 0x5c ^ byte
    innerPad[at] = 0x36 ^ byte
  }
  return (parts) => {
    outer.write(hash('sha256', Buffer.concat([innerPad, ...parts]), 'latin1'), blockBytes, 'latin1')
    return hash('sha256', outer, 'base64url')
  }
}
