import { generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto'

// An outside issuer of our own making: it signs with node:crypto alone, so that nothing of what is tested has a hand in
// the tokens.

export type Claims = Readonly<Record<string, unknown>>

export interface IssuerKey {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly jwk: Claims
}

/** Makes an ES256 key. */
export function issuerKey(kid: string): IssuerKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }
  return { kid, privateKey, jwk }
}

/** A JWK set as text. */
export function keySet(...keys: readonly IssuerKey[]): string {
  return JSON.stringify({ keys: keys.map(({ jwk }) => jwk) })
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Signs claims as they are. */
export function signToken(key: IssuerKey, claims: Claims, header: Claims = {}): string {
  const head = encode({ alg: 'ES256', typ: 'JWT', kid: key.kid, ...header })
  const signed = `${head}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(signed), {
    key: key.privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  return `${signed}.${signature.toString('base64url')}`
}

export const issuerName = 'https://issuer.test'
export const audience = 'https://warder.test'
export const clientAudience = 'https://api.test'

/** The time of now, in seconds. */
export const seconds = (): number => Math.floor(Date.now() / 1000)

/** The claims of a gateway's credential, with changes; `undefined` takes a claim away. */
export function gatewayClaims(changes: Claims = {}): Claims {
  return {
    iss: issuerName,
    aud: audience,
    sub: 'gateway-1',
    jti: randomUUID(),
    iat: seconds() - 3600,
    gatewayName: 'Edge',
    ...changes,
  }
}

/** The claims of a client's access token, with changes. */
export function clientClaims(changes: Claims = {}): Claims {
  return {
    iss: issuerName,
    aud: clientAudience,
    sub: 'client-1',
    jti: randomUUID(),
    iat: seconds() - 60,
    exp: seconds() + 3600,
    scope: 'read write',
    ...changes,
  }
}
