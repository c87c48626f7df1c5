import type { KeyObject } from 'node:crypto'

/** What is done to a signature: nothing, or the attack that is named. */
export type Treatment =
  | 'valid'
  | 'absent'
  /** That of the honest token, which says something else. */
  | 'kept'
  /** ES256: (r, n − s), which verifies as well. */
  | 'twin'
  | 'der'
  | 'swapped'
  | 'truncated'
  | 'extended'
  | 'leading-zero'
  | 'reversed'
  /** EdDSA: s + L, which lax libraries verify as well. */
  | 'plus-order'
  | { readonly hex: string }
  | { readonly mac: 'sha256' | 'sha384' | 'sha512'; readonly secret: Secret }

type Secret = keyof typeof secrets

interface Material {
  readonly signHonest: () => Buffer
  readonly sign: () => Buffer
  readonly mac: (hash: string, secret: Buffer | string) => Buffer
  readonly publicKey: KeyObject
}

/** What there is in public that a MAC can be made with. */
const secrets = {
  empty: () => '',
  null: () => 'null',
  undefined: () => 'undefined',
  'zero-byte': () => Buffer.alloc(1),
  pem: pemOf,
  'pem-trimmed': (key: KeyObject) => pemOf(key).trim(),
  'pem-leading-space': (key: KeyObject) => ` ${pemOf(key)}`,
  'pem-leading-newline': (key: KeyObject) => `\n${pemOf(key)}`,
  'pem-crlf': (key: KeyObject) => pemOf(key).replaceAll('\n', '\r\n'),
  der: (key: KeyObject) => key.export({ type: 'spki', format: 'der' }),
  'pkcs1-pem': (key: KeyObject) => key.export({ type: 'pkcs1', format: 'pem' }),
  'pkcs1-der': (key: KeyObject) => key.export({ type: 'pkcs1', format: 'der' }),
  jwk: (key: KeyObject) => JSON.stringify(key.export({ format: 'jwk' })),
  modulus: (key: KeyObject) => Buffer.from(key.export({ format: 'jwk' }).n ?? '', 'base64url'),
  'modulus-text': (key: KeyObject) => key.export({ format: 'jwk' }).n ?? '',
  x: (key: KeyObject) => Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url'),
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' })
}

/** Makes the signature that a recipe asks for. */
export function treat(treatment: Treatment = 'valid', material: Material): Buffer {
  if (typeof treatment === 'string') return ways[treatment](material)
  if ('hex' in treatment) return Buffer.from(treatment.hex, 'hex')
  return material.mac(treatment.mac, secrets[treatment.secret](material.publicKey))
}

const ways = {
  valid: ({ sign }: Material) => sign(),
  absent: () => Buffer.alloc(0),
  kept: ({ signHonest }: Material) => signHonest(),
  twin: ({ sign }: Material) => twinOf(sign()),
  der: ({ sign }: Material) => derOf(sign()),
  swapped: ({ sign }: Material) => swap(sign()),
  truncated: ({ sign }: Material) => sign().subarray(0, -1),
  extended: ({ sign }: Material) => Buffer.concat([sign(), Buffer.alloc(1)]),
  'leading-zero': ({ sign }: Material) => Buffer.concat([Buffer.alloc(1), sign()]),
  reversed: ({ sign }: Material) => reverse(sign()),
  'plus-order': ({ sign }: Material) => plusOrder(sign()),
}

const orderP256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const orderEd25519 = 2n ** 252n + 27742317777372353535851937790883648493n

/** The other signature that ES256 verifies for the same text. */
export function twinOf(signature: Buffer): Buffer {
  const s = BigInt(`0x${signature.subarray(32).toString('hex')}`)
  return Buffer.concat([signature.subarray(0, 32), bigEndian(orderP256 - s)])
}

function bigEndian(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex')
}

function swap(signature: Buffer): Buffer {
  return Buffer.concat([signature.subarray(32), signature.subarray(0, 32)])
}

const reverse = (bytes: Buffer) => Buffer.from([...bytes].toReversed())

function plusOrder(signature: Buffer): Buffer {
  const s = BigInt(`0x${reverse(signature.subarray(32)).toString('hex')}`)
  return Buffer.concat([signature.subarray(0, 32), reverse(bigEndian(s + orderEd25519))])
}

function derOf(signature: Buffer): Buffer {
  const integers = [signature.subarray(0, 32), signature.subarray(32)].map((number) => {
    const trimmed = number.subarray(number.findIndex((byte) => byte !== 0))
    const content = (trimmed[0] ?? 0) > 127 ? Buffer.concat([Buffer.alloc(1), trimmed]) : trimmed
    return Buffer.concat([Buffer.from([2, content.length]), content])
  })
  const body = Buffer.concat(integers)
  return Buffer.concat([Buffer.from([0x30, body.length]), body])
}
