import { randomUUID } from 'node:crypto'
import type { Static } from 'typebox'
import type { Schema } from '../store/schema.ts'
import type { Queries } from './gateway-rows.ts'
import { operations } from './operations.ts'
import {
  created,
  found,
  gone,
  invalidData,
  notFound,
  type Detail,
  type Members,
  type Outcome,
} from './outcome.ts'
import { readPage, type PageQuery } from './pages.ts'
import type { Parts } from './parts.ts'
import { bind, type Call, type Route } from './route.ts'
import type { newAdministrator } from './schemas.ts'
import { isoTime, isoTimeOrAbsent, selfLink } from './shown.ts'

type AdministratorRow = Schema['administrators']
type AdministratorCall = Pick<Call, 'caller' | 'id' | 'once'>

/** Administrators: list, create, read, revoke. */
export function createAdministratorRoutes(parts: Parts): readonly Route[] {
  return [
    bind(operations.listAdministrators, (call) => listAdministrators(parts, call, call.query)),
    bind(operations.createAdministrator, (call) => createAdministrator(parts, call, call.body)),
    bind(operations.readAdministrator, (call) => readAdministrator(parts, call)),
    bind(operations.revokeAdministrator, (call) => revokeAdministrator(parts, call)),
  ]
}

function live(db: Queries, organizationId: string) {
  return db
    .selectFrom('administrators')
    .where('organizationId', '=', organizationId)
    .where('revokedAt', 'is', null)
}

function urlOf({ settings }: Parts, organizationId: string): string {
  return `${settings.publicUrl}/v1/organizations/${organizationId}/administrators`
}

async function listAdministrators(
  parts: Parts,
  { caller }: AdministratorCall,
  query: PageQuery,
): Promise<Outcome> {
  const page = readPage(query)
  if ('kind' in page) return page
  const { operator, from, order, limit } = page.slice
  const rows = await parts.store.read((db) =>
    live(db, caller.organizationId)
      .selectAll()
      .where('id', operator, from)
      .orderBy('id', order)
      .limit(limit)
      .execute(),
  )
  const url = urlOf(parts, caller.organizationId)
  return found(
    page.toList(rows, { url, name: 'administrators' }, (row) => showAdministrator(url, row)),
  )
}

async function readAdministrator(parts: Parts, call: AdministratorCall): Promise<Outcome> {
  const { organizationId } = call.caller
  const row = await parts.store.read((db) =>
    live(db, organizationId)
      .selectAll()
      .where('id', '=', call.id('administratorId'))
      .executeTakeFirst(),
  )
  return row ? found(showAdministrator(urlOf(parts, organizationId), row)) : notFound()
}

async function createAdministrator(
  parts: Parts,
  call: AdministratorCall,
  { name, role, environmentId }: Static<typeof newAdministrator>,
): Promise<Outcome> {
  const { organizationId } = call.caller
  const { secret, ...kept } = parts.secrets.create()
  return parts.write(call, async (db, book) => {
    const wrong = await refusalOfBound(db, organizationId, { role, environmentId })
    if (wrong) return invalidData(wrong)
    const row: AdministratorRow = {
      id: randomUUID(),
      organizationId,
      environmentId: environmentId ?? null,
      clientId: randomUUID(),
      name,
      role,
      ...kept,
      createdAt: book.at,
      lastUsedAt: null,
      revokedAt: null,
      revokedRevision: null,
    }
    await db.insertInto('administrators').values(row).execute()
    const details = { name, role, clientId: row.clientId }
    const whose = { organizationId, environmentId: row.environmentId }
    book.enter({ action: 'administrator.create', target: row.id, details }, whose)
    const facts = showAdministrator(urlOf(parts, organizationId), row)
    return created(facts, { ...facts, clientSecret: secret })
  })
}

/** A role that is for the whole organization cannot be bound to one of its environments. */
async function refusalOfBound(
  db: Queries,
  organizationId: string,
  { role, environmentId }: { readonly role: string; readonly environmentId: string | undefined },
): Promise<Detail | undefined> {
  if (environmentId === undefined) return undefined
  const target = 'environmentId'
  if (role === 'organization-admin' || role === 'api-credentials-editor') {
    const message = 'must be left out: the role is for the whole organization'
    return { code: 'CONSTRAINT_VIOLATION', target, message }
  }
  const environment = await db
    .selectFrom('environments')
    .select('id')
    .where('id', '=', environmentId)
    .where('organizationId', '=', organizationId)
    .where('deletedAt', 'is', null)
    .executeTakeFirst()
  if (environment) return undefined
  return { code: 'INVALID_VALUE', target, message: 'is not an environment of the organization' }
}

async function revokeAdministrator({ write }: Parts, call: AdministratorCall): Promise<Outcome> {
  const { organizationId } = call.caller
  const id = call.id('administratorId')
  return write(call, async (db, book) => {
    const row = await live(db, organizationId).selectAll().where('id', '=', id).executeTakeFirst()
    if (!row) return notFound()
    if (row.role === 'organization-admin') {
      const admins = live(db, organizationId).where('role', '=', row.role)
      const another = await admins.select('id').where('id', '!=', id).executeTakeFirst()
      if (!another) return lastOne()
    }
    const changed = { revokedAt: book.at }
    await db.updateTable('administrators').set(changed).where('id', '=', id).execute()
    const details = { name: row.name, clientId: row.clientId }
    const whose = { organizationId, environmentId: row.environmentId }
    book.enter({ action: 'administrator.revoke', target: id, details }, whose)
    return gone()
  })
}

function lastOne(): Outcome {
  const message = 'is the only organization-admin'
  return invalidData({ code: 'CONSTRAINT_VIOLATION', target: 'administratorId', message })
}

function showAdministrator(url: string, row: AdministratorRow): Members {
  return {
    _links: selfLink(`${url}/${row.id}`),
    id: row.id,
    name: row.name,
    role: row.role,
    environmentId: row.environmentId ?? undefined,
    clientId: row.clientId,
    createdAt: isoTime(row.createdAt),
    lastUsedAt: isoTimeOrAbsent(row.lastUsedAt),
  }
}
