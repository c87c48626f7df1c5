import type { StatusClaims } from '../credential/claims.ts'
import type { Store } from '../store/store.ts'

/** As many as stand in one list. */
export const placesPerList = 131_072

/** The URL of a list, which is also its `sub`. */
export function statusListUrl(publicUrl: string, list: number): string {
  return `${publicUrl}/.well-known/status-list/${list}`
}

/** Gives a credential a place that no other has had; one that is then not kept leaves it empty for ever. */
export async function takePlace(
  store: Store,
  publicUrl: string,
  credentialId: string,
): Promise<StatusClaims> {
  const place = await store.write(async ({ db }) => {
    const row = await db
      .selectFrom('statusEntries')
      .select('place')
      .orderBy('place', 'desc')
      .limit(1)
      .executeTakeFirst()
    const next = (row?.place ?? -1) + 1
    await db.insertInto('statusEntries').values({ place: next, credentialId }).execute()
    return next
  })
  const uri = statusListUrl(publicUrl, Math.floor(place / placesPerList))
  return { status: { status_list: { idx: place % placesPerList, uri } } }
}
