import { randomBytes, randomUUID } from 'node:crypto'
import type { Static } from 'typebox'
import { covers, rangeOf } from '../credential/address-range.ts'
import type { WriteTransaction } from '../store/store.ts'
import type { ApiCredentialRow } from './api-client-finder.ts'
import { readList } from './api-clients.ts'
import {
  answerChanged,
  apiCredentialsUrl,
  clientState,
  liveApiCredentials,
  refusalOfName,
  showApiCredential,
} from './api-credential-rows.ts'
import { createApiSecret } from './api-secret.ts'
import { operations } from './operations.ts'
import { created, found, gone, invalidData, notFound, type Outcome } from './outcome.ts'
import { wholeList } from './pages.ts'
import type { Parts } from './parts.ts'
import { bind, type Call, type Route } from './route.ts'
import type { apiCredentialChange, newApiCredential } from './schemas.ts'

type ApiCredentialCall = Pick<Call, 'caller' | 'id' | 'once'>
type Db = WriteTransaction['db']

/** API credentials of an organization: list, create, read, change, make primary, delete. */
export function createApiCredentialRoutes(parts: Parts): readonly Route[] {
  return [
    bind(operations.listApiCredentials, (call) => listApiCredentials(parts, call)),
    bind(operations.createApiCredential, (call) => createApiCredential(parts, call, call.body)),
    bind(operations.readApiCredential, (call) => readApiCredential(parts, call)),
    bind(operations.changeApiCredential, (call) => changeApiCredential(parts, call, call.body)),
    bind(operations.makeApiCredentialPrimary, (call) => makePrimary(parts, call)),
    bind(operations.deleteApiCredential, (call) => deleteApiCredential(parts, call)),
  ]
}

async function listApiCredentials(parts: Parts, { caller }: ApiCredentialCall): Promise<Outcome> {
  const { organizationId } = caller
  const rows = await parts.store.read((db) => liveApiCredentials(db, organizationId).execute())
  const url = apiCredentialsUrl(parts.settings, organizationId)
  const now = parts.clock.wall()
  const elements = rows.map((row) => showApiCredential(url, row, now))
  return found(wholeList(url, 'apiCredentials', elements))
}

async function readApiCredential(parts: Parts, call: ApiCredentialCall): Promise<Outcome> {
  const { organizationId } = call.caller
  const row = await parts.store.read((db) =>
    liveApiCredentials(db, organizationId)
      .where('id', '=', call.id('apiCredentialId'))
      .executeTakeFirst(),
  )
  if (!row) return notFound()
  const url = apiCredentialsUrl(parts.settings, organizationId)
  return found(showApiCredential(url, row, parts.clock.wall()))
}

async function createApiCredential(
  parts: Parts,
  call: ApiCredentialCall,
  { name, scopes = [], allowedAddresses = [] }: Static<typeof newApiCredential>,
): Promise<Outcome> {
  const wrong = refusalOfAddresses(allowedAddresses)
  if (wrong) return wrong
  const { organizationId } = call.caller
  const clientSecret = createApiSecret()
  const kept = parts.secrets.hash(clientSecret)
  return parts.write(call, async (db, book) => {
    // Writes happen one after another, over all authorities: what is counted here stays so until the row is in.
    const live = await liveApiCredentials(db, organizationId).execute()
    if (live.length >= parts.settings.oauth.maxPerOrganization) return full(parts)
    const id = randomUUID()
    const refusal = await refusalOfName(db, { organizationId, name, id })
    if (refusal) return refusal
    const row: ApiCredentialRow = {
      id,
      organizationId,
      // No form that ids of administrators have: nobody's `sub` is somebody else's.
      clientId: randomBytes(16).toString('hex'),
      name,
      isPrimary: live.length === 0 ? 1 : 0,
      audience: await audienceOf(db, organizationId),
      scopes: JSON.stringify(distinct(scopes)),
      allowedAddresses: JSON.stringify(distinct(allowedAddresses)),
      generation: 0,
      ...kept,
      ...noPrevious,
      createdAt: book.at,
      updatedAt: book.at,
      rotatedAt: null,
      lastUsedAt: null,
      deletedAt: null,
      deletedRevision: null,
    }
    await db.insertInto('apiCredentials').values(row).execute()
    const details = { name, clientId: row.clientId, scopes, allowedAddresses }
    book.enter({ action: 'apiCredential.create', target: id, details }, whole(organizationId))
    const facts = showApiCredential(apiCredentialsUrl(parts.settings, organizationId), row, book.at)
    return created(facts, { ...facts, clientSecret })
  })
}

const noPrevious = {
  previousSecretHash: null,
  previousPepper: null,
  previousExpiresAt: null,
  previousLastUsedAt: null,
  previousUseCount: 0,
}

function whole(organizationId: string) {
  return { organizationId, environmentId: null }
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)]
}

function full({ settings }: Parts): Outcome {
  const { maxPerOrganization } = settings.oauth
  return invalidData({
    code: 'SIZE_LIMIT_EXCEEDED',
    target: 'apiCredentials',
    message: `an organization has ${maxPerOrganization} API credentials at the most`,
    innerError: { maximumValue: maxPerOrganization },
  })
}

async function audienceOf(db: Db, organizationId: string): Promise<string> {
  const { audience } = await db
    .selectFrom('organizations')
    .select('audience')
    .where('id', '=', organizationId)
    .executeTakeFirstOrThrow()
  return audience
}

