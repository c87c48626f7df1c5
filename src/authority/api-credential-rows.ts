import type { ApiCredentialRow } from './api-client-finder.ts'
import { readList } from './api-clients.ts'
import type { Queries } from './gateway-rows.ts'
import { found, invalidData, type Answer, type Members, type Outcome } from './outcome.ts'
import { isoTime, isoTimeOrAbsent, selfLink } from './shown.ts'
import type { AuthoritySettings } from './settings.ts'

/** The API credentials of an organization that are there, the oldest first. */
export function liveApiCredentials(db: Queries, organizationId: string) {
  return db
    .selectFrom('apiCredentials')
    .selectAll()
    .where('organizationId', '=', organizationId)
    .where('deletedAt', 'is', null)
    .orderBy('createdAt')
    .orderBy('id')
}

/** Where the API credentials of an organization are found. */
export function apiCredentialsUrl(
  { publicUrl }: Pick<AuthoritySettings, 'publicUrl'>,
  organizationId: string,
): string {
  return `${publicUrl}/v1/organizations/${organizationId}/apiCredentials`
}

/** An API credential as it is shown; a previous secret that has ended is not there any more. */
export function showApiCredential(url: string, row: ApiCredentialRow, now: number): Members {
  const { previousExpiresAt, previousLastUsedAt, previousUseCount } = row
  const overlap = previousExpiresAt !== null && previousExpiresAt > now
  return {
    _links: selfLink(`${url}/${row.id}`),
    id: row.id,
    name: row.name,
    clientId: row.clientId,
    audience: row.audience,
    primary: row.isPrimary === 1,
    scopes: readList(row.scopes),
    allowedAddresses: readList(row.allowedAddresses),
    createdAt: isoTime(row.createdAt),
    rotatedAt: isoTimeOrAbsent(row.rotatedAt),
    lastUsedAt: isoTimeOrAbsent(row.lastUsedAt),
    previousSecretExpiresAt: overlap ? isoTime(previousExpiresAt) : undefined,
    previousSecretLastUsedAt: isoTimeOrAbsent(previousLastUsedAt),
    previousSecretUses: row.rotatedAt === null ? undefined : previousUseCount,
  }
}

/** What ends the tokens of a client: a tombstone, or a generation that they are below. */
export function clientState({ clientId, generation }: ApiCredentialRow, deleted: boolean) {
  return { kind: 'client-state', clientId, deleted, generation } as const
}

/** Answers with an API credential, once verifiers have applied what ends its tokens. */
export function answerChanged(facts: Members, revision: number | undefined, id: string): Answer {
  const wait =
    revision === undefined ? undefined : { revision, environmentId: undefined, target: id }
  return { ...found(facts), wait }
}

/** Another API credential of the organization has the name. */
export async function refusalOfName(
  db: Queries,
  { organizationId, name, id }: Pick<ApiCredentialRow, 'organizationId' | 'name' | 'id'>,
): Promise<Outcome | undefined> {
  const taken = await liveApiCredentials(db, organizationId)
    .where('name', '=', name)
    .where('id', '!=', id)
    .executeTakeFirst()
  if (!taken) return undefined
  return invalidData({
    code: 'UNIQUENESS_VIOLATION',
    target: 'name',
    message: 'is already in use',
  })
}
