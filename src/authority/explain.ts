// Why a credential is refused, or is not, as the operator needs to know it: the same steps as at a verifier, judged by
// what the database says now, and for what has ended, who ended it and when.

import type { Static } from 'typebox'
import type { Proof } from '../credential/proof.ts'
import { defaultLeeway, epochSeconds, type EpochSeconds } from '../credential/time.ts'
import {
  explainToken,
  proofOf,
  type Explanation,
  type TokenExplanation,
} from '../decision/explain.ts'
import { importIssuers } from '../standing/snapshot-issuer.ts'
import { createRevokedSet } from '../standing/revoked-set.ts'
import {
  createStanding,
  isRevision,
  markKey,
  type ClosedState,
  type Standing,
} from '../standing/standing.ts'
import type { Reader } from '../store/store.ts'
import { endOf, endOfRefusal, type End } from './ends.ts'
import { operations } from './operations.ts'
import { found, invalidData, notFound, type Outcome } from './outcome.ts'
import type { Parts } from './parts.ts'
import { bind, type Call, type Route } from './route.ts'
import type { explainRequest } from './explain-operation.ts'
import { revokedAt } from './revoked-tokens.ts'
import { readIssuers, readMarks } from './snapshot.ts'

/** A refusal of a verifier in this process. */
interface RecalledRefusal extends Explanation {
  readonly door: string
  readonly credentialId: string | undefined
  readonly gatewayId: string | undefined
  readonly environmentId: string | undefined
  readonly clientId: string | undefined
}

/** Recalls a refusal by its decision's id. */
export type Recall = (decisionId: string) => Promise<RecalledRefusal | undefined>

export interface ExplainParts extends Parts {
  /** `undefined` where no verifier runs in this process. */
  readonly recall: Recall | undefined
}

type ExplainCall = Pick<Call, 'caller' | 'id'>

/** What becomes of a token, and what became of a question. */
export function createExplainRoutes(parts: ExplainParts): readonly Route[] {
  return [bind(operations.explain, (call) => explain(parts, call, call.body))]
}

async function explain(
  parts: ExplainParts,
  call: ExplainCall,
  { token, decisionId }: Static<typeof explainRequest>,
): Promise<Outcome> {
  if (token !== undefined && decisionId === undefined) return ofToken(parts, call, token)
  if (decisionId !== undefined && token === undefined) return ofDecision(parts, call, decisionId)
  const message = 'either this or decisionId has to be there'
  return invalidData({ code: 'REQUIRED_VALUE', target: 'token', message })
}

async function ofToken(parts: ExplainParts, call: ExplainCall, token: string): Promise<Outcome> {
  const wall = parts.clock.wall()
  const now = epochSeconds(wall / 1000)
  const environmentId = call.id('environmentId')
  const { explained, end } = await parts.store.read(async (db) => {
    const standing = await standingFor(db, token, { environmentId, now })
    const view = { standing, freshness: 'fresh', leeway: defaultLeeway, outage } as const
    const read = explainToken(token, view, now)
    return { explained: read, end: await endOf(db, read, token) }
  })
  return found(showExplained(explained, end, wall))
}

const outage = {
  noState: 'unavailable',
  expired: 'unavailable',
  internalError: 'unavailable',
} as const

function showExplained(
  { decision, reason, revision, steps, proof }: TokenExplanation,
  end: End | undefined,
  wall: number,
) {
  return {
    decision,
    reason,
    revision,
    credentialId: proof?.jti,
    gatewayId: proof?.kind === 'gateway' ? proof.gateway.id : undefined,
    ...withEnd(steps, end, wall),
  }
}

/** The steps, where the one that failed says who ended it and when. */
function withEnd(steps: Explanation['steps'], end: End | undefined, wall: number) {
  const told = steps.map(({ step, result, detail }) => ({
    step,
    result,
    detail: end && result === 'failed' ? sentence(end, wall) : detail,
  }))
  const ended = end && {
    by: end.by,
    at: new Date(end.at).toISOString(),
    revision: end.revision ?? undefined,
  }
  return { steps: told, ended }
}

function sentence({ what, by, at, revision }: End, wall: number): string {
  const number = revision === null ? '' : ` at revision ${revision}`
  return `${what} ${ago(wall - at)} by ${by}${number}`
}

const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const

function ago(milliseconds: number): string {
  for (const [unit, length] of units) {
    const count = Math.floor(milliseconds / length)
    if (count > 0) return `${count} ${unit}${count === 1 ? '' : 's'} ago`
  }
  return 'a moment ago'
}

