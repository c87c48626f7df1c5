// What a kit carries from the request leg to the response leg for us, sealed, so that nothing has to be remembered:
//
//   base64url( version 2, salt 16, first block 6, AES-256-CTR of the text ) HMAC-SHA-256 of the environment and all this
//
// The text is JSON: seconds, method, URL, address. Who seals derives keys of its own from the shared one and a random
// salt: no block of a key stream is used twice, however many seal with one shared key for however long. A state belongs
// to one environment, lives for minutes, and may come back any number of times, or never.

import { hkdfSync, timingSafeEqual } from 'node:crypto'
import type { AskedRequest } from '../decision/question.ts'
import { blockNumberBytes, createKeyStream, reveal } from './key-stream.ts'
import { createMac, macLength, type Mac } from './mac.ts'
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

const version = 2
const saltBytes = 16
const headBytes = 1 + saltBytes + blockNumberBytes
const textMax = 16_384
const lifetimeMs = 600_000
const clocksApartMs = 60_000
const keysKept = 64

/** Makes a sealer. */
export function createStateSeal({ key, salt }: StateSealParts): StateSeal {
  const own = deriveKeys(key, salt)
  const stream = createKeyStream(own.stream)
  const known = new Map<string, Keys>()

  const keysOf = (otherSalt: Buffer): Keys => {
    const name = otherSalt.toString('latin1')
    const derived = known.get(name) ?? deriveKeys(key, otherSalt)
    if (known.size >= keysKept) known.clear()
    known.set(name, derived)
    return derived
  }
  return {
    seal({ method, url, address = '' }, environment, now) {
      const text = JSON.stringify([Math.floor(now / 1000), method, url, address])
      if (text.length > textMax) return undefined
      const bytes = Buffer.allocUnsafe(headBytes + Buffer.byteLength(text))
      bytes[0] = version
      bytes.set(salt, 1)
      bytes.write(text, headBytes)
      const block = stream.hide(bytes.subarray(headBytes))
      bytes.writeUIntBE(block, 1 + saltBytes, blockNumberBytes)
      return bytes.toString('base64url') + tagOf(own, environment, bytes)
    },
    open(text, environment, now) {
      const bytes = Buffer.from(text.slice(0, -macLength), 'base64url')
      if (bytes.length < headBytes || bytes[0] !== version) return undefined
      const keys = keysOf(bytes.subarray(1, 1 + saltBytes))
      if (!isSame(text.slice(-macLength), tagOf(keys, environment, bytes))) return undefined
      const block = bytes.readUIntBE(1 + saltBytes, blockNumberBytes)
      return readState(reveal(keys.stream, block, bytes.subarray(headBytes)), now)
    },
  }
}

interface Keys {
  readonly stream: Buffer
  readonly mac: Mac
}

function deriveKeys(key: Uint8Array, salt: Uint8Array): Keys {
  const bytes = Buffer.from(hkdfSync('sha256', key, salt, 'warder sideband state', 64))
  return { stream: bytes.subarray(0, 32), mac: createMac(bytes.subarray(32)) }
}

/** The environment is told with its length, so that nothing of it can be taken for the beginning of the state. */
function tagOf({ mac }: Keys, environment: string, bytes: Buffer): string {
  const name = Buffer.from(environment)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(name.length)
  return mac([length, name, bytes])
}

function isSame(one: string, other: string): boolean {
  const [first, second] = [Buffer.from(one), Buffer.from(other)]
  return first.length === second.length && timingSafeEqual(first, second)
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
