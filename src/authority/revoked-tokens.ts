import type { Reader } from '../store/store.ts'

/** The revision at which an access token was revoked by itself, if it was. */
export async function revokedAt(
  db: Pick<Reader, 'selectFrom'>,
  issuer: string,
  jti: string,
): Promise<number | undefined> {
  const row = await db
    .selectFrom('revokedTokens')
    .select('revision')
    .where('issuer', '=', issuer)
    .where('jti', '=', jti)
    .executeTakeFirst()
  return row?.revision
}
