import { generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { calculateJwkThumbprint } from 'jose'
import { algorithmOf, type Algorithm } from '../credential/algorithm.ts'
import type { SigningKey } from '../credential/mint.ts'
import { canonicalJson } from '../store/hash-chain.ts'
import type { Schema } from '../store/schema.ts'
import type { Roots } from './roots.ts'
import { seal, unseal } from './sealed.ts'
import { AuthorityRefused } from './settings.ts'

/** A key as it is kept. */
export type KeyRow = Schema['signingKeys']

/** Where keys are kept: those for tokens, and those for the feed. */
export type KeyTable = 'signingKeys' | 'feedKeys'

const generate = promisify(generateKeyPair)
const modulusLength = 3072

/** Makes a key pair, on the thread pool. */
function generatePair(
  algorithm: Algorithm,
): Promise<{ readonly publicKey: KeyObject; readonly privateKey: KeyObject }> {
  switch (algorithm) {
    case 'RS256':
      return generate('rsa', { modulusLength })
    case 'ES256':
      return generate('ec', { namedCurve: 'P-256' })
    case 'EdDSA':
      return generate('ed25519')
  }
}

/** Makes a key and the row to keep it in, in state `next`. Its `kid` is its thumbprint. */
export async function createKeyRow(
  table: KeyTable,
  algorithm: Algorithm,
  roots: Roots,
  now: number,
): Promise<KeyRow> {
  const { publicKey, privateKey } = await generatePair(algorithm)
  const jwk = publicKey.export({ format: 'jwk' })
  const kid = await calculateJwkThumbprint(jwk)
  const under = roots.derive(roots.current, 'encrypt private keys')
  if (!under) throw new AuthorityRefused('there is no key to encrypt private keys with')
  const { kty, crv, x, y, n, e } = jwk
  return {
    kid,
    alg: algorithm,
    state: 'next',
    publicJwk: canonicalJson({ kty, crv, x, y, n, e, kid, alg: algorithm, use: 'sig' }),
    privateKey: seal(privateKey, under, nameOf(table, kid)),
    keyEncryptionKey: roots.current,
    createdAt: now,
    activatedAt: null,
    retiredAt: null,
    retiredRevision: null,
  }
}

/** Opens a key that is kept; `undefined` when its private half is gone or cannot be decrypted. */
export function openKeyRow(table: KeyTable, row: KeyRow, roots: Roots): SigningKey | undefined {
  const algorithm = algorithmOf(row.alg)
  const under = roots.derive(row.keyEncryptionKey, 'encrypt private keys')
  if (row.privateKey === null || !under || !algorithm) return undefined
  const privateKey = unseal(row.privateKey, under, nameOf(table, row.kid))
  return privateKey && { kid: row.kid, algorithm, privateKey }
}

function nameOf(table: KeyTable, kid: string): string {
  return `${table} ${kid}`
}
