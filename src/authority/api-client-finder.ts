import type { Schema } from '../store/schema.ts'
import type { Store } from '../store/store.ts'

/** An API credential as it is kept. */
export type ApiCredentialRow = Schema['apiCredentials']

/** Finds the API credential of a client id, as it is at the moment of the call or later. */
export type FindApiClient = (clientId: string) => Promise<ApiCredentialRow | undefined>

interface Asked {
  readonly clientId: string
  readonly settle: PromiseWithResolvers<ApiCredentialRow | undefined>
}

const atOnce = 500

/**
 * Creates what finds API credentials. Nothing is kept from one look to the next, so that who was deleted or rotated
 * is never found as they were; but whoever asks while a look is under way shares the next one with all others who do.
 */
export function createApiClientFinder(store: Pick<Store, 'read'>): FindApiClient {
  const waiting: Asked[] = []
  let looking = false
  const look = async () => {
    looking = true
    while (waiting.length > 0) await answer(store, waiting.splice(0, atOnce))
    looking = false
  }
  return (clientId) => {
    const settle = Promise.withResolvers<ApiCredentialRow | undefined>()
    waiting.push({ clientId, settle })
    if (!looking) void look()
    return settle.promise
  }
}

async function answer(store: Pick<Store, 'read'>, some: readonly Asked[]): Promise<void> {
  const ids = [...new Set(some.map(({ clientId }) => clientId))]
  try {
    const rows = await store.read((db) =>
      db
        .selectFrom('apiCredentials')
        .selectAll()
        .where('clientId', 'in', ids)
        .where('deletedAt', 'is', null)
        .execute(),
    )
    const found = new Map(rows.map((row) => [row.clientId, row]))
    for (const { clientId, settle } of some) settle.resolve(found.get(clientId))
  } catch (error) {
    for (const { settle } of some) settle.reject(error)
  }
}
