import { randomUUID } from 'node:crypto'
import type { GatewayCredentialClaims } from '../credential/claims.ts'
import { mintGatewayCredential } from '../credential/mint.ts'
import { epochSeconds } from '../credential/time.ts'
import { canonicalJson } from '../store/hash-chain.ts'
import type { Schema } from '../store/schema.ts'
import type { WriteTransaction } from '../store/store.ts'
import type { Members } from './outcome.ts'
import type { Parts } from './parts.ts'
import type { AuthoritySettings } from './settings.ts'
import { isoTime, selfLink } from './shown.ts'
import { takePlace } from './status-places.ts'

/** The gateway that a credential is for, with all that its claims name. */
export interface IssueFor {
  readonly gatewayId: string
  readonly gatewayName: string
  readonly gatewayType: string
  readonly environmentId: string
  readonly environmentName: string
  readonly organizationId: string
  readonly organizationName: string
}

/** A credential that was signed but is not kept yet; the token is nowhere else. */
export interface Issued {
  readonly row: Schema['credentials']
  readonly token: string
}

/** The key that signed was retired before the credential was kept. */
class KeyGone extends Error {
  override readonly name = 'KeyGone'
}

const attemptsMax = 3

/** Signs a credential, outside of any transaction. */
async function issueCredential(parts: Parts, to: IssueFor): Promise<Issued> {
  const { settings, keys, clock } = parts
  const signer = keys.signer()
  const issuedAt = clock.wall()
  const id = randomUUID()
  const status = settings.credentials.statusList
    ? await takePlace(parts.store, settings.publicUrl, id)
    : {}
  const claims = { ...claimsOf(settings, to, { id, issuedAt }), ...status }
  const token = await mintGatewayCredential(claims, signer)
  const row = {
    id,
    gatewayId: to.gatewayId,
    environmentId: to.environmentId,
    issuer: claims.iss,
    kid: signer.kid,
    issuedAt,
    facts: canonicalJson({ ...claims }),
    revokedAt: null,
    revokedRevision: null,
    lastUsedAt: null,
    useCount: 0,
  }
  return { row, token }
}

/** Signs a credential and gives it to who keeps it; again with another key, should this one be retired meanwhile. */
export async function withCredential<T>(
  parts: Parts,
  to: IssueFor,
  keep: (issued: Issued) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await keep(await issueCredential(parts, to))
    } catch (error) {
      if (!(error instanceof KeyGone) || attempt === attemptsMax) throw error
      await parts.keys.reload()
    }
  }
}

/** Keeps a credential, if its key still signs. */
export async function keepCredential(db: WriteTransaction['db'], { row }: Issued): Promise<void> {
  const key = await db
    .selectFrom('signingKeys')
    .select('state')
    .where('kid', '=', row.kid)
    .executeTakeFirst()
  if (key?.state !== 'active') throw new KeyGone('the signing key has been retired')
  await db.insertInto('credentials').values(row).execute()
}

/** A new credential as it is shown, without and with what is shown once. */
export function newCredential(settings: AuthoritySettings, { row, token }: Issued) {
  const { environmentId, gatewayId, id } = row
  const path = `/v1/environments/${environmentId}/gateways/${gatewayId}/credentials/${id}`
  const facts: Members = {
    _links: selfLink(`${settings.publicUrl}${path}`),
    id,
    createdAt: isoTime(row.issuedAt),
    httpAccessApiUrl: settings.verifierUrl,
  }
  return { facts, shownOnce: { ...facts, credential: token, token } }
}

function claimsOf(
  settings: AuthoritySettings,
  to: IssueFor,
  { id, issuedAt }: { readonly id: string; readonly issuedAt: number },
): GatewayCredentialClaims {
  const { publicUrl, verifierUrl, credentials } = settings
  const { region, targetGeography, targetClusterEnvironment } = settings
  return {
    iss: credentials.issuer,
    aud: credentials.audience,
    jti: id,
    iat: epochSeconds(Math.floor(issuedAt / 1000)),
    authUrl: publicUrl,
    consoleUrl: `${publicUrl}/console/`,
    apiUrl: publicUrl,
    httpAccessApiUrl: verifierUrl,
    ...to,
    region,
    targetClusterEnvironment,
    targetGeography,
  }
}
