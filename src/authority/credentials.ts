import type { Schema } from '../store/schema.ts'
import type { Reader, WriteTransaction } from '../store/store.ts'
import { keepCredential, newCredential, withCredential, type Issued } from './credential-issue.ts'
import { findIssueFor, gatewayUrl, type Queries } from './gateway-rows.ts'
import { operations } from './operations.ts'
import {
  created,
  found,
  gone,
  invalidData,
  notFound,
  type Members,
  type Outcome,
} from './outcome.ts'
import { wholeList } from './pages.ts'
import type { Parts } from './parts.ts'
import { bind, type Call, type Route } from './route.ts'
import { isoTime, isoTimeOrAbsent, selfLink } from './shown.ts'

type CredentialRow = Schema['credentials']
type CredentialCall = Pick<Call, 'caller' | 'id' | 'once'>

/** Within this time a credential counts as being in use. */
const recentMs = 15 * 60 * 1000
const sourcesShown = 20

/** Credentials of a gateway: list, create, read, revoke. */
export function createCredentialRoutes(parts: Parts): readonly Route[] {
  return [
    bind(operations.listCredentials, (call) => listCredentials(parts, call)),
    bind(operations.createCredential, (call) => createCredential(parts, call)),
    bind(operations.readCredential, (call) => readCredential(parts, call)),
    bind(operations.deleteCredential, (call) => deleteCredential(parts, call)),
  ]
}

/** With its key, a credential has ended as if it had been revoked. */
function liveCredentials(db: Queries, gatewayId: string) {
  return db
    .selectFrom('credentials')
    .selectAll()
    .where('gatewayId', '=', gatewayId)
    .where('revokedAt', 'is', null)
    .where('kid', 'in', (eb) =>
      eb.selectFrom('signingKeys').select('kid').where('state', '!=', 'retired'),
    )
    .orderBy('issuedAt')
    .orderBy('id')
}

async function listCredentials(parts: Parts, call: CredentialCall): Promise<Outcome> {
  const [environmentId, gatewayId] = [call.id('environmentId'), call.id('gatewayId')]
  const read = await parts.store.read(async (db) => {
    const [gateway, rows] = await Promise.all([
      findIssueFor(db, environmentId, gatewayId),
      liveCredentials(db, gatewayId).execute(),
    ])
    const ids = rows.map(({ id }) => id)
    return { gateway, rows, sources: await readSources(db, ids) }
  })
  if (!read.gateway) return notFound()
  const url = urlOf(parts, environmentId, gatewayId)
  const elements = read.rows.map((row) => showCredential(url, row, read.sources.get(row.id) ?? []))
  return found(wholeList(url, 'credentials', elements))
}

async function readCredential(parts: Parts, call: CredentialCall): Promise<Outcome> {
  const [environmentId, gatewayId] = [call.id('environmentId'), call.id('gatewayId')]
  const id = call.id('credentialId')
  const { gateway, row, sources } = await parts.store.read(async (db) => {
    const [issueFor, one, used] = await Promise.all([
      findIssueFor(db, environmentId, gatewayId),
      liveCredentials(db, gatewayId).where('id', '=', id).executeTakeFirst(),
      readSources(db, [id]),
    ])
    return { gateway: issueFor, row: one, sources: used.get(id) ?? [] }
  })
  if (!gateway || !row) return notFound()
  return found(showCredential(urlOf(parts, environmentId, gatewayId), row, sources))
}

type SourceRow = Schema['credentialSources']

async function readSources(
  db: Reader,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly SourceRow[]>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('credentialSources')
    .selectAll()
    .where('credentialId', 'in', ids)
    .orderBy('lastAt', 'desc')
    .orderBy('source')
    .execute()
  return Map.groupBy(rows, ({ credentialId }) => credentialId)
}

function urlOf({ settings }: Parts, environmentId: string, gatewayId: string): string {
  return `${gatewayUrl(settings, environmentId, gatewayId)}/credentials`
}

