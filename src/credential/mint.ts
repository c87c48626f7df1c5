import { SignJWT, type JWTPayload } from 'jose'
import type { KeyObject } from 'node:crypto'
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

function mint(claims: JWTPayload, key: SigningKey, typ: string): Promise<string> {
  const header = { alg: key.algorithm, kid: key.kid, typ }
  return new SignJWT(claims).setProtectedHeader(header).sign(key.privateKey)
}
