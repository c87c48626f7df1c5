import type { Caller } from './access.ts'
import type { Queries } from './gateway-rows.ts'

/** What is no tenant's but the installation's, as its keys are, is looked after by the organization that was there first. */
export async function keepsInstallation(db: Queries, { organizationId }: Caller): Promise<boolean> {
  const first = await db
    .selectFrom('organizations')
    .select('id')
    .orderBy('createdAt')
    .orderBy('id')
    .executeTakeFirst()
  return first?.id === organizationId
}
