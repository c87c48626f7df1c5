import { randomUUID } from 'node:crypto'
import type { Static } from 'typebox'
import type { WriteTransaction } from '../store/store.ts'
import type { Book, Tenant } from './book.ts'
import {
  keepCredential,
  newCredential,
  withCredential,
  type Issued,
  type IssueFor,
} from './credential-issue.ts'
import {
  findGateway,
  findTenant,
  isNameTaken,
  nameTaken,
  showGateway,
  shownColumns,
  type GatewayRow,
} from './gateway-rows.ts'
import { takeSettings } from './gateway-settings.ts'
import { operations } from './operations.ts'
import { created, found, gone, invalidData, notFound, type Outcome } from './outcome.ts'
import { readPage, type PageQuery } from './pages.ts'
import type { Parts } from './parts.ts'
import { bind, type Call, type Route } from './route.ts'
import type { gatewayInput, newGateway } from './schemas.ts'

type Db = WriteTransaction['db']
type GatewayCall = Pick<Call, 'caller' | 'id' | 'once'>

/** Gateways: list, create, read, update, delete. */
export function createGatewayRoutes(parts: Parts): readonly Route[] {
  return [
    bind(operations.listGateways, (call) => listGateways(parts, call, call.query)),
    bind(operations.createGateway, (call) => createGateway(parts, call, call.body)),
    bind(operations.readGateway, (call) => readGateway(parts, call)),
    bind(operations.updateGateway, (call) => updateGateway(parts, call, call.body)),
    bind(operations.deleteGateway, (call) => deleteGateway(parts, call)),
  ]
}

async function listGateways(
  { store, settings }: Parts,
  call: GatewayCall,
  query: PageQuery,
): Promise<Outcome> {
  const environmentId = call.id('environmentId')
  const page = readPage(query)
  if ('kind' in page) return page
  const { operator, from, order, limit } = page.slice
  const [rows, { count }] = await store.read((db) => {
    const live = db
      .selectFrom('gateways')
      .where('environmentId', '=', environmentId)
      .where('deletedAt', 'is', null)
    return Promise.all([
      live
        .select(shownColumns)
        .where('id', operator, from)
        .orderBy('id', order)
        .limit(limit)
        .execute(),
      // Every name is greater; asked so, SQLite counts in the index of live names alone.
      live
        .where('name', '>', '')
        .select((eb) => eb.fn.countAll().as('count'))
        .executeTakeFirstOrThrow(),
    ])
  })
  const url = `${settings.publicUrl}/v1/environments/${environmentId}/gateways`
  const place = { url, name: 'gateways', count: Number(count) }
  return found(page.toList(rows, place, (row) => showGateway(settings, row)))
}

async function readGateway({ store, settings }: Parts, call: GatewayCall): Promise<Outcome> {
  const row = await store.read((db) =>
    findGateway(db, call.id('environmentId'), call.id('gatewayId')),
  )
  return row?.deletedAt === null ? found(showGateway(settings, row)) : notFound()
}

async function createGateway(
  parts: Parts,
  call: GatewayCall,
  body: Static<typeof newGateway>,
): Promise<Outcome> {
  const { store, clock, write } = parts
  const environmentId = call.id('environmentId')
  const tenant = await store.read((db) => findTenant(db, environmentId))
  if (!tenant) return notFound()
  const own = takeSettings(null, body)
  if (own.kind === 'refusal') return own
  const gateway = { ...newRow(environmentId, body, clock.wall()), settings: own.settings }
  const keep = (issued?: Issued) =>
    write(call, (db, book) => insertGateway(parts, { db, book, tenant }, gateway, issued))
  if (body.createCredential === false) return keep()
  const { id: gatewayId, name: gatewayName, type: gatewayType } = gateway
  return withCredential(parts, { ...tenant, gatewayId, gatewayName, gatewayType }, keep)
}

function newRow(
  environmentId: string,
  { name, description = null, type, enabled = true }: Static<typeof newGateway>,
  now: number,
): GatewayRow {
  return {
    id: randomUUID(),
    environmentId,
    name,
    description,
    type,
    enabled: enabled ? 1 : 0,
    createdAt: now,
    updatedAt: now,
    deletedAt: null,
    deletedRevision: null,
    settings: null,
  }
}

interface Inserting {
  readonly db: Db
  readonly book: Book
  readonly tenant: Tenant & Pick<IssueFor, 'environmentId'>
}

