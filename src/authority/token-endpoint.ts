import { randomUUID } from 'node:crypto'
import { mintAdministratorToken } from '../credential/mint.ts'
import { epochSeconds } from '../credential/time.ts'
import type { Schema } from '../store/schema.ts'
import type { Background } from './background.ts'
import { readBasic } from './basic-credentials.ts'
import type { FailedAccess } from './failed-access.ts'
import type { Queries } from './gateway-rows.ts'
import type { GuessLimit } from './guess-limit.ts'
import { isWellFormed } from './operation.ts'
import { operations } from './operations.ts'
import { found, limited, oauthRefusal, type Outcome } from './outcome.ts'
import type { Parts } from './parts.ts'
import { bindOpen, type RawCall, type Route } from './route.ts'
import { managementAudience } from './settings.ts'

/** What the token endpoint works with besides. */
export interface TokenParts extends Parts {
  readonly limit: GuessLimit
  readonly background: Background
  readonly onFailed: (failed: FailedAccess) => void
}

const lifetimeSeconds = 15 * 60
const touchedMs = 60_000

/** The endpoint where administrators buy their tokens. */
export function createTokenRoutes(parts: TokenParts): readonly Route[] {
  return [bindOpen(operations.issueToken, (raw) => issueToken(parts, raw))]
}

async function issueToken(parts: TokenParts, raw: RawCall): Promise<Outcome> {
  const { limit, onFailed } = parts
  const basic = readBasic(raw.authorization)
  const refusal = refusalOfForm(raw, basic !== undefined)
  if (refusal) return refusal
  if (!basic) return badClient()
  const environmentId = environmentOf(raw)
  const { row, environment } = await parts.store.read((db) =>
    findClient(db, basic.clientId, environmentId),
  )
  const known = parts.secrets.matches(row, basic.secret)
  // Who has the secret is never told to wait: nobody can keep an administrator out by guessing beside it.
  if (!known || !row || !mayUse(row, environment)) {
    const wait = limit.attempt(basic.clientId, raw.source)
    if (wait > 0) return limited(wait)
    const organizationId = row?.organizationId ?? null
    const failed = { actor: row?.id ?? 'unknown', organizationId, environmentId: null }
    onFailed({ action: 'token.refused', target: environmentId, source: raw.source, ...failed })
    return badClient()
  }
  touch(parts, row)
  return found({
    access_token: await mint(parts, row),
    token_type: 'Bearer',
    expires_in: lifetimeSeconds,
  })
}

function environmentOf({ parameters }: RawCall): string {
  const asked = parameters.get('environmentId')
  return asked !== undefined && isWellFormed('environmentId', asked) ? asked : 'unknown'
}

function refusalOfForm({ authorization, body = {} }: RawCall, basic: boolean): Outcome | undefined {
  const inBody = 'client_secret' in body || 'client_assertion' in body
  if (inBody && authorization.length > 0) {
    return oauthRefusal(400, 'invalid_request', 'More than one method of client authentication.')
  }
  if (inBody) return badClient('Unsupported authentication method.')
  if (!basic && authorization.length > 1) {
    return oauthRefusal(400, 'invalid_request', 'More than one method of client authentication.')
  }
  const { grant_type: grantType, scope } = body
  if (grantType === undefined) {
    return oauthRefusal(400, 'invalid_request', 'Missing required parameter: grant_type.')
  }
  if (grantType !== 'client_credentials') {
    return oauthRefusal(400, 'unsupported_grant_type', 'The grant type is not supported.')
  }
  return scope === undefined
    ? undefined
    : oauthRefusal(400, 'invalid_scope', 'Administrators have roles, not scopes.')
}

function badClient(description = 'Client authentication failed.'): Outcome {
  const headers = { 'www-authenticate': 'Basic realm="warder"' }
  return oauthRefusal(401, 'invalid_client', description, headers)
}

type AdministratorRow = Schema['administrators']

async function findClient(db: Queries, clientId: string, environmentId: string) {
  const [row, environment] = await Promise.all([
    db
      .selectFrom('administrators')
      .selectAll()
      .where('clientId', '=', clientId)
      .where('revokedAt', 'is', null)
      .executeTakeFirst(),
    db
      .selectFrom('environments')
      .select(['id', 'organizationId'])
      .where('id', '=', environmentId)
      .where('deletedAt', 'is', null)
      .executeTakeFirst(),
  ])
  return { row, environment }
}

function mayUse(
  row: AdministratorRow,
  environment: { readonly id: string; readonly organizationId: string } | undefined,
): boolean {
  const own = row.environmentId === null || row.environmentId === environment?.id
  return environment?.organizationId === row.organizationId && own
}

async function mint({ clock, keys, settings }: Parts, row: AdministratorRow): Promise<string> {
  const { id, role, organizationId, environmentId } = row
  const now = Math.floor(clock.wall() / 1000)
  const bound = environmentId === null ? {} : { environmentId }
  return mintAdministratorToken(
    {
      iss: settings.credentials.issuer,
      aud: managementAudience(settings),
      jti: randomUUID(),
      iat: epochSeconds(now),
      exp: epochSeconds(now + lifetimeSeconds),
      sub: id,
      roles: [{ role, organizationId, ...bound }],
    },
    keys.signer(),
  )
}

/** Notes that an administrator was here, once a minute at the most. */
function touch({ background, clock }: TokenParts, { id, lastUsedAt }: AdministratorRow): void {
  const now = Math.floor(clock.wall() / 1000) * 1000
  if (lastUsedAt !== null && now - lastUsedAt < touchedMs) return
  background.write(({ db }) =>
    db.updateTable('administrators').set({ lastUsedAt: now }).where('id', '=', id).execute(),
  )
}
