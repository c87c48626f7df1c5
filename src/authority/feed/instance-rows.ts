// The processes that follow under enrolments, as they are written down: leases ahead of time, so that they need not be
// written with each heartbeat, and what was reported now and then.

import type { Schema } from '../../store/schema.ts'
import type { Store } from '../../store/store.ts'

/** A process that was written down. */
export interface InstanceRow {
  readonly id: string
  readonly instance: string
  readonly name: string
  readonly environmentIds: readonly string[]
  readonly version: string | undefined
  readonly revision: number | undefined
  readonly freshness: string | undefined
  readonly lastSeenAt: number | undefined
  readonly leaseMs: number
  readonly leaseEndsAt: number
}

/** What is written of one: its lease, and what it reported. */
export type InstanceFacts = Omit<InstanceRow, 'name' | 'environmentIds'>

/** For how long after its lease has ended a process is still told of. */
export const keptAfterMs = 86_400_000
const rowsAtOnce = 200

/** Those whose lease runs at a time or later; all, where that is the beginning. */
export async function readInstances(
  store: Pick<Store, 'read'>,
  since: number,
): Promise<readonly InstanceRow[]> {
  const [rows, bounds] = await store.read((db) =>
    Promise.all([
      db
        .selectFrom('verifierInstances')
        .innerJoin('verifiers', 'verifiers.id', 'verifierInstances.verifierId')
        .selectAll('verifierInstances')
        .select('verifiers.name')
        .where('leaseEndsAt', '>', since)
        .execute(),
      db.selectFrom('verifierEnvironments').selectAll().execute(),
    ]),
  )
  const environments = Map.groupBy(bounds, ({ verifierId }) => verifierId)
  return rows.map((row) => {
    const bound = environments.get(row.verifierId) ?? []
    return instanceOf(
      row,
      bound.map(({ environmentId }) => environmentId),
    )
  })
}

function instanceOf(
  row: Schema['verifierInstances'] & { readonly name: string },
  environmentIds: readonly string[],
): InstanceRow {
  return {
    id: row.verifierId,
    instance: row.instance,
    name: row.name,
    environmentIds,
    version: row.version ?? undefined,
    revision: row.revision ?? undefined,
    freshness: row.freshness ?? undefined,
    lastSeenAt: row.lastSeenAt ?? undefined,
    leaseMs: row.leaseMs,
    leaseEndsAt: row.leaseEndsAt,
  }
}

function toRow(facts: InstanceFacts): Schema['verifierInstances'] {
  return {
    verifierId: facts.id,
    instance: facts.instance,
    version: facts.version ?? null,
    revision: facts.revision ?? null,
    freshness: facts.freshness ?? null,
    lastSeenAt: facts.lastSeenAt ?? null,
    leaseMs: facts.leaseMs,
    leaseEndsAt: facts.leaseEndsAt,
  }
}

/** Writes instances down, and forgets those of the same enrolments whose lease ended long ago. */
export function writeInstances(
  store: Pick<Store, 'write'>,
  instances: readonly InstanceFacts[],
  now: number,
): Promise<void> {
  const rows = instances.map(toRow)
  return store.write(async ({ db }) => {
    for (let from = 0; from < rows.length; from += rowsAtOnce) {
      const some = rows.slice(from, from + rowsAtOnce)
      await db
        .insertInto('verifierInstances')
        .values(some)
        .onConflict((conflict) =>
          conflict.columns(['verifierId', 'instance']).doUpdateSet((eb) => ({
            version: eb.ref('excluded.version'),
            revision: eb.ref('excluded.revision'),
            freshness: eb.ref('excluded.freshness'),
            lastSeenAt: eb.ref('excluded.lastSeenAt'),
            leaseMs: eb.ref('excluded.leaseMs'),
            leaseEndsAt: eb.ref('excluded.leaseEndsAt'),
          })),
        )
        .execute()
      await db
        .deleteFrom('verifierInstances')
        .where(
          'verifierId',
          'in',
          some.map(({ verifierId }) => verifierId),
        )
        .where('leaseEndsAt', '<', now - keptAfterMs)
        .execute()
    }
  })
}

/** Until when verifiers may judge that the database does not know. */
export async function readStrangersUntil(store: Pick<Store, 'read'>): Promise<number> {
  const row = await store.read((db) =>
    db.selectFrom('installation').select('strangersUntil').executeTakeFirst(),
  )
  return row?.strangersUntil ?? 0
}
