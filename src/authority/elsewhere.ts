// Who names another tenant's thing under a path of their own finds nothing, as if it were nowhere. That they have named
// it is entered into the audit.

import type { Reader, Store } from '../store/store.ts'

/** Whether what a path names is there, but in another environment or organization than the path says. */
export type IsElsewhere = (parameters: ReadonlyMap<string, string>) => Promise<boolean>

type FindHome = (db: Reader, id: string) => Promise<{ readonly home: string } | undefined>

const homes: ReadonlyMap<string, FindHome> = new Map<string, FindHome>([
  ['gatewayId', (db, id) => inEnvironment(db, 'gateways', id)],
  ['credentialId', (db, id) => inEnvironment(db, 'credentials', id)],
  ['apiCredentialId', (db, id) => inOrganization(db, 'apiCredentials', id)],
  ['administratorId', (db, id) => inOrganization(db, 'administrators', id)],
  ['verifierId', (db, id) => inOrganization(db, 'verifiers', id)],
])

function inEnvironment(db: Reader, table: 'gateways' | 'credentials', id: string) {
  const rows = db.selectFrom(table).select('environmentId as home')
  return rows.where('id', '=', id).executeTakeFirst()
}

function inOrganization(
  db: Reader,
  table: 'apiCredentials' | 'administrators' | 'verifiers',
  id: string,
) {
  const rows = db.selectFrom(table).select('organizationId as home')
  return rows.where('id', '=', id).executeTakeFirst()
}

/** Creates what looks for things elsewhere. */
export function createIsElsewhere(store: Pick<Store, 'read'>): IsElsewhere {
  return async (parameters) => {
    const here = new Set([parameters.get('environmentId'), parameters.get('organizationId')])
    const found = await store.read((db) =>
      Promise.all([...parameters].map(async ([name, id]) => homes.get(name)?.(db, id))),
    )
    return found.some((row) => row !== undefined && !here.has(row.home))
  }
}
