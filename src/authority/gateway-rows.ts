import type { Reader, WriteTransaction } from '../store/store.ts'
import type { Schema } from '../store/schema.ts'
import type { IssueFor } from './credential-issue.ts'
import { showSettings } from './gateway-settings.ts'
import { invalidData, type Members } from './outcome.ts'
import type { AuthoritySettings } from './settings.ts'
import { isoTime, selfLink } from './shown.ts'

/** A gateway as it is kept. */
export type GatewayRow = Schema['gateways']

/** What can ask for rows: a read, or a write. */
export type Queries = Pick<Reader | WriteTransaction['db'], 'selectFrom'>

/** Finds a gateway of an environment, deleted or not. */
export async function findGateway(
  db: Queries,
  environmentId: string,
  id: string,
): Promise<GatewayRow | undefined> {
  return db
    .selectFrom('gateways')
    .selectAll()
    .where('id', '=', id)
    .where('environmentId', '=', environmentId)
    .executeTakeFirst()
}

/** The tenant that credentials name, if it is there. */
export async function findTenant(db: Queries, environmentId: string) {
  return db
    .selectFrom('environments')
    .innerJoin('organizations', 'organizations.id', 'environments.organizationId')
    .select([
      'environments.id as environmentId',
      'environments.name as environmentName',
      'organizations.id as organizationId',
      'organizations.name as organizationName',
    ])
    .where('environments.id', '=', environmentId)
    .where('environments.deletedAt', 'is', null)
    .executeTakeFirst()
}

/** Finds a gateway that is there, with all that credentials name. */
export async function findIssueFor(
  db: Queries,
  environmentId: string,
  gatewayId: string,
): Promise<IssueFor | undefined> {
  const [tenant, gateway] = await Promise.all([
    findTenant(db, environmentId),
    findGateway(db, environmentId, gatewayId),
  ])
  if (!tenant || !gateway || gateway.deletedAt !== null) return undefined
  const { name, type } = gateway
  return { ...tenant, gatewayId, gatewayName: name, gatewayType: type }
}

/** Whether another gateway of the environment has this name. */
export async function isNameTaken(
  db: Queries,
  { environmentId, name, id }: Pick<GatewayRow, 'environmentId' | 'name' | 'id'>,
): Promise<boolean> {
  const row = await db
    .selectFrom('gateways')
    .select('id')
    .where('environmentId', '=', environmentId)
    .where('name', '=', name)
    .where('deletedAt', 'is', null)
    .where('id', '!=', id)
    .executeTakeFirst()
  return row !== undefined
}

/** The name is somebody else's. */
export function nameTaken() {
  return invalidData({
    code: 'UNIQUENESS_VIOLATION',
    target: 'name',
    message: 'is already in use',
  })
}

/** Where a gateway is found. */
export function gatewayUrl(settings: AuthoritySettings, environmentId: string, id: string): string {
  return `${settings.publicUrl}/v1/environments/${environmentId}/gateways/${id}`
}

/** What of a gateway is shown in a list. */
export const shownColumns = [
  'id',
  'environmentId',
  'name',
  'description',
  'type',
  'enabled',
  'createdAt',
  'updatedAt',
  'settings',
] as const

/** A gateway as it is shown. */
export function showGateway(
  settings: AuthoritySettings,
  row: Pick<GatewayRow, (typeof shownColumns)[number]>,
): Members {
  const createdAt = isoTime(row.createdAt)
  return {
    ...showSettings(row.settings),
    _links: selfLink(gatewayUrl(settings, row.environmentId, row.id)),
    id: row.id,
    environment: { id: row.environmentId },
    name: row.name,
    description: row.description ?? undefined,
    type: row.type,
    enabled: row.enabled === 1,
    createdAt,
    updatedAt: row.updatedAt === row.createdAt ? createdAt : isoTime(row.updatedAt),
    supportedVersions: [],
    currentAlerts: [],
    httpAccessApiUrl: settings.verifierUrl,
  }
}
