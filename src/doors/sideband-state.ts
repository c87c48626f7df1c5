// What a kit carries from the request leg to the response leg for us, sealed, so that nothing has to be remembered:
//
//   base64url( version 1, salt 16, counter 6, AES-256-GCM of the text, tag 16 )
//
// The text is JSON: seconds, method, URL, address. Who seals derives a key of its own from the shared one and a random
// salt, and counts: no nonce comes twice, however many seal with one shared key for however long. A state belongs to
// one environment, lives for minutes, and may come back any number of times, or never.

import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { AskedRequest } from '../decision/question.ts'
import { askedOf } from './sideband-body.ts'

/** What a state holds. */
interface SidebandState {
  readonly method: string
  readonly url: string
  readonly address: string | undefined
}

/** Seals states and opens those of everybody who has the same key. */
export interface StateSeal {
  /** `undefined` for what is too long to be carried. */
  readonly seal: (state: SidebandState, environment: string, now: number) => string | undefined
  /** The request that a state was sealed about; `undefined` for what is foreign, altered or too old. */
  readonly open: (text: string, environment: string, now: number) => AskedRequest | undefined
}

export interface StateSealParts {
  /** 32 bytes, the same for all that are to understand each other. */
  readonly key: Uint8Array
  /** 16 bytes at random, of this sealer alone. */
  readonly salt: Uint8Array
}

const version = 1
const saltBytes = 16
const counterBytes = 6
const tagBytes = 16
const headBytes = 1 + saltBytes + counterBytes
const textMax = 16_384
const lifetimeMs = 600_000
const clocksApartMs = 60_000
const keysKept = 64

/** Makes a sealer. */
export function createStateSeal({ key, salt }: StateSealParts): StateSeal {
  const ownKey = deriveKey(key, salt)
  const known = new Map<string, Buffer>()
  let count = 0

  const keyOf = (otherSalt: Buffer): Buffer => {
    const name = otherSalt.toString('latin1')
    const derived = known.get(name) ?? deriveKey(key, otherSalt)
    if (known.size >= keysKept) known.clear()
    known.set(name, derived)
    return derived
  }
  return {
    seal({ method, url, address = '' }, environment, now) {
      const text = JSON.stringify([Math.floor(now / 1000), method, url, address])
      if (text.length > textMax) return undefined
      const head = Buffer.alloc(headBytes)
      head[0] = version
      head.set(salt, 1)
      head.writeUIntBE(++count, 1 + saltBytes, counterBytes)
      const cipher = createCipheriv('aes-256-gcm', ownKey, nonceOf(head))
      cipher.setAAD(additional(environment))
      const sealed = cipher.update(text, 'utf8')
      cipher.final()
      return Buffer.concat([head, sealed, cipher.getAuthTag()]).toString('base64url')
    },
    open(text, environment, now) {
      const bytes = Buffer.from(text, 'base64url')
      if (bytes.length < headBytes + tagBytes || bytes[0] !== version) return undefined
      const opened = openSealed(bytes, keyOf(bytes.subarray(1, 1 + saltBytes)), environment)
      return opened === undefined ? undefined : readState(opened, now)
    },
  }
}

function deriveKey(key: Uint8Array, salt: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, 'warder sideband state', 32))
}

function nonceOf(head: Buffer): Buffer {
  const nonce = Buffer.alloc(12)
  head.copy(nonce, nonce.length - counterBytes, 1 + saltBytes, headBytes)
  return nonce
}

const additional = (environment: string) => Buffer.from(`${version} ${environment}`)

function openSealed(bytes: Buffer, key: Buffer, environment: string): string | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(bytes))
  decipher.setAAD(additional(environment))
  decipher.setAuthTag(bytes.subarray(-tagBytes))
  try {
    const text = decipher.update(bytes.subarray(headBytes, -tagBytes), undefined, 'utf8')
    return text + decipher.final('utf8')
  } catch {
    return undefined
  }
}

/** Reads what was sealed; only its age is still in question. */
function readState(text: string, now: number): AskedRequest | undefined {
  const parts: readonly unknown[] = JSON.parse(text)
  const [seconds, method, url, address] = parts
  const age = typeof seconds === 'number' ? now - seconds * 1000 : Number.NaN
  if (!(age <= lifetimeMs && age >= -clocksApartMs)) return undefined
  if (typeof method !== 'string' || typeof url !== 'string') return undefined
  return askedOf(method, url, typeof address === 'string' && address !== '' ? address : undefined)
}
