import { sign, type KeyObject } from 'node:crypto'
import type { Algorithm } from './algorithm.ts'
import {
  ownTypes,
  type AccessTokenClaims,
  type AdministratorClaims,
  type GatewayCredentialClaims,
  type StatusClaims,
  type StatusListClaims,
} from './claims.ts'

/** A private key of this installation. */
export interface SigningKey {
  readonly kid: string
  readonly algorithm: Algorithm
  readonly privateKey: KeyObject
}

/** Signs a gateway credential. */
export function mintGatewayCredential(
  claims: GatewayCredentialClaims & StatusClaims,
  key: SigningKey,
): Promise<string> {
  return mint({ ...claims }, key, ownTypes.gateway)
}

/** Signs an access token. */
export function mintAccessToken(claims: AccessTokenClaims, key: SigningKey): Promise<string> {
  return mint({ ...claims }, key, ownTypes.client)
}

/** Signs an administrator's token. */
export function mintAdministratorToken(
  claims: AdministratorClaims,
  key: SigningKey,
): Promise<string> {
  return mint({ ...claims }, key, ownTypes.administrator)
}

/** Signs a Token Status List. */
export function mintStatusList(claims: StatusListClaims, key: SigningKey): Promise<string> {
  return mint({ ...claims }, key, 'statuslist+jwt')
}

async function mint(claims: object, key: SigningKey, typ: string): Promise<string> {
  const header = { alg: key.algorithm, kid: key.kid, typ }
  const signed = `${encode(header)}.${encode(claims)}`
  const signature = await signatureOf(signed, key)
  return `${signed}.${signature.toString('base64url')}`
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

/** Signs on the thread pool, whatever the key: an RSA signature takes longer than the event loop has for one thing. */
function signatureOf(signed: string, { algorithm, privateKey }: SigningKey): Promise<Buffer> {
  const digest = algorithm === 'EdDSA' ? null : 'sha256'
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
  return new Promise((resolve, reject) => {
    sign(digest, Buffer.from(signed), key, (error, signature) => {
      if (error) reject(error)
      else resolve(signature)
    })
  })
}
