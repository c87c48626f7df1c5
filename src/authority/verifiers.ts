import { randomUUID } from 'node:crypto'
import type { Static } from 'typebox'
import type { Schema } from '../store/schema.ts'
import type { Reader } from '../store/store.ts'
import type { Caller } from './access.ts'
import { nameTaken, type Queries } from './gateway-rows.ts'
import type { FleetMember } from './fleet.ts'
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
import type { newVerifier } from './schemas.ts'
import { isoTime, selfLink } from './shown.ts'
import { instancesOf, showInstances } from './verifier-instances.ts'

type VerifierRow = Schema['verifiers']
type VerifierCall = Pick<Call, 'caller' | 'id' | 'once'>

export interface VerifierParts extends Parts {
  /** Told when an enrolment has ended. */
  readonly onVerifierRevoked: (id: string) => void
}

/** Verifiers: list (the fleet), enrol, revoke. */
export function createVerifierRoutes(parts: VerifierParts): readonly Route[] {
  return [
    bind(operations.listVerifiers, (call) => listVerifiers(parts, call, call.query)),
    bind(operations.enrolVerifier, (call) => enrolVerifier(parts, call, call.body)),
    bind(operations.revokeVerifier, (call) => revokeVerifier(parts, call)),
  ]
}

function urlOf({ settings }: Parts, organizationId: string): string {
  return `${settings.publicUrl}/v1/organizations/${organizationId}/verifiers`
}

function live(db: Queries, organizationId: string) {
  return db
    .selectFrom('verifiers')
    .where('organizationId', '=', organizationId)
    .where('revokedAt', 'is', null)
}

async function listVerifiers(
  parts: Parts,
  { caller }: VerifierCall,
  query: PageQuery,
): Promise<Outcome> {
  const page = readPage(query)
  if ('kind' in page) return page
  const { organizationId } = caller
  const { rows, instances, environments } = await parts.store.read((db) =>
    readVerifiers(db, caller, page),
  )
  const url = urlOf(parts, organizationId)
  const fleet = parts.fleet.list()
  const processes = instancesOf(instances, fleet, parts.clock.wall())
  const list = page.toList(rows, { url, name: 'verifiers' }, (row) => ({
    ...showVerifier(url, row, environments.get(row.id) ?? []),
    ...showInstances(processes.get(row.id) ?? []),
  }))
  // Verifiers in this very process are enrolled nowhere; they stand at the head of the first page.
  const local = query.cursor === undefined ? fleet.filter(isLocal) : []
  return found(withLocal(list, local))
}

function isLocal({ environmentIds }: FleetMember): boolean {
  return environmentIds === undefined
}

function withLocal(list: Members, local: readonly FleetMember[]): Members {
  const { _embedded: embedded, size } = list
  const shown = local.map((member) => ({
    id: member.id,
    name: member.name,
    environmentIds: [],
    ...showInstances([member]),
  }))
  const enrolled = isRecord(embedded) ? embedded['verifiers'] : undefined
  const verifiers = [...shown, ...(Array.isArray(enrolled) ? enrolled : [])]
  return { ...list, _embedded: { verifiers }, size: Number(size) + shown.length }
}

function isRecord(value: unknown): value is Members {
  return typeof value === 'object' && value !== null
}

async function readVerifiers(
  db: Reader,
  caller: Caller,
  { slice }: Extract<ReturnType<typeof readPage>, { slice: unknown }>,
) {
  const all = live(db, caller.organizationId).selectAll()
  const { environmentId } = caller
  const seen =
    environmentId === null
      ? all
      : all.where('id', 'in', (eb) =>
          eb
            .selectFrom('verifierEnvironments')
            .select('verifierId')
            .where('environmentId', '=', environmentId),
        )
  const { operator, from, order, limit } = slice
  const rows = await seen.where('id', operator, from).orderBy('id', order).limit(limit).execute()
  const ids = rows.map(({ id }) => id)
  const bounds =
    ids.length === 0
      ? []
      : await db
          .selectFrom('verifierEnvironments')
          .selectAll()
          .where('verifierId', 'in', ids)
          .orderBy('environmentId')
          .execute()
  const environments = new Map<string, string[]>()
  for (const bound of bounds) {
    const of = environments.get(bound.verifierId) ?? []
    environments.set(bound.verifierId, [...of, bound.environmentId])
  }
  const instances =
    ids.length === 0
      ? []
      : await db
          .selectFrom('verifierInstances')
          .selectAll()
          .where('verifierId', 'in', ids)
          .execute()
  return { rows, instances, environments }
}

