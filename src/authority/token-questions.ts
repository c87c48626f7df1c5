// What clients of the API may ask about tokens, and end:
//
//   POST /oauth/introspect   RFC 7662: whether a token of the client's organization counts
//   POST /oauth/revoke       RFC 7009: ends an access token that the client has bought itself
//
// Both want the client to show who it is. What is unknown, somebody else's or no token at all cannot be told apart.

import { printRange } from '../credential/address-range.ts'
import type { Store } from '../store/store.ts'
import { readClient, type ApiClient, type ApiClients } from './api-clients.ts'
import { openBook } from './book.ts'
import { operations } from './operations.ts'
import {
  found,
  limited,
  oauthRefusal,
  type Members,
  type Outcome,
  type Refusal,
} from './outcome.ts'
import type { Parts } from './parts.ts'
import { revokedAt } from './revoked-tokens.ts'
import { bindOpen, type RawCall, type Route } from './route.ts'
import type { Settle } from './settling.ts'
import type { JudgedToken, JudgeToken } from './token-judge.ts'

/** What the endpoints work with. */
export interface TokenQuestionParts extends Pick<Parts, 'clock'> {
  readonly store: Store
  readonly epoch: string
  readonly clients: ApiClients
  readonly judgeToken: JudgeToken
  readonly settle: Settle
}

/** How long after its end an entry is kept: longer than any verifier's leeway. */
const keptSeconds = 600

/** The endpoints that say of tokens whether they count, and end them. */
export function createTokenQuestionRoutes(parts: TokenQuestionParts): readonly Route[] {
  return [
    bindOpen(operations.introspectToken, (raw) =>
      withClient(parts, raw, (client, token) => introspect(parts, client, token)),
    ),
    bindOpen(operations.revokeToken, (raw) =>
      withClient(parts, raw, (client, token) => revoke(parts, client, token)),
    ),
  ]
}

async function withClient(
  { clients }: TokenQuestionParts,
  raw: RawCall,
  work: (client: ApiClient, token: string) => Promise<Outcome>,
): Promise<Outcome> {
  const shown = readClient(raw)
  if (shown.kind === 'refusal') return shown
  if (shown.kind !== 'shown') return badClient()
  const authentication = await clients.authenticate(shown.shown, raw.source)
  if (authentication.kind === 'limited') return limited(authentication.seconds)
  if (authentication.kind === 'refused') return badClient()
  const token = raw.body?.['token']
  return typeof token === 'string'
    ? work(authentication.client, token)
    : oauthRefusal(400, 'invalid_request', 'Missing required parameter: token')
}

function badClient(): Refusal {
  const headers = { 'www-authenticate': 'Basic realm="warder"' }
  return oauthRefusal(401, 'invalid_client', 'Client authentication failed.', headers)
}

async function introspect(
  { judgeToken }: TokenQuestionParts,
  { organizationId }: ApiClient,
  token: string,
): Promise<Outcome> {
  const judged = await judgeToken(token)
  const isOwn = judged?.organizationId === organizationId
  return found(judged?.counts && isOwn ? activeFacts(judged) : { active: false })
}

function activeFacts({ proof }: JudgedToken): Members {
  const { issuer: iss, jti, issuedAt: iat, expiresAt: exp } = proof
  const facts = { active: true, iss, jti, iat, ...(exp === undefined ? {} : { exp }) }
  if (proof.kind === 'gateway') {
    const { id, environmentId } = proof.gateway
    return { ...facts, sub: id, gatewayId: id, environmentId }
  }
  const { id, subject, scope, addresses } = proof.client
  // Who asks here is not where the token is used: whoever relies on the answer has to look at this, too.
  const bound = addresses && { allowed_addresses: addresses.map(printRange) }
  return { ...facts, ...bound, sub: subject, client_id: id, scope, token_type: 'Bearer' }
}

async function revoke(
  parts: TokenQuestionParts,
  client: ApiClient,
  token: string,
): Promise<Outcome> {
  const judged = await parts.judgeToken(token)
  const { proof } = judged ?? {}
  // A gateway credential is ended by who manages the gateway, and another client's token by that client.
  const isOwn = proof?.kind === 'client' && proof.client.id === client.clientId
  if (!judged || !isOwn) return found({})
  const revision = await write(parts, client, judged)
  if (revision === undefined) return found({})
  const wait = { revision, environmentId: undefined, target: judged.proof.jti }
  const by = { actor: client.clientId, organizationId: client.organizationId }
  return { ...found({}), headers: await parts.settle(wait, by) }
}

/** Writes it down, once; gives the revision that has to be applied, whoever wrote it. */
async function write(
  { store, clock, epoch }: TokenQuestionParts,
  { clientId, organizationId }: ApiClient,
  { proof }: JudgedToken,
): Promise<number | undefined> {
  const { issuer, jti, key, expiresAt: exp } = proof
  const { kid } = key
  if (kid === undefined || exp === undefined) return undefined
  return store.write(async (tx) => {
    const at = clock.wall()
    await tx.db
      .deleteFrom('revokedTokens')
      .where('expiresAt', '<', Math.floor(at / 1000) - keptSeconds)
      .execute()
    const before = await revokedAt(tx.db, issuer, jti)
    if (before !== undefined) return before
    const book = openBook(tx, { epoch, actor: clientId, at })
    const whose = { organizationId, environmentId: null }
    const revision = book.change({ kind: 'token-revoked', issuer, jti, kid, exp }, whose)
    const row = { issuer, jti, kid, organizationId, expiresAt: Math.ceil(exp), revision }
    await tx.db.insertInto('revokedTokens').values(row).execute()
    book.enter({ action: 'token.revoke', target: jti, revision }, whose)
    return revision
  })
}