async function insertGateway(
  { settings }: Parts,
  { db, book, tenant }: Inserting,
  gateway: GatewayRow,
  issued: Issued | undefined,
): Promise<Outcome> {
  const { organizationId, environmentId } = tenant
  const whose = { organizationId, environmentId }
  if (!(await findTenant(db, environmentId))) return notFound()
  if (await isNameTaken(db, gateway)) return nameTaken()
  await db.insertInto('gateways').values(gateway).execute()
  const { id, name, type, enabled } = gateway
  const revision = enabled === 1 ? null : changeState(book, whose, gateway, 'disabled')
  const details = { name, type, enabled: enabled === 1 }
  book.enter({ action: 'gateway.create', target: id, revision, details }, whose)
  const facts = showGateway(settings, gateway)
  const wait = revision === null ? undefined : { revision, environmentId, target: id }
  if (!issued) return { ...created(facts), wait }
  await keepCredential(db, issued)
  const target = issued.row.id
  book.enter({ action: 'credential.create', target, details: { gatewayId: id } }, whose)
  const credential = newCredential(settings, issued)
  const answer = created(
    { ...facts, _embedded: { credentials: [credential.facts] } },
    { ...facts, _embedded: { credentials: [credential.shownOnce] } },
  )
  return { ...answer, wait }
}

function changeState(
  book: Book,
  tenant: Tenant,
  { id, environmentId }: Pick<GatewayRow, 'id' | 'environmentId'>,
  state: 'enabled' | 'disabled' | 'deleted',
): number {
  return book.change({ kind: 'gateway-state', gatewayId: id, environmentId, state }, tenant)
}

async function updateGateway(
  { settings, write }: Parts,
  call: GatewayCall,
  body: Static<typeof gatewayInput>,
): Promise<Outcome> {
  const [environmentId, id] = [call.id('environmentId'), call.id('gatewayId')]
  const whose = { organizationId: call.caller.organizationId, environmentId }
  return write(call, async (db, book) => {
    const before = await findGateway(db, environmentId, id)
    if (!before || before.deletedAt !== null) return notFound()
    if (before.type !== body.type) return typeFixed()
    const own = takeSettings(before.settings, body)
    if (own.kind === 'refusal') return own
    const { name, description = null } = body
    // What does not say whether the gateway is enabled must not enable one that somebody has disabled.
    const enabled = body.enabled === undefined ? before.enabled : flagOf(body.enabled)
    const changed = { name, description, enabled, updatedAt: book.at, settings: own.settings }
    const after = { ...before, ...changed }
    if (await isNameTaken(db, after)) return nameTaken()
    await db.updateTable('gateways').set(changed).where('id', '=', id).execute()
    const revision =
      before.enabled === enabled
        ? null
        : changeState(book, whose, before, enabled === 1 ? 'enabled' : 'disabled')
    const details = { name, enabled: enabled === 1 }
    book.enter({ action: 'gateway.update', target: id, revision, details }, whose)
    const answer = found(showGateway(settings, after))
    return revision === null ? answer : { ...answer, wait: { revision, environmentId, target: id } }
  })
}

function flagOf(value: boolean): 0 | 1 {
  return value ? 1 : 0
}

function typeFixed() {
  return invalidData({
    code: 'CONSTRAINT_VIOLATION',
    target: 'type',
    message: 'cannot be changed',
  })
}

async function deleteGateway({ write }: Parts, call: GatewayCall): Promise<Outcome> {
  const [environmentId, id] = [call.id('environmentId'), call.id('gatewayId')]
  const whose = { organizationId: call.caller.organizationId, environmentId }
  return write(call, async (db, book) => {
    const row = await findGateway(db, environmentId, id)
    if (!row) return notFound()
    if (row.deletedRevision !== null) {
      const wait = { revision: row.deletedRevision, environmentId, target: id }
      return { ...notFound(), wait }
    }
    const revision = changeState(book, whose, row, 'deleted')
    const changed = { deletedAt: book.at, deletedRevision: revision, updatedAt: book.at }
    await db.updateTable('gateways').set(changed).where('id', '=', id).execute()
    const details = { name: row.name }
    book.enter({ action: 'gateway.delete', target: id, revision, details }, whose)
    return gone({ revision, environmentId, target: id })
  })
}
