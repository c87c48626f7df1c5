import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { createKeyRing } from '../../src/credential/key-ring.ts'
import { importKeySet } from '../../src/credential/key-set.ts'
import { mintAccessToken } from '../../src/credential/mint.ts'
import { prove } from '../../src/credential/proof.ts'
import { defaultLeeway } from '../../src/credential/time.ts'
import { accessClaims, issuer, keys, now, profiles, ringOf } from './installation.ts'

// What the arithmetic of RSA offers to a forger who has public keys only.

const integerOf = (bytes: Buffer) => BigInt(`0x${bytes.toString('hex')}`)

function bytesOf(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex')
}

test('AT-11: an RS256 token with the modulus added to its signature is refused', async () => {
  const ring = await ringOf()
  const { n = '' } = keys.RS256.publicKey.export({ format: 'jwk' })
  const modulus = integerOf(Buffer.from(n, 'base64url'))
  for (let count = 0; count < 20; count++) {
    const token = await mintAccessToken(accessClaims(), keys.RS256)
    const dot = token.lastIndexOf('.') + 1
    const sum = integerOf(Buffer.from(token.slice(dot), 'base64url')) + modulus
    const signature = bytesOf(sum, sum < 1n << 2048n ? 256 : 257)
    const forged = token.slice(0, dot) + signature.toString('base64url')
    assert.equal(prove(forged, ring, now, defaultLeeway), 'signature-invalid')
  }
})

/** The smallest integer whose cube is not below a value. */
function cubeRoot(value: bigint): bigint {
  let [low, high] = [0n, 1n << 700n]
  while (low < high) {
    const middle = (low + high) >> 1n
    if (middle ** 3n < value) low = middle + 1n
    else high = middle
  }
  return low
}

test('J9: a cube root that begins like a padded hash is no signature of a key with exponent 3', async () => {
  const n = Buffer.alloc(256, 0xc5).toString('base64url')
  const jwks = { keys: [{ kty: 'RSA', kid: 'three', n, e: 'Aw' }] }
  const set = await importKeySet(jwks, ['RS256'])
  assert.equal(set?.keys.length, 1)
  const ring = createKeyRing(1, [{ name: issuer, profiles, keys: set.keys }])
  const input = [{ alg: 'RS256', kid: 'three', typ: 'at+jwt' }, accessClaims()]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const hash = createHash('sha256').update(input).digest('hex')
  const digestInfo = `3031300d060960864801650304020105000420${hash}`
  for (const padding of ['ff'.repeat(8), 'ff', '']) {
    const start = Buffer.from(`0001${padding}00${digestInfo}`, 'hex')
    const root = cubeRoot(integerOf(Buffer.concat([start, Buffer.alloc(256 - start.length)])))
    assert.ok(
      bytesOf(root ** 3n, 256)
        .subarray(0, start.length)
        .equals(start),
    )
    const forged = `${input}.${bytesOf(root, 256).toString('base64url')}`
    assert.equal(prove(forged, ring, now, defaultLeeway), 'signature-invalid')
  }
})
