// A private key at rest: version (1 byte, 1) · nonce (12) · tag (16) · AES-256-GCM of the key in PKCS #8.
// What the key is called is authenticated with it, so that no row can be given another row's key.

import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  randomBytes,
  type KeyObject,
} from 'node:crypto'

const version = 1
const nonceBytes = 12
const tagBytes = 16

/** Encrypts a private key. */
export function seal(privateKey: KeyObject, under: KeyObject, name: string): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', under, nonce)
  cipher.setAAD(Buffer.from(name))
  const plain = privateKey.export({ format: 'der', type: 'pkcs8' })
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), sealed])
}

/** Decrypts a private key; `undefined` when the bytes are not what was encrypted under this key and name. */
export function unseal(bytes: Uint8Array, under: KeyObject, name: string): KeyObject | undefined {
  const nonce = bytes.subarray(1, 1 + nonceBytes)
  const tag = bytes.subarray(1 + nonceBytes, 1 + nonceBytes + tagBytes)
  if (bytes[0] !== version || tag.length !== tagBytes) return undefined
  const decipher = createDecipheriv('aes-256-gcm', under, nonce, { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(name))
  decipher.setAuthTag(tag)
  try {
    const opened = decipher.update(bytes.subarray(1 + nonceBytes + tagBytes))
    const key = Buffer.concat([opened, decipher.final()])
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  } catch {
    // The library's own words may quote what it read.
    return undefined
  }
}
