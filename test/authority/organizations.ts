import { randomUUID } from 'node:crypto'
import { createClientSecrets } from '../../src/authority/client-secrets.ts'
import { openRoots } from '../../src/authority/roots.ts'
import { join } from 'node:path'
import { buyToken, type House } from './house.ts'

/** A tenant beside the first, which has no way in but the database. */
export interface Organization {
  readonly organizationId: string
  readonly environmentId: string
  readonly administratorId: string
  readonly token: string
  readonly [name: string]: string
}

/** Adds an organization with an environment and an organization-admin. */
export async function addOrganization(house: House): Promise<Organization> {
  const [organizationId, environmentId] = [randomUUID(), randomUUID()]
  const [administratorId, clientId] = [randomUUID(), randomUUID()]
  const folder = join(house.dataFolder, 'keys')
  const roots = await openRoots({ folder, given: undefined, wanted: undefined })
  const { secret, ...kept } = createClientSecrets(roots).create()
  const createdAt = 9_000_000_000_000
  await house.store.write(async ({ db }) => {
    const audience = `urn:${organizationId}`
    const organization = { id: organizationId, name: organizationId, audience, createdAt }
    await db.insertInto('organizations').values(organization).execute()
    await db
      .insertInto('environments')
      .values({
        id: environmentId,
        organizationId,
        name: 'default',
        description: null,
        enabled: 1,
        createdAt,
        updatedAt: createdAt,
        deletedAt: null,
        deletedRevision: null,
      })
      .execute()
    await db
      .insertInto('administrators')
      .values({
        id: administratorId,
        organizationId,
        environmentId: null,
        clientId,
        name: 'other',
        role: 'organization-admin',
        ...kept,
        createdAt,
        lastUsedAt: null,
        revokedAt: null,
        revokedRevision: null,
      })
      .execute()
  })
  const token = await buyToken(house.url, { environmentId, clientId, clientSecret: secret })
  return { organizationId, environmentId, administratorId, token }
}
