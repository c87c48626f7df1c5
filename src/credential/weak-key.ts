import type { KeyObject } from 'node:crypto'

export type WeakKeyReason =
  | 'RSA key is shorter than 2048 bits or longer than 8192'
  | 'RSA exponent is not an odd number above 1'
  | 'RSA key has the ROCA weakness (CVE-2017-15361)'
  | 'Ed25519 key is a point of small order'

/** What makes a public key unfit to be trusted, if anything. */
export function weaknessOf(key: KeyObject): WeakKeyReason | undefined {
  if (key.asymmetricKeyType === 'ed25519') {
    return isOfSmallOrder(key) ? 'Ed25519 key is a point of small order' : undefined
  }
  const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {}
  if (modulusLength === undefined || publicExponent === undefined) return undefined
  if (modulusLength < 2048 || modulusLength > 8192) {
    return 'RSA key is shorter than 2048 bits or longer than 8192'
  }
  if (publicExponent < 3n || publicExponent % 2n === 0n) {
    return 'RSA exponent is not an odd number above 1'
  }
  return hasRocaWeakness(key) ? 'RSA key has the ROCA weakness (CVE-2017-15361)' : undefined
}

const smallPrimes = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101,
  103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
]
const rocaGenerator = 65_537

/** The weak generator's primes are powers of 65537 modulo every small prime, and so is their product. */
function hasRocaWeakness(key: KeyObject): boolean {
  const { n } = key.export({ format: 'jwk' })
  if (n === undefined) return false
  const modulus = BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`)
  return smallPrimes.every((prime) => isPower(Number(modulus % BigInt(prime)), prime))
}

function isPower(remainder: number, prime: number): boolean {
  let power = 1
  do {
    if (power === remainder) return true
    power = (power * rocaGenerator) % prime
  } while (power !== 1)
  return false
}

/** Every y coordinate (little-endian) of the eight points of small order, two of them in their other spelling too. */
const smallOrder: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])

/** Anybody can sign for such a key, an all-zero one for instance, and Node 24 verifies it. */
function isOfSmallOrder(key: KeyObject): boolean {
  const point = Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url')
  const sign = point.length - 1
  point[sign] = (point[sign] ?? 0) & 0x7f
  return smallOrder.has(point.toString('hex'))
}
