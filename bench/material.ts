// What every target is measured with: keys, distinct live tokens, and ids that are revoked.

import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT } from 'jose'

/** The algorithms that are measured; the number is the size of an RSA key. */
export const algorithms = ['RS256-2048', 'RS256-3072', 'ES256', 'EdDSA'] as const

/** An algorithm with its key size. */
export type Algorithm = (typeof algorithms)[number]

/** What a target's tokens are made with. */
export interface TokenKind {
  readonly algorithm: Algorithm
  /** Gateway credentials carry no `exp`; peers that insist on one get it. */
  readonly expires: boolean
}

/** A set of live tokens and the files that a verifier needs to judge them. */
export interface Material {
  readonly tokens: readonly string[]
  readonly publicPem: string
  readonly jwks: string
}

interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** Who issues every token. */
export const issuer = 'https://authority.example.com'
/** Whom every token is for. */
export const audience = 'https://policy.example.com'
const keyMakers: Readonly<Record<Algorithm, () => KeyPair>> = {
  'RS256-2048': () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'RS256-3072': () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
}
const keys = new Map<Algorithm, KeyPair>()

/** The JOSE name of an algorithm. */
export function joseName(algorithm: Algorithm): string {
  return algorithm.split('-')[0] ?? algorithm
}

/** The key pair of an algorithm, the same for a whole run. */
export function keyPair(algorithm: Algorithm): KeyPair {
  const pair = keys.get(algorithm) ?? keyMakers[algorithm]()
  keys.set(algorithm, pair)
  return pair
}

/** Signs distinct gateway credentials with the documented claims. */
export async function signTokens(kind: TokenKind, count: number): Promise<readonly string[]> {
  const { privateKey } = keyPair(kind.algorithm)
  const header = {
    alg: joseName(kind.algorithm),
    kid: kidOf(kind.algorithm),
    typ: 'gateway-credential+jwt',
  }
  const now = Math.floor(Date.now() / 1000)
  const expiry = kind.expires ? { exp: now + 86_400 } : {}
  return Promise.all(
    Array.from({ length: count }, async (_, index) =>
      new SignJWT({ ...claims(index, now), ...expiry }).setProtectedHeader(header).sign(privateKey),
    ),
  )
}

/** The JWK set that verifies an algorithm's tokens. */
export function publicKeySet(algorithm: Algorithm) {
  const { kty, n, e, crv, x, y } = keyPair(algorithm).publicKey.export({ format: 'jwk' })
  const members = { kty, n, e, crv, x, y, kid: kidOf(algorithm), alg: joseName(algorithm) }
  const present = Object.entries({ ...members, use: 'sig' }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  return { keys: [Object.fromEntries(present)] }
}

/** Makes tokens of one kind and writes the files that verify them into a folder. */
export async function makeMaterial(
  folder: string,
  kind: TokenKind,
  count: number,
): Promise<Material> {
  const { publicKey } = keyPair(kind.algorithm)
  const base = join(folder, `${kind.algorithm}${kind.expires ? '-exp' : ''}`)
  mkdirSync(base)
  const [publicPem, jwks] = [join(base, 'public.pem'), join(base, 'jwks.json')]
  writeFileSync(publicPem, publicKey.export({ format: 'pem', type: 'spki' }))
  writeFileSync(jwks, JSON.stringify(publicKeySet(kind.algorithm)))
  return { tokens: await signTokens(kind, count), publicPem, jwks }
}

/** Writes a list of revoked ids, one a line, none of which any token carries. */
export function writeRevoked(folder: string, count: number): string {
  const path = join(folder, `revoked-${count}.lst`)
  const lines = Array.from({ length: count }, () => `${randomUUID()}\n`)
  writeFileSync(path, ['# revoked ids\n', ...lines].join(''))
  return path
}

function kidOf(algorithm: Algorithm): string {
  return `bench-${algorithm.toLowerCase()}`
}

function claims(index: number, now: number): Record<string, string | number> {
  return {
    iss: issuer,
    aud: audience,
    jti: randomUUID(),
    iat: now - index,
    authUrl: 'https://auth.example.com',
    consoleUrl: 'https://console.example.com',
    apiUrl: 'https://api.example.com',
    httpAccessApiUrl: 'https://http-access-api.example.com/v1/environments',
    environmentId: randomUUID(),
    environmentName: 'Production',
    gatewayId: randomUUID(),
    gatewayName: `orders-gateway-${index}`,
    gatewayType: 'API_GATEWAY_INTEGRATION',
    organizationId: randomUUID(),
    organizationName: 'Example Incorporated',
    region: 'local',
    targetClusterEnvironment: 'default',
    targetGeography: 'NA',
  }
}