function refusalOfAddresses(list: readonly string[]): Outcome | undefined {
  const wrong = list.findIndex((text) => !rangeOf(text))
  if (wrong === -1) return undefined
  return invalidData({
    code: 'INVALID_VALUE',
    target: `allowedAddresses.${wrong}`,
    message: 'is not an address or a range of them, like 192.0.2.0/24 or 2001:db8::/32',
  })
}

async function changeApiCredential(
  parts: Parts,
  call: ApiCredentialCall,
  change: Static<typeof apiCredentialChange>,
): Promise<Outcome> {
  const wrong = refusalOfAddresses(change.allowedAddresses ?? [])
  if (wrong) return wrong
  const { organizationId } = call.caller
  return parts.write(call, async (db, book) => {
    const before = await findLive(db, call)
    if (!before) return notFound()
    const { name = before.name } = change
    const refusal = await refusalOfName(db, { organizationId, name, id: before.id })
    if (refusal) return refusal
    const scopes = distinct(change.scopes ?? readList(before.scopes))
    const allowedAddresses = distinct(change.allowedAddresses ?? readList(before.allowedAddresses))
    const narrower = isNarrower(before, { scopes, allowedAddresses })
    const row = {
      ...before,
      name,
      scopes: JSON.stringify(scopes),
      allowedAddresses: JSON.stringify(allowedAddresses),
      generation: before.generation + (narrower ? 1 : 0),
      updatedAt: book.at,
    }
    await db.updateTable('apiCredentials').set(row).where('id', '=', row.id).execute()
    const revision = narrower
      ? book.change(clientState(row, false), whole(organizationId))
      : undefined
    const details = { ...change, tokensEnded: narrower }
    const deed = { action: 'apiCredential.update', target: row.id, details }
    book.enter({ ...deed, revision: revision ?? null }, whole(organizationId))
    const url = apiCredentialsUrl(parts.settings, organizationId)
    return answerChanged(showApiCredential(url, row, book.at), revision, row.id)
  })
}

async function findLive(db: Db, call: ApiCredentialCall): Promise<ApiCredentialRow | undefined> {
  return liveApiCredentials(db, call.caller.organizationId)
    .where('id', '=', call.id('apiCredentialId'))
    .executeTakeFirst()
}

interface Bounds {
  readonly scopes: readonly string[]
  readonly allowedAddresses: readonly string[]
}

/** Whether something is taken away: tokens that are out say that it is still granted, and have to end. */
function isNarrower(before: ApiCredentialRow, after: Bounds): boolean {
  const scopes = new Set(after.scopes)
  if (readList(before.scopes).some((scope) => !scopes.has(scope))) return true
  if (after.allowedAddresses.length === 0) return false
  const ranges = after.allowedAddresses.flatMap((text) => rangeOf(text) ?? [])
  const allowed = readList(before.allowedAddresses)
  const kept = (text: string) => {
    const range = rangeOf(text)
    return range !== undefined && ranges.some((one) => covers(one, range))
  }
  return allowed.length === 0 || !allowed.every(kept)
}

async function makePrimary(parts: Parts, call: ApiCredentialCall): Promise<Outcome> {
  const { organizationId } = call.caller
  return parts.write(call, async (db, book) => {
    const before = await findLive(db, call)
    if (!before) return notFound()
    const row = { ...before, isPrimary: 1 } as const
    const all = db.updateTable('apiCredentials').where('organizationId', '=', organizationId)
    // The old mark first: never are there two.
    await all.where('id', '!=', row.id).where('isPrimary', '=', 1).set({ isPrimary: 0 }).execute()
    await all.where('id', '=', row.id).set({ isPrimary: 1 }).execute()
    const details = { name: row.name }
    book.enter({ action: 'apiCredential.primary', target: row.id, details }, whole(organizationId))
    const url = apiCredentialsUrl(parts.settings, organizationId)
    return found(showApiCredential(url, row, book.at))
  })
}

async function deleteApiCredential(parts: Parts, call: ApiCredentialCall): Promise<Outcome> {
  const { organizationId } = call.caller
  const id = call.id('apiCredentialId')
  return parts.write(call, async (db, book) => {
    const row = await db
      .selectFrom('apiCredentials')
      .selectAll()
      .where('id', '=', id)
      .where('organizationId', '=', organizationId)
      .executeTakeFirst()
    if (!row) return notFound()
    if (row.deletedRevision !== null) {
      const wait = { revision: row.deletedRevision, environmentId: undefined, target: id }
      return { ...notFound(), wait }
    }
    if (row.isPrimary === 1) return isPrimary()
    const revision = book.change(clientState(row, true), whole(organizationId))
    // Nothing of the secrets stays.
    const ended = { secretHash: '', ...noPrevious, previousUseCount: row.previousUseCount }
    const changed = { ...ended, deletedAt: book.at, deletedRevision: revision }
    await db.updateTable('apiCredentials').set(changed).where('id', '=', id).execute()
    const details = { name: row.name, clientId: row.clientId }
    const deed = { action: 'apiCredential.delete', target: id, revision, details }
    book.enter(deed, whole(organizationId))
    return gone({ revision, environmentId: undefined, target: id })
  })
}

function isPrimary(): Outcome {
  return invalidData({
    code: 'CONSTRAINT_VIOLATION',
    target: 'primary',
    message: 'is the primary API credential: make another one primary first',
  })
}
