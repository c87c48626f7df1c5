import { prove, type Proof } from '../credential/proof.ts'
import { defaultLeeway, epochSeconds } from '../credential/time.ts'
import { judgeStanding } from '../standing/standing.ts'
import type { Reader, Store } from '../store/store.ts'
import type { Clock } from '../system/clock.ts'
import { standingOf } from './access-tokens.ts'
import type { ImportRing } from './imported-ring.ts'
import { revokedAt } from './revoked-tokens.ts'
import { readIssuers } from './snapshot.ts'

/** A token of this installation whose signature and time hold, whose it is, and whether it still counts. */
export interface JudgedToken {
  readonly proof: Exclude<Proof, { readonly kind: 'administrator' }>
  readonly organizationId: string
  readonly counts: boolean
}

/** Judges a token by what the database says now; `undefined` for what proves nothing. */
export type JudgeToken = (token: string) => Promise<JudgedToken | undefined>

/** Creates what judges tokens for who asks about them, as verifiers would. */
export function createTokenJudge(store: Store, clock: Clock, importRing: ImportRing): JudgeToken {
  return async (token) => {
    const now = epochSeconds(clock.wall() / 1000)
    const ring = await importRing(await store.read((db) => readIssuers(db)))
    const proof = prove(token, ring, now, defaultLeeway)
    if (typeof proof !== 'object' || proof.kind === 'administrator') return undefined
    return store.snapshot(async (db) => {
      if (proof.kind === 'gateway') {
        const row = await readCredential(db, proof.jti)
        return row && { proof, organizationId: row.organizationId, counts: isLive(row) }
      }
      const { id } = proof.client
      const client = await readClient(db, id)
      const standing = await standingOf(db, id, ring)
      if (!client || !standing) return undefined
      const ended = await revokedAt(db, proof.issuer, proof.jti)
      const counts = ended === undefined && judgeStanding(standing, proof) === undefined
      return { proof, organizationId: client.organizationId, counts }
    })
  }
}

function readCredential(db: Reader, id: string) {
  return db
    .selectFrom('credentials')
    .innerJoin('gateways', 'gateways.id', 'credentials.gatewayId')
    .innerJoin('environments', 'environments.id', 'credentials.environmentId')
    .select([
      'environments.organizationId',
      'credentials.revokedAt',
      'gateways.enabled as gatewayEnabled',
      'gateways.deletedAt as gatewayDeletedAt',
      'environments.enabled as environmentEnabled',
      'environments.deletedAt as environmentDeletedAt',
    ])
    .where('credentials.id', '=', id)
    .executeTakeFirst()
}

type CredentialFacts = NonNullable<Awaited<ReturnType<typeof readCredential>>>

function isLive(row: CredentialFacts): boolean {
  const ended = [row.revokedAt, row.gatewayDeletedAt, row.environmentDeletedAt]
  return (
    ended.every((at) => at === null) && row.gatewayEnabled === 1 && row.environmentEnabled === 1
  )
}

function readClient(db: Reader, clientId: string) {
  return db
    .selectFrom('apiCredentials')
    .select('organizationId')
    .where('clientId', '=', clientId)
    .executeTakeFirst()
}