function showVerifier(url: string, row: VerifierRow, environmentIds: readonly string[]): Members {
  return {
    _links: selfLink(`${url}/${row.id}`),
    id: row.id,
    name: row.name,
    environmentIds,
    createdAt: isoTime(row.createdAt),
  }
}

async function enrolVerifier(
  parts: Parts,
  call: VerifierCall,
  { name, environmentIds }: Static<typeof newVerifier>,
): Promise<Outcome> {
  const { organizationId } = call.caller
  const { secret, ...kept } = parts.secrets.create()
  return parts.write(call, async (db, book) => {
    const taken = live(db, organizationId).select('id').where('name', '=', name)
    if (await taken.executeTakeFirst()) return nameTaken()
    const bounds = await findBounds(db, organizationId, environmentIds)
    if (!bounds) return unknownEnvironment()
    const row = newRow(organizationId, name, { ...kept, createdAt: book.at })
    await db.insertInto('verifiers').values(row).execute()
    const rows = bounds.map((environmentId) => ({ verifierId: row.id, environmentId }))
    await db.insertInto('verifierEnvironments').values(rows).execute()
    const feedKey = await db
      .selectFrom('feedKeys')
      .select('kid')
      .where('state', '=', 'active')
      .orderBy('activatedAt', 'desc')
      .executeTakeFirstOrThrow()
    const whose = { organizationId, environmentId: null }
    const details = { name, environmentIds: bounds }
    book.enter({ action: 'verifier.enrol', target: row.id, details }, whose)
    const facts = showVerifier(urlOf(parts, organizationId), row, bounds)
    const authority = parts.settings.publicUrl
    const enrolment = writeEnrolment({ authority, id: row.id, secret, feedKey: feedKey.kid })
    return created(facts, { ...facts, enrolment })
  })
}

/** What a verifier needs to follow the feed, in one string. */
function writeEnrolment(enrolment: Members): string {
  return `wv1.${Buffer.from(JSON.stringify(enrolment)).toString('base64url')}`
}

/** The environments that are asked for, if all of them are there; the oldest where none is. */
async function findBounds(
  db: Queries,
  organizationId: string,
  asked: readonly string[] | undefined,
): Promise<readonly string[] | undefined> {
  const all = db
    .selectFrom('environments')
    .select('id')
    .where('organizationId', '=', organizationId)
    .where('deletedAt', 'is', null)
  if (asked === undefined) {
    const first = await all.orderBy('createdAt').orderBy('id').executeTakeFirst()
    return first && [first.id]
  }
  const wanted = [...new Set(asked)].toSorted()
  const there = await all.where('id', 'in', wanted).execute()
  return there.length === wanted.length ? wanted : undefined
}

function unknownEnvironment(): Outcome {
  return invalidData({
    code: 'INVALID_VALUE',
    target: 'environmentIds',
    message: 'names what is not an environment of the organization',
  })
}

function newRow(
  organizationId: string,
  name: string,
  kept: Pick<VerifierRow, 'secretHash' | 'pepper' | 'createdAt'>,
): VerifierRow {
  return {
    id: randomUUID(),
    organizationId,
    name,
    ...kept,
    revokedAt: null,
    revokedRevision: null,
  }
}

async function revokeVerifier(
  { write, onVerifierRevoked }: VerifierParts,
  call: VerifierCall,
): Promise<Outcome> {
  const { organizationId } = call.caller
  const id = call.id('verifierId')
  const outcome = await write(call, async (db, book) => {
    const row = await live(db, organizationId).selectAll().where('id', '=', id).executeTakeFirst()
    if (!row) return notFound()
    const changed = { revokedAt: book.at }
    await db.updateTable('verifiers').set(changed).where('id', '=', id).execute()
    const whose = { organizationId, environmentId: null }
    const details = { name: row.name }
    book.enter({ action: 'verifier.revoke', target: id, details }, whose)
    return gone()
  })
  if (outcome.kind !== 'refusal') onVerifierRevoked(id)
  return outcome
}
