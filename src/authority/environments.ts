import { randomUUID } from 'node:crypto'
import type { Static } from 'typebox'
import type { Schema } from '../store/schema.ts'
import type { Caller } from './access.ts'
import type { Book } from './book.ts'
import { nameTaken, type Queries } from './gateway-rows.ts'
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
import { readPage, type PageQuery } from './pages.ts'
import type { Parts } from './parts.ts'
import { bind, type Call, type Route } from './route.ts'
import type { environmentInput } from './schemas.ts'
import type { AuthoritySettings } from './settings.ts'
import { isoTime, selfLink } from './shown.ts'

type EnvironmentRow = Schema['environments']
type EnvironmentCall = Pick<Call, 'caller' | 'id' | 'once'>

/** Organizations and their environments. */
export function createEnvironmentRoutes(parts: Parts): readonly Route[] {
  const { publicUrl } = parts.settings
  return [
    bind(operations.readOrganization, (call) => readOrganization(parts, call)),
    bind(operations.listEnvironments, (call) => {
      const url = `${publicUrl}/v1/organizations/${call.id('organizationId')}/environments`
      return listEnvironments(parts, call, { ...call.query, url })
    }),
    bind(operations.findEnvironments, (call) =>
      listEnvironments(parts, call, { ...call.query, url: `${publicUrl}/v1/environments` }),
    ),
    bind(operations.createEnvironment, (call) => createEnvironment(parts, call, call.body)),
    bind(operations.readEnvironment, (call) => readEnvironment(parts, call)),
    bind(operations.readOrganizationEnvironment, (call) => readEnvironment(parts, call)),
    bind(operations.updateEnvironment, (call) => updateEnvironment(parts, call, call.body)),
    bind(operations.deleteEnvironment, (call) => deleteEnvironment(parts, call)),
  ]
}

async function readOrganization(
  { store, settings }: Parts,
  { caller }: EnvironmentCall,
): Promise<Outcome> {
  const row = await store.read((db) =>
    db
      .selectFrom('organizations')
      .selectAll()
      .where('id', '=', caller.organizationId)
      .executeTakeFirst(),
  )
  if (!row) return notFound()
  const { id, name, audience, createdAt } = row
  const _links = selfLink(`${settings.publicUrl}/v1/organizations/${id}`)
  return found({ _links, id, name, audience, createdAt: isoTime(createdAt) })
}

interface EnvironmentQuery extends PageQuery {
  readonly url: string
  readonly filter?: string
}

async function listEnvironments(
  { store, settings }: Parts,
  { caller }: EnvironmentCall,
  query: EnvironmentQuery,
): Promise<Outcome> {
  const page = readPage(query)
  if ('kind' in page) return page
  const { filter, url } = query
  const name = filter === undefined ? undefined : nameOfFilter(filter)
  if (filter !== undefined && name === undefined) return badFilter()
  const { operator, from, order, limit } = page.slice
  const [rows, { count }] = await store.read((db) => {
    const seen = visible(db, caller, name)
    return Promise.all([
      seen.selectAll().where('id', operator, from).orderBy('id', order).limit(limit).execute(),
      seen.select((eb) => eb.fn.countAll().as('count')).executeTakeFirstOrThrow(),
    ])
  })
  const repeated = filter === undefined ? {} : { filter }
  const place = { url, name: 'environments', count: Number(count), query: repeated }
  return found(page.toList(rows, place, (row) => showEnvironment(settings, row)))
}

function visible(db: Queries, caller: Caller, name: string | undefined) {
  const { organizationId, environmentId } = caller
  const live = db
    .selectFrom('environments')
    .where('organizationId', '=', organizationId)
    .where('deletedAt', 'is', null)
  const own = environmentId === null ? live : live.where('id', '=', environmentId)
  return name === undefined ? own : own.where('name', '=', name)
}

/** The name in `name eq "…"`, whose text is written as JSON writes it. */
function nameOfFilter(filter: string): string | undefined {
  const [, text] = /^\s*name\s+eq\s+("(?:[^"\\]|\\.)*")\s*$/i.exec(filter) ?? []
  if (text === undefined) return undefined
  try {
    const name: unknown = JSON.parse(text)
    return typeof name === 'string' && name.isWellFormed() && !name.includes('\0')
      ? name
      : undefined
  } catch {
    return undefined
  }
}

function badFilter(): Outcome {
  const message = 'must be: name eq "…"'
  return invalidData({ code: 'INVALID_FILTER', target: 'filter', message })
}

async function findEnvironment(
  db: Queries,
  organizationId: string,
  id: string,
): Promise<EnvironmentRow | undefined> {
  return db
    .selectFrom('environments')
    .selectAll()
    .where('id', '=', id)
    .where('organizationId', '=', organizationId)
    .executeTakeFirst()
}

