import { isWithin } from '../credential/address-range.ts'
import type { KeyRing } from '../credential/key-ring.ts'
import { prove, type ClientProof } from '../credential/proof.ts'
import { defaultLeeway, epochSeconds } from '../credential/time.ts'
import {
  createStanding,
  isRevision,
  judgeStanding,
  markKey,
  type Standing,
} from '../standing/standing.ts'
import type { Reader, Store } from '../store/store.ts'
import type { Clock } from '../system/clock.ts'
import type { ImportRing } from './imported-ring.ts'
import { revokedAt } from './revoked-tokens.ts'
import { readIssuers, readMarks } from './snapshot.ts'

/** Judges an access token by what the database says now: its proof, or `undefined` where it does not count. */
export type JudgeAccessToken = (token: string, source: string) => Promise<ClientProof | undefined>

/** Creates what judges access tokens as verifiers do. */
export function createAccessTokenJudge(
  store: Pick<Store, 'read' | 'snapshot'>,
  clock: Clock,
  importRing: ImportRing,
): JudgeAccessToken {
  return async (token, source) => {
    const now = epochSeconds(clock.wall() / 1000)
    const ring = await importRing(await store.read((db) => readIssuers(db)))
    const proof = prove(token, ring, now, defaultLeeway)
    if (typeof proof !== 'object' || proof.kind !== 'client') return undefined
    const { id, addresses } = proof.client
    if (addresses && !isWithin(addresses, source)) return undefined
    const standing = await store.snapshot((db) => standingOf(db, id, ring))
    const ended = await store.read((db) => revokedAt(db, proof.issuer, proof.jti))
    return ended === undefined && standing && !judgeStanding(standing, proof) ? proof : undefined
  }
}

/** As much of the standing as one client's tokens are judged by; none for a client that never was. */
export async function standingOf(
  db: Reader,
  id: string,
  ring: KeyRing,
): Promise<Standing | undefined> {
  const row = await db
    .selectFrom('apiCredentials')
    .select(['generation', 'deletedAt'])
    .where('clientId', '=', id)
    .executeTakeFirst()
  const { revision } = await db.selectFrom('counters').select('revision').executeTakeFirstOrThrow()
  if (!row || !isRevision(revision)) return undefined
  const marks = await readMarks(db)
  const standing = createStanding({
    revision,
    issuers: [],
    revokedTables: [],
    accepted: undefined,
    gateways: new Map(),
    environments: new Map(),
    clients: new Map([[id, { deleted: row.deletedAt !== null, generation: row.generation }]]),
    marks: new Map(marks.map(({ subject, notBefore }) => [markKey(subject), notBefore])),
  })
  return { ...standing, ring }
}
