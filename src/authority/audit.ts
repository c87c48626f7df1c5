import type { Static } from 'typebox'
import { parseJsonObject } from '../credential/strict-json.ts'
import type { AuditTable } from '../store/schema.ts'
import type { Caller } from './access.ts'
import type { Queries } from './gateway-rows.ts'
import { keepsInstallation } from './installation-keeper.ts'
import { operations } from './operations.ts'
import { found, type Members, type Outcome } from './outcome.ts'
import type { Parts } from './parts.ts'
import { bind, type Call, type Route } from './route.ts'
import type { auditQuery } from './schemas.ts'
import { isoTime } from './shown.ts'

type AuditQuery = Static<typeof auditQuery>

/** The audit of an organization. */
export function createAuditRoutes(parts: Parts): readonly Route[] {
  return [bind(operations.listAudit, (call) => listAudit(parts, call, call.query))]
}

const limitUsual = 100

async function listAudit(
  { store, settings }: Parts,
  { caller }: Pick<Call, 'caller'>,
  query: AuditQuery,
): Promise<Outcome> {
  const { limit = limitUsual } = query
  const read = await store.read(async (db) => {
    const keeper = caller.environmentId === null && (await keepsInstallation(db, caller))
    const entries = visible(db, { ...caller, keeper }, query)
    const entriesFound = await entries
      .orderBy('sequence')
      .limit(limit + 1)
      .execute()
    return { found: entriesFound, names: await namesOf(db, caller, entriesFound) }
  })
  const rows = read.found.slice(0, limit)
  const url = `${settings.publicUrl}/v1/organizations/${caller.organizationId}/audit`
  const last = read.found.length > limit ? rows.at(-1) : undefined
  const next = last && { next: { href: linkTo(url, { ...query, limit, after: last.sequence }) } }
  return found({
    _links: { self: { href: linkTo(url, query) }, ...next },
    _embedded: { entries: rows.map((row) => showEntry(row, read.names)) },
    size: rows.length,
  })
}

interface Viewer extends Caller {
  /** Whether they see what is no organization's, too. */
  readonly keeper: boolean
}

/** An administrator of one environment sees what happened there; nobody sees another organization's entries. */
function visible(db: Queries, viewer: Viewer, query: AuditQuery) {
  const { organizationId, environmentId, keeper } = viewer
  const { after = 0, actor, action } = query
  const all = db.selectFrom('audit').selectAll().where('sequence', '>', after)
  let entries = keeper
    ? all.where((eb) =>
        eb.or([eb('organizationId', '=', organizationId), eb('organizationId', 'is', null)]),
      )
    : all.where('organizationId', '=', organizationId)
  if (environmentId !== null) entries = entries.where('environmentId', '=', environmentId)
  if (actor !== undefined) entries = entries.where('actor', '=', actor)
  if (action !== undefined) entries = entries.where('action', '=', action)
  return entries
}

function linkTo(url: string, query: AuditQuery): string {
  const given = Object.entries(query).map(([name, value]) => [name, String(value)])
  const text = new URLSearchParams(given).toString()
  return text === '' ? url : `${url}?${text}`
}

/** The names of the administrators of an organization who acted, by their ids. */
async function namesOf(
  db: Queries,
  { organizationId }: Caller,
  rows: readonly AuditTable[],
): Promise<ReadonlyMap<string, string>> {
  const actors = [...new Set(rows.map(({ actor }) => actor))]
  if (actors.length === 0) return new Map()
  const administrators = await db
    .selectFrom('administrators')
    .select(['id', 'name'])
    .where('id', 'in', actors)
    .where('organizationId', '=', organizationId)
    .execute()
  return new Map(administrators.map(({ id, name }) => [id, name]))
}

function showEntry(row: AuditTable, names: ReadonlyMap<string, string>): Members {
  const { sequence, at, organizationId, environmentId, actor, action, target, outcome } = row
  return {
    sequence,
    at: isoTime(at),
    organizationId: organizationId ?? undefined,
    environmentId: environmentId ?? undefined,
    actor,
    actorName: names.get(actor),
    action,
    target,
    outcome,
    revision: row.revision ?? undefined,
    details: parseJsonObject(Buffer.from(row.details)) ?? {},
    previous: row.previous,
    hash: row.hash,
  }
}
