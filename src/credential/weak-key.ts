import type { KeyObject } from 'node:crypto'

export type WeakKeyReason =
  | 'RSA key is shorter than 2048 bits or longer than 8192'
  | 'RSA exponent is not an odd number above 1'
  | 'RSA key has the ROCA weakness (CVE-2017-15361)'

/** What makes a public key unfit to be trusted, if anything. Keys that are not RSA have no such choices. */
export function weaknessOf(key: KeyObject): WeakKeyReason | undefined {
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
