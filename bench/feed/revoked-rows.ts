import { randomUUID } from 'node:crypto'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'

/** Writes what many revocations would have left, and makes followers too late for the lines of it. */
export async function revokeMany(path: string, credential: string, count: number): Promise<void> {
  const store = await openStore({ url: `sqlite:${path}` })
  try {
    const id = credential.slice(credential.lastIndexOf('/') + 1)
    const [template] = await store.read((db) =>
      db.selectFrom('credentials').selectAll().where('id', '=', id).execute(),
    )
    if (!template) throw new Error('there is no credential to go by')
    const at = Date.now()
    for (let done = 0; done < count; done += 1000) {
      const rows = Array.from({ length: 1000 }, () => ({
        ...template,
        id: randomUUID(),
        facts: '{}',
        revokedAt: at,
        revokedRevision: 1,
      }))
      await store.write(({ db }) => db.insertInto('credentials').values(rows).execute())
    }
    await leapAhead(store)
  } finally {
    await store.close()
  }
}

function leapAhead(store: Store): Promise<unknown> {
  return store.write(async (tx) => {
    const { revision } = await tx.db
      .selectFrom('counters')
      .select('revision')
      .executeTakeFirstOrThrow()
    await tx.db
      .updateTable('counters')
      .set({ revision: revision + 1_000_000 })
      .execute()
  })
}
