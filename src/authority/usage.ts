import type { Store, WriteTransaction } from '../store/store.ts'
import type { Clock } from '../system/clock.ts'

/** Successful uses of a credential from one place. */
export interface Use {
  readonly jti: string
  /** When the last of them was, in milliseconds since 1970. */
  readonly at: number
  readonly count: number
  /** Where the gateway that presented it asked from. */
  readonly source: string
}

interface Used {
  at: number
  count: number
}

interface UsedCredential extends Used {
  readonly sources: Map<string, Used>
}

const credentialsAtOnce = 100
const sourceLengthMax = 128
const sourcesKeptMs = 30 * 24 * 60 * 60 * 1000
const id = /^[0-9a-f-]{36}$/

/**
 * Notes uses of the credentials of some environments, of all where none are named: when the last was, never going back, how many there were, and from where. Nothing is noted of who has
 * been revoked meanwhile.
 */
export async function recordUsage(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  uses: readonly Use[],
  environmentIds?: readonly string[],
): Promise<void> {
  const now = clock.wall()
  const credentials = [...gather(uses, now)]
  for (let from = 0; from < credentials.length; from += credentialsAtOnce) {
    const some = credentials.slice(from, from + credentialsAtOnce)
    await store.write(async ({ db }) => {
      for (const [jti, used] of some) await keep(db, { jti, environmentIds }, used)
      await db
        .deleteFrom('credentialSources')
        .where('lastAt', '<', now - sourcesKeptMs)
        .execute()
    })
  }
}

function gather(uses: readonly Use[], now: number): ReadonlyMap<string, UsedCredential> {
  const credentials = new Map<string, UsedCredential>()
  for (const { jti, at, source, count: times } of uses) {
    if (!id.test(jti) || !isPlausible(at) || !isPlausible(times)) continue
    // To the second; a verifier's clock that is ahead must not hold the time of use there.
    const second = Math.floor(Math.min(at, now) / 1000) * 1000
    const used = credentials.get(jti) ?? { at: 0, count: 0, sources: new Map<string, Used>() }
    credentials.set(jti, used)
    count(used, second, times)
    const name = sourceName(source)
    const of = used.sources.get(name) ?? { at: 0, count: 0 }
    used.sources.set(name, of)
    count(of, second, times)
  }
  return credentials
}

function isPlausible(value: number): boolean {
  return Number.isFinite(value) && value >= 0
}

function count(used: Used, at: number, times: number): void {
  used.at = Math.max(used.at, at)
  used.count += Math.floor(times)
}

function sourceName(source: string): string {
  const plain = source.slice(0, sourceLengthMax).replaceAll(/[^\x20-\x7e]/g, '?')
  return plain === '' ? 'unknown' : plain
}

interface Whose {
  readonly jti: string
  readonly environmentIds: readonly string[] | undefined
}

async function keep(
  db: WriteTransaction['db'],
  { jti, environmentIds }: Whose,
  used: UsedCredential,
): Promise<void> {
  const all = db.updateTable('credentials')
  const { numUpdatedRows } = await (
    environmentIds ? all.where('environmentId', 'in', environmentIds) : all
  )
    .set((eb) => ({ useCount: eb('useCount', '+', used.count) }))
    .where('id', '=', jti)
    .where('revokedAt', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return
  await db
    .updateTable('credentials')
    .set({ lastUsedAt: used.at })
    .where('id', '=', jti)
    .where((eb) => eb.or([eb('lastUsedAt', 'is', null), eb('lastUsedAt', '<', used.at)]))
    .execute()
  for (const [source, of] of used.sources) await keepSource(db, jti, { source, ...of })
}

async function keepSource(
  db: WriteTransaction['db'],
  credentialId: string,
  { source, at, count: uses }: Used & { readonly source: string },
): Promise<void> {
  const row = { credentialId, source, lastAt: at, count: uses }
  await db
    .insertInto('credentialSources')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['credentialId', 'source']).doUpdateSet((eb) => ({
        count: eb('credentialSources.count', '+', uses),
      })),
    )
    .execute()
  await db
    .updateTable('credentialSources')
    .set({ lastAt: at })
    .where('credentialId', '=', credentialId)
    .where('source', '=', source)
    .where('lastAt', '<', at)
    .execute()
}
