// Where clients of the API buy access tokens, and look whether one still counts:
//
//   POST /v2/oauth/token        grant_type client_id client_secret audience [scope], as a form, as JSON, or with Basic
//   GET  /v2/oauth/token/test   Authorization: Bearer …
//
// Errors have exactly the two members of RFC 6749; a client that is not who it says gets `access_denied`.

import { randomUUID } from 'node:crypto'
import { parseCompact } from '../credential/compact.ts'
import { mintAccessToken } from '../credential/mint.ts'
import { epochSeconds } from '../credential/time.ts'
import { bearerOf } from './access.ts'
import type { JudgeAccessToken } from './access-tokens.ts'
import { readClient, type ApiClient, type ApiClients } from './api-clients.ts'
import { operations } from './operations.ts'
import { found, limited, oauthRefusal, type Outcome, type Plain, type Refusal } from './outcome.ts'
import type { Parts } from './parts.ts'
import { bindOpen, type RawCall, type Route } from './route.ts'

/** What the endpoint works with besides. */
export interface ApiTokenParts extends Pick<Parts, 'clock' | 'keys' | 'settings'> {
  readonly clients: ApiClients
  readonly judgeAccessToken: JudgeAccessToken
}

/** The endpoints of clients of the API. */
export function createApiTokenRoutes(parts: ApiTokenParts): readonly Route[] {
  return [
    bindOpen(operations.issueAccessToken, (raw) => issueAccessToken(parts, raw)),
    bindOpen(operations.testAccessToken, (raw) => testAccessToken(parts, raw)),
  ]
}

async function issueAccessToken(parts: ApiTokenParts, raw: RawCall): Promise<Outcome> {
  const asked = readGrant(raw)
  if ('kind' in asked) return asked
  const shown = readClient(raw)
  if (shown.kind === 'refusal') return shown
  if (shown.kind === 'missing') return missing(shown.parameter)
  if (shown.kind === 'unreadable') return unauthorized()
  if (asked.audience === undefined) return missing('audience')
  const authentication = await parts.clients.authenticate(shown.shown, raw.source)
  switch (authentication.kind) {
    case 'limited':
      return limited(authentication.seconds)
    case 'refused':
      return unauthorized()
    case 'client':
      return grant(parts, authentication.client, { ...asked, audience: asked.audience })
  }
}

interface Grant {
  readonly audience: string | undefined
  readonly scope: string | undefined
}

function readGrant({ body = {} }: RawCall): Grant | Refusal {
  const { grant_type: type, audience, scope } = body
  if (type === undefined) return missing('grant_type')
  if (type !== 'client_credentials') {
    return oauthRefusal(400, 'unsupported_grant_type', 'The grant type is not supported')
  }
  const texts =
    (audience === undefined || typeof audience === 'string') &&
    (scope === undefined || typeof scope === 'string')
  return texts
    ? { audience, scope }
    : oauthRefusal(400, 'invalid_request', 'audience and scope must be text')
}

function missing(parameter: string): Refusal {
  return oauthRefusal(400, 'invalid_request', `Missing required parameter: ${parameter}`)
}

function unauthorized(): Refusal {
  const headers = { 'www-authenticate': 'Basic realm="warder"' }
  return oauthRefusal(401, 'access_denied', 'Unauthorized', headers)
}

async function grant(
  parts: ApiTokenParts,
  client: ApiClient,
  { audience, scope }: Grant & { readonly audience: string },
): Promise<Outcome> {
  if (audience !== client.audience) {
    const shown = audience.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?').slice(0, 256)
    return oauthRefusal(403, 'access_denied', `Service not enabled within domain: ${shown}`)
  }
  const scopes = grantedScopes(client, scope)
  if (scopes === undefined)
    return oauthRefusal(400, 'invalid_scope', 'A scope is not granted to this client')
  return found({
    access_token: await mint(parts, client, scopes),
    scope: scopes,
    expires_in: lifetimeSeconds(parts),
    token_type: 'Bearer',
  })
}

/** All that the client has, or those of them that it asks for by name. */
function grantedScopes({ scopes }: ApiClient, asked: string | undefined): string | undefined {
  const names = new Set(asked?.split(' ').filter((name) => name !== ''))
  if (names.size === 0) return scopes.join(' ')
  const granted = scopes.filter((scope) => names.has(scope))
  return granted.length === names.size ? granted.join(' ') : undefined
}

function lifetimeSeconds({ settings }: ApiTokenParts): number {
  return Math.floor(settings.oauth.accessTokenLifetimeMs / 1000)
}

function mint(parts: ApiTokenParts, client: ApiClient, scope: string): Promise<string> {
  const { clock, keys, settings } = parts
  const { clientId, audience, generation, allowedAddresses } = client
  const now = Math.floor(clock.wall() / 1000)
  const bound = allowedAddresses.length === 0 ? {} : { allowed_addresses: allowedAddresses }
  return mintAccessToken(
    {
      iss: settings.credentials.issuer,
      aud: audience,
      jti: randomUUID(),
      iat: epochSeconds(now),
      exp: epochSeconds(now + lifetimeSeconds(parts)),
      sub: clientId,
      client_id: clientId,
      scope,
      gen: generation,
      ...bound,
    },
    keys.signer(),
  )
}

async function testAccessToken(parts: ApiTokenParts, raw: RawCall): Promise<Plain> {
  const token = bearerOf(raw.authorization)
  if (token === undefined || typeof parseCompact(token) === 'string') {
    const text = 'Invalid Request parameters [Invalid bearer authentication token]'
    return plain(400, 'text/plain; charset=utf-8', text)
  }
  const proof = await parts.judgeAccessToken(token, raw.source)
  if (proof?.expiresAt === undefined) {
    const headers = { 'www-authenticate': 'Bearer error="invalid_token"' }
    return { ...plain(401, undefined, ''), headers }
  }
  const left = Math.max(0, Math.floor(proof.expiresAt - parts.clock.wall() / 1000))
  const said = [{ message: 'token_ok', seconds_to_expiry: left }]
  return plain(200, 'application/json', JSON.stringify(said))
}

function plain(status: number, contentType: string | undefined, text: string): Plain {
  return { kind: 'plain', status, headers: {}, contentType, text }
}
