import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { algorithms } from '../../src/credential/algorithm.ts'
import { parseCompact } from '../../src/credential/compact.ts'
import { createKeyRing } from '../../src/credential/key-ring.ts'
import { importKeySet } from '../../src/credential/key-set.ts'
import { authenticate } from '../../src/credential/signature.ts'
import type { JsonObject, JsonValue } from '../../src/credential/strict-json.ts'

interface Vectors {
  readonly testGroups: readonly {
    readonly comment: string
    readonly private?: JsonObject
    readonly public?: JsonObject
    readonly tests: readonly Vector[]
  }[]
}

interface Vector {
  readonly tcId: number
  readonly comment: string
  readonly jws: string | JsonObject
  readonly result: 'valid' | 'invalid'
}

/** Valid ones that are refused on purpose; every other valid one must be accepted. */
const refused: ReadonlyMap<string, readonly number[]> = new Map([
  ['HS256 is symmetric', [1, 348, 352, 357, 358, 359, 376, 377]],
  ['the payload is empty, so it is no JSON object', [259]],
  ['RS384 is not supported', [264, 265, 266, 267]],
  ['RS512 is not supported', [268, 269, 270, 271]],
  ['PS256 is not supported', [272, 273, 274, 275, 287, 288]],
  ['PS384 is not supported', [320, 321, 322, 323, 346, 350]],
  ['PS512 is not supported', [325, 326, 327, 328]],
  ['ES512 is not supported', [347, 351]],
  ['a foreign character stands in the text', [372, 373]],
])
const reasons = new Map([...refused].flatMap(([reason, ids]) => ids.map((id) => [id, reason])))

/** Of the key sets, the valid ones that are refused: all of their keys are symmetric. */
const symmetricSets = new Set([2, 13, 14, 15])

/** Wycheproof's tokens, judged by their form and signature; what they sign is no JSON, so no claims are read. */
export function wycheproofSignatures(path: string): void {
  describe('Wycheproof JWS', () => {
    for (const group of read(path).testGroups) {
      const key = group.public ?? group.private ?? {}
      for (const { tcId, comment, jws, result } of group.tests) {
        const reason = reasons.get(tcId)
        const accepted = result === 'valid' && reason === undefined
        const title = `${tcId} ${group.comment} ${comment}: ${accepted ? 'accepted' : 'refused'}`
        const because = result === 'valid' && reason !== undefined ? `, since ${reason}` : ''
        test(title + because, async () => {
          assert.equal(await isAuthentic(jws, { keys: [key] }), accepted)
        })
      }
    }
  })
}

/** Wycheproof's key sets, each with a token of one of its keys. */
export function wycheproofKeys(path: string): void {
  describe('Wycheproof JWK', () => {
    for (const group of read(path).testGroups) {
      for (const { tcId, comment, jws, result } of group.tests) {
        const accepted = result === 'valid' && !symmetricSets.has(tcId)
        const title = `${tcId} ${group.comment} ${comment}: ${accepted ? 'accepted' : 'refused'}`
        test(title, async () => {
          assert.equal(await isAuthentic(jws, group.public ?? group.private), accepted)
        })
      }
    }
  })
}

function read(path: string): Vectors {
  const vectors: Vectors = JSON.parse(readFileSync(path, 'utf8'))
  return vectors
}

async function isAuthentic(jws: string | JsonObject, jwks: JsonValue | undefined) {
  const set = await importKeySet(jwks, algorithms)
  if (!set) return false
  const ring = createKeyRing(1, [{ name: 'wycheproof', profiles: [], keys: set.keys }])
  const trust = ring.issuer('wycheproof')
  const compact = parseCompact(typeof jws === 'string' ? jws : JSON.stringify(jws))
  if (!trust || typeof compact === 'string') return false
  return typeof authenticate(compact, trust) === 'object'
}
