// What ended a credential, its gateway, its environment or its key: who did it, and when, as the audit has it.

import { parseCompact } from '../credential/compact.ts'
import type { TokenExplanation } from '../decision/explain.ts'
import type { Reason } from '../decision/reasons.ts'
import type { Reader } from '../store/store.ts'
import { isWellFormed } from './operation.ts'

/** An end, and whose doing it was. */
export interface End {
  /** What happened, as a sentence begins: `revoked`. */
  readonly what: string
  /** The administrator's name, or who else acted. */
  readonly by: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly revision: number | null
}

interface Names {
  readonly kid: string | undefined
  readonly jti: string | undefined
  readonly gatewayId: string | undefined
  readonly environmentId: string | undefined
  /** The id of the API credential, which is not the client's. */
  readonly apiCredentialId: string | undefined
}

interface Deed {
  readonly what: string
  /** Which of the names the audit has it under. */
  readonly of: keyof Names
  readonly actions: readonly string[]
}

/** The deeds by the reason that they give. */
const deeds: Partial<Readonly<Record<Reason, Deed>>> = {
  'credential-revoked': {
    what: 'revoked',
    of: 'jti',
    actions: ['credential.revoke', 'token.revoke'],
  },
  'gateway-disabled': {
    what: 'its gateway was disabled',
    of: 'gatewayId',
    actions: ['gateway.update', 'gateway.create'],
  },
  'gateway-deleted': {
    what: 'its gateway was deleted',
    of: 'gatewayId',
    actions: ['gateway.delete'],
  },
  'environment-disabled': {
    what: 'its environment was disabled',
    of: 'environmentId',
    actions: ['environment.update', 'environment.create'],
  },
  'client-deleted': {
    what: 'its API credential was deleted',
    of: 'apiCredentialId',
    actions: ['apiCredential.delete'],
  },
  'tokens-revoked': {
    what: 'the tokens of its API credential were ended',
    of: 'apiCredentialId',
    actions: ['apiCredential.rotate', 'apiCredential.update'],
  },
  'key-unknown': { what: 'its key was retired', of: 'kid', actions: ['key.retire'] },
}

/** Finds what made a token be refused, where somebody did. */
export async function endOf(
  db: Reader,
  { reason, proof }: Pick<TokenExplanation, 'reason' | 'proof'>,
  token: string,
): Promise<End | undefined> {
  const gateway = proof?.kind === 'gateway' ? proof.gateway : undefined
  const names: Names = {
    kid: kidOf(token),
    jti: proof?.jti,
    gatewayId: gateway?.id,
    environmentId: gateway?.environmentId,
    apiCredentialId: proof?.kind === 'client' ? await rowOf(db, proof.client.id) : undefined,
  }
  return endFor(db, reason, names)
}

/** Who was refused, as a verifier has noted it. */
export interface Refused {
  readonly reason: Reason
  readonly credentialId: string | undefined
  readonly gatewayId: string | undefined
  readonly environmentId: string | undefined
  readonly clientId: string | undefined
}

/** Finds what made a verifier refuse, where somebody did; of the key of a refusal nothing is noted. */
export async function endOfRefusal(db: Reader, refused: Refused): Promise<End | undefined> {
  const { reason, credentialId, gatewayId, environmentId, clientId } = refused
  const apiCredentialId = clientId === undefined ? undefined : await rowOf(db, clientId)
  const names = { kid: undefined, jti: credentialId, gatewayId, environmentId, apiCredentialId }
  return endFor(db, reason, names)
}

async function endFor(db: Reader, reason: Reason, names: Names): Promise<End | undefined> {
  const deed = deeds[reason]
  const target = deed && names[deed.of]
  return deed && target !== undefined ? find(db, deed, target) : undefined
}

async function rowOf(db: Reader, clientId: string): Promise<string | undefined> {
  const row = db.selectFrom('apiCredentials').select('id').where('clientId', '=', clientId)
  return (await row.executeTakeFirst())?.id
}

function kidOf(token: string): string | undefined {
  const compact = parseCompact(token)
  const kid = typeof compact === 'string' ? undefined : compact.header['kid']
  return typeof kid === 'string' && isWellFormed('kid', kid) ? kid : undefined
}

/** The last deed of this kind that verifiers were told of. */
async function find(db: Reader, { what, actions }: Deed, target: string): Promise<End | undefined> {
  const entry = await db
    .selectFrom('audit')
    .select(['at', 'actor', 'revision'])
    .where('action', 'in', actions)
    .where('target', '=', target)
    .where('revision', 'is not', null)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (!entry) return undefined
  const administrator = await db
    .selectFrom('administrators')
    .select('name')
    .where('id', '=', entry.actor)
    .executeTakeFirst()
  return { what, by: administrator?.name ?? entry.actor, at: entry.at, revision: entry.revision }
}