function showCredential(
  url: string,
  { id, issuedAt, lastUsedAt, useCount }: CredentialRow,
  sources: readonly SourceRow[],
): Members {
  return {
    _links: selfLink(`${url}/${id}`),
    id,
    createdAt: isoTime(issuedAt),
    lastUsedAt: isoTimeOrAbsent(lastUsedAt),
    uses: useCount,
    sources: sources.slice(0, sourcesShown).map(({ source, lastAt, count }) => ({
      source,
      lastUsedAt: isoTime(lastAt),
      uses: count,
    })),
  }
}

async function createCredential(parts: Parts, call: CredentialCall): Promise<Outcome> {
  const [environmentId, gatewayId] = [call.id('environmentId'), call.id('gatewayId')]
  const issueFor = await parts.store.read((db) => findIssueFor(db, environmentId, gatewayId))
  if (!issueFor) return notFound()
  return withCredential(parts, issueFor, (issued) =>
    parts.write(call, async (db, book) => {
      if (!(await findIssueFor(db, environmentId, gatewayId))) return notFound()
      const refusal = await refusalOverCap(parts, db, gatewayId)
      if (refusal) return refusal
      await keepCredential(db, issued)
      const whose = { organizationId: issueFor.organizationId, environmentId }
      const deed = { action: 'credential.create', target: issued.row.id, details: { gatewayId } }
      book.enter(deed, whose)
      return answerOf(parts, issued)
    }),
  )
}

function answerOf({ settings }: Parts, issued: Issued): Outcome {
  const { facts, shownOnce } = newCredential(settings, issued)
  return created(facts, shownOnce)
}

async function refusalOverCap(
  { settings }: Parts,
  db: WriteTransaction['db'],
  gatewayId: string,
): Promise<Outcome | undefined> {
  const { maxPerGateway } = settings.credentials
  const live = await liveCredentials(db, gatewayId).limit(maxPerGateway).execute()
  if (live.length < maxPerGateway) return undefined
  return invalidData({
    code: 'SIZE_LIMIT_EXCEEDED',
    target: 'credentials',
    message: `a gateway has ${maxPerGateway} credentials at the most`,
    innerError: { maximumValue: maxPerGateway },
  })
}

async function deleteCredential(parts: Parts, call: CredentialCall): Promise<Outcome> {
  const [environmentId, gatewayId] = [call.id('environmentId'), call.id('gatewayId')]
  const id = call.id('credentialId')
  const whose = { organizationId: call.caller.organizationId, environmentId }
  return parts.write(call, async (db, book) => {
    const [row, live, there] = await Promise.all([
      db
        .selectFrom('credentials')
        .selectAll()
        .where('id', '=', id)
        .where('gatewayId', '=', gatewayId)
        .where('environmentId', '=', environmentId)
        .executeTakeFirst(),
      liveCredentials(db, gatewayId).execute(),
      findIssueFor(db, environmentId, gatewayId),
    ])
    if (!row) return notFound()
    if (row.revokedRevision !== null) {
      const wait = { revision: row.revokedRevision, environmentId, target: id }
      return { ...notFound(), wait }
    }
    if (!there || live.every((one) => one.id !== id)) return notFound()
    const onlyUsed = isOnlyUsed(row, live, book.at)
    const { issuer, kid } = row
    const revoked = { issuer, jti: id, kid, gatewayId, environmentId, exp: undefined }
    const revision = book.change({ kind: 'credential-revoked', ...revoked }, whose)
    const changed = { revokedAt: book.at, revokedRevision: revision }
    await db.updateTable('credentials').set(changed).where('id', '=', id).execute()
    const details = { gatewayId, onlyUsed }
    book.enter({ action: 'credential.revoke', target: id, revision, details }, whose)
    const warning = onlyUsed ? { 'warder-warning': 'only-credential-in-use' } : {}
    return gone({ revision, environmentId, target: id }, warning)
  })
}

function isOnlyUsed(row: CredentialRow, live: readonly CredentialRow[], now: number): boolean {
  const used = live.filter(({ lastUsedAt }) => lastUsedAt !== null && now - lastUsedAt < recentMs)
  return used.length === 1 && used[0]?.id === row.id
}