async function readEnvironment(
  { store, settings }: Parts,
  call: EnvironmentCall,
): Promise<Outcome> {
  const { organizationId } = call.caller
  const row = await store.read((db) =>
    findEnvironment(db, organizationId, call.id('environmentId')),
  )
  return row?.deletedAt === null ? found(showEnvironment(settings, row)) : notFound()
}

async function isNameTaken(db: Queries, { organizationId, name, id }: EnvironmentRow) {
  const row = await db
    .selectFrom('environments')
    .select('id')
    .where('organizationId', '=', organizationId)
    .where('name', '=', name)
    .where('deletedAt', 'is', null)
    .where('id', '!=', id)
    .executeTakeFirst()
  return row !== undefined
}

async function createEnvironment(
  { settings, write }: Parts,
  call: EnvironmentCall,
  { name, description = null, enabled = true }: Static<typeof environmentInput>,
): Promise<Outcome> {
  const { organizationId } = call.caller
  return write(call, async (db, book) => {
    const row: EnvironmentRow = {
      id: randomUUID(),
      organizationId,
      name,
      description,
      enabled: enabled ? 1 : 0,
      createdAt: book.at,
      updatedAt: book.at,
      deletedAt: null,
      deletedRevision: null,
    }
    if (await isNameTaken(db, row)) return nameTaken()
    await db.insertInto('environments').values(row).execute()
    const revision = enabled ? null : changeState(book, row, 'disabled')
    enter(book, row, 'environment.create', revision)
    return created(showEnvironment(settings, row))
  })
}

function changeState(
  book: Book,
  { id, organizationId }: EnvironmentRow,
  state: 'enabled' | 'disabled' | 'deleted',
): number {
  const tenant = { organizationId, environmentId: id }
  return book.change({ kind: 'environment-state', environmentId: id, state }, tenant)
}

function enter(book: Book, row: EnvironmentRow, action: string, revision: number | null): void {
  const { id, organizationId, name, enabled } = row
  const details = { name, enabled: enabled === 1 }
  book.enter({ action, target: id, revision, details }, { organizationId, environmentId: id })
}

async function updateEnvironment(
  { settings, write }: Parts,
  call: EnvironmentCall,
  body: Static<typeof environmentInput>,
): Promise<Outcome> {
  const id = call.id('environmentId')
  return write(call, async (db, book) => {
    const before = await findEnvironment(db, call.caller.organizationId, id)
    if (!before || before.deletedAt !== null) return notFound()
    const { name, description = null } = body
    // As with gateways: what does not say whether it is enabled enables nothing.
    const enabled: 0 | 1 = (body.enabled ?? before.enabled === 1) ? 1 : 0
    const changed = { name, description, enabled, updatedAt: book.at }
    const after = { ...before, ...changed }
    if (await isNameTaken(db, after)) return nameTaken()
    await db.updateTable('environments').set(changed).where('id', '=', id).execute()
    const same = before.enabled === enabled
    const revision = same ? null : changeState(book, before, enabled === 1 ? 'enabled' : 'disabled')
    enter(book, after, 'environment.update', revision)
    const answer = found(showEnvironment(settings, after))
    return revision === null
      ? answer
      : { ...answer, wait: { revision, environmentId: id, target: id } }
  })
}

async function deleteEnvironment({ write }: Parts, call: EnvironmentCall): Promise<Outcome> {
  const id = call.id('environmentId')
  const { organizationId } = call.caller
  return write(call, async (db, book) => {
    const row = await findEnvironment(db, organizationId, id)
    if (!row) return notFound()
    if (row.deletedRevision !== null) {
      const wait = { revision: row.deletedRevision, environmentId: id, target: id }
      return { ...notFound(), wait }
    }
    const others = visible(db, { ...call.caller, environmentId: null }, undefined)
    const another = await others.select('id').where('id', '!=', id).executeTakeFirst()
    if (!another) return lastOne()
    const revision = changeState(book, row, 'deleted')
    const changed = { deletedAt: book.at, deletedRevision: revision, updatedAt: book.at }
    await db.updateTable('environments').set(changed).where('id', '=', id).execute()
    enter(book, row, 'environment.delete', revision)
    return gone({ revision, environmentId: id, target: id })
  })
}

/** Administrators get their tokens under an environment: without one nobody could sign in. */
function lastOne(): Outcome {
  const message = 'is the only environment of the organization'
  return invalidData({ code: 'CONSTRAINT_VIOLATION', target: 'environmentId', message })
}

function showEnvironment({ publicUrl }: AuthoritySettings, row: EnvironmentRow): Members {
  return {
    _links: selfLink(`${publicUrl}/v1/environments/${row.id}`),
    id: row.id,
    organization: { id: row.organizationId },
    name: row.name,
    description: row.description ?? undefined,
    enabled: row.enabled === 1,
    createdAt: isoTime(row.createdAt),
    updatedAt: isoTime(row.updatedAt),
  }
}