interface Asked {
  readonly environmentId: string
  readonly now: EpochSeconds
}

/** The standing as far as it concerns one token, in the environment that is asked about. */
async function standingFor(db: Reader, token: string, asked: Asked): Promise<Standing> {
  const { revision } = await db.selectFrom('counters').select('revision').executeTakeFirstOrThrow()
  if (!isRevision(revision)) throw new TypeError('not a revision')
  const marks = await readMarks(db)
  const nothing = {
    revision,
    issuers: await importIssuers(await readIssuers(db, [asked.environmentId])),
    revokedTables: [],
    accepted: new Set([asked.environmentId]),
    gateways: new Map<string, ClosedState>(),
    environments: new Map<string, ClosedState>(),
    clients: new Map(),
    marks: new Map(marks.map(({ subject, notBefore }) => [markKey(subject), notBefore])),
  }
  const standing = createStanding(nothing)
  const proof = proofOf(token, { standing, leeway: defaultLeeway }, asked.now)
  if (!proof) return standing
  return createStanding({ ...nothing, ...(await factsOf(db, proof, asked.environmentId)) })
}

/** What is known of the holder of a proof; nothing, where that is of another environment. */
async function factsOf(db: Reader, proof: Proof, environmentId: string) {
  const revoked = createRevokedSet()
  if (proof.kind === 'client') {
    const ended = await revokedAt(db, proof.issuer, proof.jti)
    if (ended !== undefined) revoked.add(proof.id, 'explained')
    return { clients: await clientOf(db, proof.client.id), revokedTables: revoked.tables }
  }
  if (proof.kind !== 'gateway' || proof.gateway.environmentId !== environmentId) return {}
  const [credential, gateway, environment] = await Promise.all([
    db
      .selectFrom('credentials')
      .select('revokedAt')
      .where('id', '=', proof.jti)
      .where('environmentId', '=', environmentId)
      .executeTakeFirst(),
    db
      .selectFrom('gateways')
      .select(['enabled', 'deletedAt'])
      .where('id', '=', proof.gateway.id)
      .where('environmentId', '=', environmentId)
      .executeTakeFirst(),
    db
      .selectFrom('environments')
      .select(['enabled', 'deletedAt'])
      .where('id', '=', environmentId)
      .executeTakeFirst(),
  ])
  if (credential && credential.revokedAt !== null) revoked.add(proof.id, 'explained')
  return {
    revokedTables: revoked.tables,
    gateways: closedStates(proof.gateway.id, gateway),
    environments: closedStates(environmentId, environment),
  }
}

function closedStates(
  id: string,
  row: { readonly enabled: 0 | 1; readonly deletedAt: number | null } | undefined,
): ReadonlyMap<string, ClosedState> {
  if (!row || (row.enabled === 1 && row.deletedAt === null)) return new Map()
  return new Map([[id, row.deletedAt === null ? 'disabled' : 'deleted']])
}

async function clientOf(db: Reader, clientId: string) {
  const row = await db
    .selectFrom('apiCredentials')
    .select(['generation', 'deletedAt'])
    .where('clientId', '=', clientId)
    .executeTakeFirst()
  if (!row) return new Map()
  return new Map([[clientId, { generation: row.generation, deleted: row.deletedAt !== null }]])
}

async function ofDecision(
  { recall, store, clock }: ExplainParts,
  call: ExplainCall,
  decisionId: string,
): Promise<Outcome> {
  const recalled = await recall?.(decisionId)
  if (!recalled || (await isOfOther(store, call, recalled))) return notFound()
  const { decision, reason, revision, steps, door, credentialId, gatewayId } = recalled
  const end = await store.read((db) => endOfRefusal(db, recalled))
  const told = withEnd(steps, end, clock.wall())
  return found({ decision, reason, revision, door, credentialId, gatewayId, ...told })
}

/** A gateway's environment says whose a refusal is, and where there was none, the organization of the client. */
async function isOfOther(
  store: ExplainParts['store'],
  { caller, id }: ExplainCall,
  { environmentId, clientId }: RecalledRefusal,
): Promise<boolean> {
  if (environmentId !== undefined) return environmentId !== id('environmentId')
  if (clientId === undefined) return false
  const row = await store.read((db) =>
    db
      .selectFrom('apiCredentials')
      .select('organizationId')
      .where('clientId', '=', clientId)
      .executeTakeFirst(),
  )
  return row !== undefined && row.organizationId !== caller.organizationId
}
