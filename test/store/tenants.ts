import { randomUUID } from 'node:crypto'
import type { Store, WriteTransaction } from '../../src/store/store.ts'

const at = 1_764_000_000_000

/** Adds an organization with one environment and gives their ids. */
export async function addTenant(store: Store) {
  const [organizationId, environmentId] = [randomUUID(), randomUUID()]
  await store.write(async ({ db }) => {
    const organization = { id: organizationId, name: organizationId, audience: organizationId }
    await db
      .insertInto('organizations')
      .values({ ...organization, createdAt: at })
      .execute()
    await db
      .insertInto('environments')
      .values({
        id: environmentId,
        organizationId,
        name: 'default',
        description: null,
        enabled: 1,
        createdAt: at,
        updatedAt: at,
        deletedAt: null,
        deletedRevision: null,
      })
      .execute()
  })
  return { organizationId, environmentId }
}

/** Whose gateway, and its name. */
export interface GatewayOf {
  readonly organizationId: string
  readonly environmentId: string
  readonly name: string
}

/** Adds a gateway with its audit entry and its change, and gives the revision. */
export async function addGateway(tx: WriteTransaction, { name, ...tenant }: GatewayOf) {
  const id = randomUUID()
  await tx.db
    .insertInto('gateways')
    .values({
      id,
      environmentId: tenant.environmentId,
      name,
      description: null,
      type: 'API_GATEWAY_INTEGRATION',
      enabled: 1,
      createdAt: at,
      updatedAt: at,
      deletedAt: null,
      deletedRevision: null,
    })
    .execute()
  const revision = tx.appendChange({
    kind: 'gateway-state',
    at,
    ...tenant,
    payload: { gatewayId: id, state: 'enabled' },
  })
  tx.appendAudit({
    at,
    ...tenant,
    actor: 'test',
    action: 'gateway.create',
    target: id,
    outcome: 'done',
    revision,
    details: { name },
  })
  return { id, revision }
}

/** The names of an environment's gateways, in order. */
export async function gatewayNames(store: Store, environmentId: string) {
  const rows = await store.read((db) =>
    db
      .selectFrom('gateways')
      .select('name')
      .where('environmentId', '=', environmentId)
      .orderBy('name')
      .execute(),
  )
  return rows.map(({ name }) => name)
}
