import { KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, importJWK } from 'jose'
import { algorithmOf, type Algorithm } from './algorithm.ts'
import type { TrustedKey } from './key-ring.ts'
import { isJsonObject, type JsonObject, type JsonValue } from './strict-json.ts'
import { isEpochSeconds } from './time.ts'
import { weaknessOf, type WeakKeyReason } from './weak-key.ts'

export type UnusableKeyReason =
  | 'not an object'
  | 'symmetric key'
  | 'private key in a public set'
  | 'kty, crv or alg is not supported'
  | 'algorithm is not allowed for this issuer'
  | 'not for verifying signatures'
  | 'kid is malformed'
  | 'kid stands twice in the set'
  | 'cannot be imported'
  | 'issuedUntil is no time'
  | WeakKeyReason

/** A key that was left out, by its place in the set, and why. */
interface UnusableKey {
  readonly index: number
  readonly kid: string | undefined
  readonly reason: UnusableKeyReason
}

export interface KeySet {
  readonly keys: readonly TrustedKey[]
  readonly unusable: readonly UnusableKey[]
}

const keysAtMost = 1000
const kidLengthMax = 256

/**
 * Reads a JWK set. Keys that cannot be used are left out one by one and named; text that is no JWK set is
 * `undefined`.
 */
export async function importKeySet(
  set: JsonValue | undefined,
  allowed: readonly Algorithm[],
): Promise<KeySet | undefined> {
  if (!isJsonObject(set)) return undefined
  const members: JsonValue | undefined = set['keys']
  if (!Array.isArray(members) || members.length > keysAtMost) return undefined
  const list: readonly JsonValue[] = members
  const kids = list.map((jwk) => (isJsonObject(jwk) ? jwk['kid'] : undefined))
  const doubled = new Set(kids.filter((kid, index) => kids.indexOf(kid) !== index))
  const read = await Promise.all(
    list.map((jwk, index) => importKey(jwk, allowed, doubled.has(kids[index]))),
  )
  const keys: TrustedKey[] = []
  const unusable: UnusableKey[] = []
  for (const [index, key] of read.entries()) {
    if (typeof key === 'object') keys.push(key)
    else unusable.push({ index, kid: kidOf(kids[index]), reason: key })
  }
  return { keys, unusable }
}

async function importKey(
  jwk: JsonValue,
  allowed: readonly Algorithm[],
  doubled: boolean,
): Promise<TrustedKey | UnusableKeyReason> {
  if (!isJsonObject(jwk)) return 'not an object'
  const algorithm = algorithmOfKey(jwk)
  const refusal = refusalOf(jwk, algorithm, allowed)
  if (refusal) return refusal
  if (algorithm === undefined) return 'kty, crv or alg is not supported'
  const { kid } = jwk
  if (kid !== undefined && kidOf(kid) === undefined) return 'kid is malformed'
  if (doubled) return 'kid stands twice in the set'
  return importPublicKey(jwk, kidOf(kid), algorithm)
}

/** Each of them alone gives an RSA key away; `d` is every other key's secret. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth']

/** What the record itself says against the key. */
function refusalOf(
  jwk: JsonObject,
  algorithm: Algorithm | undefined,
  allowed: readonly Algorithm[],
): UnusableKeyReason | undefined {
  const { kty, use, key_ops: operations } = jwk
  if (kty === 'oct' || Object.hasOwn(jwk, 'k')) return 'symmetric key'
  if (privateMembers.some((name) => Object.hasOwn(jwk, name))) return 'private key in a public set'
  if (algorithm === undefined) return 'kty, crv or alg is not supported'
  if (!allowed.includes(algorithm)) return 'algorithm is not allowed for this issuer'
  if (use !== undefined && use !== 'sig') return 'not for verifying signatures'
  const verifies = Array.isArray(operations) && operations.includes('verify')
  return operations === undefined || verifies ? undefined : 'not for verifying signatures'
}

/** The one algorithm of a key: what its form allows, if its `alg` does not name another. */
function algorithmOfKey({ kty, crv, alg }: JsonObject): Algorithm | undefined {
  const byForm = algorithmOfForm(kty, crv)
  return alg === undefined || algorithmOf(alg) === byForm ? byForm : undefined
}

function algorithmOfForm(kty: JsonValue | undefined, crv: JsonValue | undefined) {
  if (kty === 'RSA') return 'RS256'
  if (kty === 'EC' && crv === 'P-256') return 'ES256'
  if (kty === 'OKP' && crv === 'Ed25519') return 'EdDSA'
  return undefined
}

function kidOf(kid: JsonValue | undefined): string | undefined {
  return typeof kid === 'string' && kid.length > 0 && kid.length <= kidLengthMax ? kid : undefined
}

/** The members that make up a public key; whatever else the record says was judged before. */
const materialOf: Readonly<Record<Algorithm, readonly string[]>> = {
  RS256: ['kty', 'n', 'e'],
  ES256: ['kty', 'crv', 'x', 'y'],
  EdDSA: ['kty', 'crv', 'x'],
}

async function importPublicKey(
  jwk: JsonObject,
  kid: string | undefined,
  algorithm: Algorithm,
): Promise<TrustedKey | UnusableKeyReason> {
  const material = Object.fromEntries(materialOf[algorithm].map((name) => [name, jwk[name]]))
  // The import would make text of whatever it is given.
  if (!Object.values(material).every((value) => typeof value === 'string')) {
    return 'cannot be imported'
  }
  const ending = endingOf(jwk)
  if (!ending) return 'issuedUntil is no time'
  try {
    const imported = await importJWK(material, algorithm)
    if (imported instanceof Uint8Array) return 'symmetric key'
    const publicKey = KeyObject.from(imported)
    const thumbprint = await calculateJwkThumbprint(publicKey.export({ format: 'jwk' }))
    const trusted = { kid, algorithm, publicKey, thumbprint, ...ending }
    return weaknessOf(publicKey) ?? Object.freeze(trusted)
  } catch {
    // Why a library could not read a key is its own wording, and may quote the key.
    return 'cannot be imported'
  }
}

/** A member of our own: after a restore, keys of before count only for what they had signed until the backup. */
function endingOf({ issuedUntil }: JsonObject): Pick<TrustedKey, 'issuedUntil'> | undefined {
  if (issuedUntil === undefined) return {}
  return isEpochSeconds(issuedUntil) ? { issuedUntil } : undefined
}
