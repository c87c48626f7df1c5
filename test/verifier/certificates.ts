import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'

// X.509 certificates, in as much DER as they need: sequences of object identifiers, names, times and a P-256 key.

/** A certificate with its key. */
export interface Certified {
  readonly name: string
  readonly certPem: string
  readonly keyPem: string
  readonly privateKey: KeyObject
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const { length } = body
  const head =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), body])
}

const sequence = (...parts: readonly Buffer[]) => der(0x30, ...parts)
const bytes = (hex: string) => Buffer.from(hex, 'hex')
const ecdsaWithSha256 = sequence(der(0x06, bytes('2a8648ce3d040302')))
const nameOf = (text: string) =>
  sequence(der(0x31, sequence(der(0x06, bytes('550403')), der(0x0c, Buffer.from(text)))))
const isTrue = der(0x01, bytes('ff'))
const basicConstraints = sequence(der(0x06, bytes('551d13')), isTrue, der(0x04, sequence(isTrue)))
/** 127.0.0.1, and a name where one is given. */
const namesOf = (dnsName?: string) =>
  sequence(
    der(0x06, bytes('551d11')),
    der(
      0x04,
      sequence(
        der(0x87, bytes('7f000001')),
        ...(dnsName === undefined ? [] : [der(0x82, Buffer.from(dnsName))]),
      ),
    ),
  )

let serial = 1

/** Makes a certificate for 127.0.0.1 and perhaps a name, signed by a CA or, without one, a CA itself. */
export function certify(name: string, ca?: Certified, dnsName?: string): Certified {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const body = sequence(
    der(0xa0, der(0x02, bytes('02'))),
    der(0x02, Buffer.from([serial++])),
    ecdsaWithSha256,
    nameOf(ca?.name ?? name),
    sequence(der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('491231235959Z'))),
    nameOf(name),
    publicKey.export({ format: 'der', type: 'spki' }),
    der(0xa3, sequence(ca ? namesOf(dnsName) : basicConstraints)),
  )
  const signature = sign('sha256', body, ca?.privateKey ?? privateKey)
  const whole = sequence(body, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature))
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? []
  return {
    name,
    privateKey,
    certPem: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    keyPem: privateKey.export({ format: 'pem', type: 'pkcs8' }),
  }
}
