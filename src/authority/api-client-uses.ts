import type { Store, WriteTransaction } from '../store/store.ts'
import type { Clock } from '../system/clock.ts'
import type { Log } from '../telemetry/log.ts'
import { failure } from '../telemetry/safe-text.ts'
import type { ApiCredentialRow } from './api-client-finder.ts'
import { createTokenBuckets } from './token-buckets.ts'

/** Notes who has shown which secret, without anybody waiting for it. */
export interface ApiClientUses {
  readonly note: (row: ApiCredentialRow, secret: 'current' | 'previous', source: string) => void
  /** Writes down what was noted. */
  readonly close: () => Promise<void>
}

interface Uses {
  readonly organizationId: string
  readonly clientId: string
  lastAt: number
  previousCount: number
  /** Where the previous secret was used, as far as that has not been said of late. */
  readonly previousSources: Set<string>
}

const touchedMs = 60_000
const sources = { burst: 1, perSecond: 1 / 60 }
const sourcesAtOnce = 20

/** Creates what notes uses: when the last was, once a minute, and each one of a previous secret. */
export function createApiClientUses(store: Store, clock: Clock, log: Log): ApiClientUses {
  let noted = new Map<string, Uses>()
  let writing: Promise<void> | undefined
  const unsaid = createTokenBuckets(sources, clock)
  const writeAll = async () => {
    while (noted.size > 0) {
      const some = noted
      noted = new Map()
      try {
        await store.write((tx) => keep(tx, some))
      } catch (error) {
        log.warn('uses of API credentials were not noted', { why: failure(error) })
      }
    }
    writing = undefined
  }
  return {
    note({ id, organizationId, clientId, lastUsedAt }, secret, source) {
      const now = clock.wall()
      const previous = secret === 'previous'
      if (!previous && lastUsedAt !== null && now - lastUsedAt < touchedMs) return
      const uses = noted.get(id) ?? newUses(organizationId, clientId)
      noted.set(id, uses)
      uses.lastAt = now
      if (previous) {
        uses.previousCount += 1
        const room = uses.previousSources.size < sourcesAtOnce
        if (room && unsaid.take(`${id} ${source}`) === 0) uses.previousSources.add(source)
      }
      writing ??= writeAll()
    },
    close: async () => writing,
  }
}

function newUses(organizationId: string, clientId: string): Uses {
  return { organizationId, clientId, lastAt: 0, previousCount: 0, previousSources: new Set() }
}

async function keep(tx: WriteTransaction, some: ReadonlyMap<string, Uses>): Promise<void> {
  for (const [id, uses] of some) {
    const { lastAt, previousCount } = uses
    const update = tx.db.updateTable('apiCredentials').where('id', '=', id)
    const { numUpdatedRows } = await update
      .where('deletedAt', 'is', null)
      .set({ lastUsedAt: lastAt })
      .executeTakeFirst()
    if (numUpdatedRows === 0n || previousCount === 0) continue
    await update
      .set((eb) => ({
        previousLastUsedAt: lastAt,
        previousUseCount: eb('previousUseCount', '+', previousCount),
      }))
      .where('previousSecretHash', 'is not', null)
      .execute()
    for (const source of uses.previousSources) enter(tx, id, { ...uses, source })
  }
}

function enter(
  tx: WriteTransaction,
  target: string,
  { organizationId, clientId, lastAt, source }: Uses & { readonly source: string },
): void {
  tx.appendAudit({
    at: lastAt,
    organizationId,
    environmentId: null,
    actor: clientId,
    action: 'apiCredential.previousSecretUsed',
    target,
    outcome: 'done',
    revision: null,
    details: { source },
  })
}
