import { verify } from 'node:crypto'
import { algorithmOf } from './algorithm.ts'
import type { Compact } from './compact.ts'
import type { Trust, TrustedKey } from './key-ring.ts'

export type SignatureReason = 'key-unknown' | 'algorithm-refused' | 'signature-invalid'

/** Finds the key that a token names among an issuer's and checks that it signed the token, with its own algorithm. */
export function authenticate(
  { header, signed, signature }: Compact,
  trust: Pick<Trust, 'key'>,
): TrustedKey | SignatureReason {
  const { kid, alg } = header
  if (kid !== undefined && typeof kid !== 'string') return 'key-unknown'
  const key = trust.key(kid)
  if (!key) return 'key-unknown'
  if (algorithmOf(alg) !== key.algorithm) return 'algorithm-refused'
  return verifySignature(key, signed, signature) ? key : 'signature-invalid'
}

const es256SignatureLength = 64

function verifySignature(key: TrustedKey, signed: Buffer, signature: Buffer): boolean {
  switch (key.algorithm) {
    case 'RS256':
      return verify('sha256', signed, key.publicKey, signature)
    case 'ES256':
      return (
        signature.length === es256SignatureLength &&
        verify('sha256', signed, { key: key.publicKey, dsaEncoding: 'ieee-p1363' }, signature)
      )
    case 'EdDSA':
      return verify(null, signed, key.publicKey, signature)
  }
}
