import assert from 'node:assert/strict'
import { test } from 'node:test'
import { algorithms } from '../../src/credential/algorithm.ts'
import {
  createKeyRing,
  createProfile,
  stillTrusts,
  type KeyRing,
} from '../../src/credential/key-ring.ts'
import { importKeySet } from '../../src/credential/key-set.ts'
import { mintGatewayCredential } from '../../src/credential/mint.ts'
import { prove } from '../../src/credential/proof.ts'
import type { JsonValue } from '../../src/credential/strict-json.ts'
import { defaultLeeway, epochSeconds } from '../../src/credential/time.ts'
import {
  audience,
  gatewayClaims as outsideClaims,
  issuerKey,
  issuerName,
  signToken,
} from '../verifier/issuer.ts'
import { gatewayClaims, issuer, jwksOf, keys, now, profiles } from './installation.ts'

async function importClosed(issuedUntil: JsonValue) {
  const { keys: list } = JSON.parse(JSON.stringify(jwksOf([keys.ES256]))) as { keys: object[] }
  const closed = list.map((jwk) => Object.assign(jwk, { issuedUntil }))
  return importKeySet({ keys: closed as unknown as JsonValue }, algorithms)
}

async function ringClosedAt(issuedUntil: number): Promise<KeyRing> {
  const set = await importClosed(issuedUntil)
  return createKeyRing(1, [{ name: issuer, profiles, keys: set?.keys ?? [] }])
}

const minted = (at: number) =>
  mintGatewayCredential(gatewayClaims({ iat: epochSeconds(at) }), keys.ES256)

test('what a key has signed until it was closed counts, and nothing that it has signed since', async () => {
  const ring = await ringClosedAt(now - 100)
  for (const [at, want] of [
    [now - 101, 'gateway'],
    [now - 100, 'gateway'],
    [now - 99, 'key-closed'],
    [now, 'key-closed'],
  ] as const) {
    const proof = prove(await minted(at), ring, now, defaultLeeway)
    assert.equal(typeof proof === 'string' ? proof : proof.kind, want)
  }
})

test('a token that does not say when it was issued counts for nothing once its key was closed', async () => {
  const key = issuerKey('closed')
  const profile = createProfile({
    kind: 'gateway',
    typ: undefined,
    audiences: new Set([audience]),
    gatewayClaim: undefined,
    own: false,
  })
  const token = signToken(key, outsideClaims({ iat: undefined }))
  for (const [closed, want] of [
    [{}, 'gateway'],
    [{ issuedUntil: now }, 'key-closed'],
  ] as const) {
    const jwks = { keys: [{ ...key.jwk, ...closed }] } as unknown as JsonValue
    const set = await importKeySet(jwks, algorithms)
    const ring = createKeyRing(1, [
      { name: issuerName, profiles: [profile], keys: set?.keys ?? [] },
    ])
    const proof = prove(token, ring, now, defaultLeeway)
    assert.equal(typeof proof === 'string' ? proof : proof.kind, want)
  }
})

test('a proof of before a key was closed is not taken for one of after', async () => {
  const [open, closed] = [await ringClosedAt(now), await ringClosedAt(now - 100)]
  const proof = prove(await minted(now - 50), open, now, defaultLeeway)
  assert.ok(typeof proof === 'object')
  assert.deepEqual([stillTrusts(open, proof), stillTrusts(closed, proof)], [true, false])
})

test('a key whose end cannot be read is left out', async () => {
  for (const issuedUntil of ['1790000000', null, -1, 1_790_000_000_000, {}]) {
    const set = await importClosed(issuedUntil)
    assert.deepEqual([set?.keys.length, set?.unusable[0]?.reason], [0, 'issuedUntil is no time'])
  }
})
