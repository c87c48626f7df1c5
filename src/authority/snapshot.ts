import type { RevokedPage } from './feed/snapshot-pack.ts'
import { readJwk } from './signing-keys.ts'
import { epochSeconds } from '../credential/time.ts'
import { isJsonObject, parseJsonObject } from '../credential/strict-json.ts'
import { readChange } from '../standing/change.ts'
import type { SnapshotFacts } from '../standing/snapshot-body.ts'
import type { RevokedEntry, StandingSnapshot } from '../standing/snapshot.ts'
import type { SnapshotIssuer } from '../standing/snapshot-issuer.ts'
import { isRevision, type ClosedState } from '../standing/standing.ts'
import type { Reader, Store } from '../store/store.ts'
import type { Clock } from '../system/clock.ts'

const pageSize = 5000

/** A standing without who is revoked, and the link that the chain of changes has come to. */
interface ReadFacts {
  readonly facts: SnapshotFacts
  readonly chain: string
}

/** Reads the whole standing at one revision. */
export async function readSnapshot(store: Store, clock: Clock): Promise<StandingSnapshot> {
  return store.snapshot(async (db) => {
    const { facts } = await readStandingFacts(db, clock)
    const revoked: RevokedEntry[] = []
    for await (const { issuer, kid, ids, exp } of revokedPages(db)) {
      revoked.push(...ids.split(',').map((jti) => ({ issuer, jti, kid, exp })))
    }
    return { ...facts, revoked }
  })
}

/** Reads a standing but for who is revoked, or the part of it that is for some environments. */
export async function readStandingFacts(
  db: Reader,
  clock: Clock,
  environmentIds?: readonly string[],
): Promise<ReadFacts> {
  const { revision, chain } = await db
    .selectFrom('counters')
    .select(['revision', 'chain'])
    .executeTakeFirstOrThrow()
  if (!isRevision(revision)) throw new TypeError('not a revision')
  const { epoch } = await db.selectFrom('installation').select('epoch').executeTakeFirstOrThrow()
  const facts = {
    epoch,
    revision,
    at: clock.wall(),
    issuers: await readIssuers(db, environmentIds),
    gateways: await readGateways(db, environmentIds),
    environments: await readEnvironments(db, environmentIds),
    clients: await readClients(db, environmentIds),
    marks: await readMarks(db),
  }
  return { facts, chain }
}

/**
 * Reads under which names credentials are issued, with the keys that are trusted. Whose access tokens count is bounded
 * as environments are: to a verifier of one organization another one's audience is none.
 */
export async function readIssuers(
  db: Reader,
  environmentIds?: readonly string[],
): Promise<readonly SnapshotIssuer[]> {
  const keys = await db
    .selectFrom('signingKeys')
    .select('publicJwk')
    .where('state', '!=', 'retired')
    .orderBy('kid')
    .execute()
  const all = db.selectFrom('organizations')
  const some = environmentIds
    ? all.where('id', 'in', (eb) =>
        eb.selectFrom('environments').select('organizationId').where('id', 'in', environmentIds),
      )
    : all
  const organizations = await some.select('audience').orderBy('audience').execute()
  const issuers = await db
    .selectFrom('issuers')
    .select(['name', 'audience'])
    .orderBy('name')
    .orderBy('audience')
    .execute()
  const jwks = { keys: keys.map(({ publicJwk }) => readJwk(publicJwk)) }
  const clientAudiences = organizations.map(({ audience }) => audience)
  return [...Map.groupBy(issuers, ({ name }) => name)].map(([name, rows]) => ({
    name,
    jwks,
    gatewayAudiences: rows.map(({ audience }) => audience),
    clientAudiences,
  }))
}

/**
 * The revoked credentials whose key is still trusted; with a retired key they are dead anyway. The database joins the
 * ids, since a million rows of their own would hold up whoever takes them.
 */
export async function* revokedPages(
  db: Reader,
  environmentIds?: readonly string[],
): AsyncGenerator<RevokedPage> {
  for (let after = '', more = true; more;) {
    const all = db
      .selectFrom('credentials')
      .innerJoin('signingKeys', 'signingKeys.kid', 'credentials.kid')
    const some = environmentIds ? all.where('environmentId', 'in', environmentIds) : all
    const page = some
      .select(['credentials.id', 'credentials.issuer', 'credentials.kid'])
      .where('credentials.id', '>', after)
      .where('revokedAt', 'is not', null)
      .where('state', '!=', 'retired')
      .orderBy('credentials.id')
      .limit(pageSize)
    const rows = await db
      .selectFrom(page.as('page'))
      .select((eb) => [
        'issuer',
        'kid',
        eb.fn.agg<string>('string_agg', ['id', eb.val(',')]).as('ids'),
        eb.fn.max('id').as('last'),
        eb.fn.countAll().as('count'),
      ])
      .groupBy(['issuer', 'kid'])
      .execute()
    yield* rows.map(({ issuer, kid, ids }) => ({ issuer, kid, ids, exp: undefined }))
    more = rows.reduce((sum, { count }) => sum + Number(count), 0) === pageSize
    after = rows.reduce((last, row) => (row.last > last ? row.last : last), after)
  }
  yield* await readRevokedTokens(db, environmentIds)
}

/** Access tokens that were revoked one by one. */
async function readRevokedTokens(
  db: Reader,
  environmentIds: readonly string[] | undefined,
): Promise<readonly RevokedPage[]> {
  const all = db
    .selectFrom('revokedTokens')
    .innerJoin('signingKeys', 'signingKeys.kid', 'revokedTokens.kid')
  const some = environmentIds
    ? all.where('organizationId', 'in', (eb) =>
        eb.selectFrom('environments').select('organizationId').where('id', 'in', environmentIds),
      )
    : all
  const rows = await some
    .select(['issuer', 'jti', 'revokedTokens.kid', 'expiresAt'])
    .where('state', '!=', 'retired')
    .orderBy('jti')
    .execute()
  return rows.map(({ issuer, jti, kid, expiresAt }) => ({
    issuer,
    kid,
    ids: jti,
    exp: epochSeconds(expiresAt),
  }))
}

async function readGateways(db: Reader, environmentIds: readonly string[] | undefined) {
  const all = db.selectFrom('gateways')
  const rows = await (environmentIds ? all.where('environmentId', 'in', environmentIds) : all)
    .select(['id', 'deletedAt'])
    .where((eb) => eb.or([eb('enabled', '=', 0), eb('deletedAt', 'is not', null)]))
    .orderBy('id')
    .execute()
  return rows.map(closed)
}

async function readEnvironments(db: Reader, environmentIds: readonly string[] | undefined) {
  const all = db.selectFrom('environments')
  const rows = await (environmentIds ? all.where('id', 'in', environmentIds) : all)
    .select(['id', 'deletedAt'])
    .where((eb) => eb.or([eb('enabled', '=', 0), eb('deletedAt', 'is not', null)]))
    .orderBy('id')
    .execute()
  return rows.map(closed)
}

function closed({ id, deletedAt }: { readonly id: string; readonly deletedAt: number | null }) {
  const state: ClosedState = deletedAt === null ? 'disabled' : 'deleted'
  return { id, state }
}

/** Their tokens count in all environments of their organization, and nowhere else. */
async function readClients(db: Reader, environmentIds: readonly string[] | undefined) {
  const all = db.selectFrom('apiCredentials')
  const some = environmentIds
    ? all.where('organizationId', 'in', (eb) =>
        eb.selectFrom('environments').select('organizationId').where('id', 'in', environmentIds),
      )
    : all
  const rows = await some
    .select(['clientId', 'generation', 'deletedAt'])
    .where((eb) => eb.or([eb('generation', '>', 0), eb('deletedAt', 'is not', null)]))
    .orderBy('clientId')
    .execute()
  return rows.map(({ clientId, generation, deletedAt }) => ({
    id: clientId,
    deleted: deletedAt !== null,
    generation,
  }))
}

/** Marks have no table of their own: they are what the changes that set them say. */
export async function readMarks(db: Reader) {
  const rows = await db
    .selectFrom('changes')
    .select('body')
    .where('kind', '=', 'mark-set')
    .orderBy('revision')
    .execute()
  return rows.flatMap(({ body }) => {
    const payload = parseJsonObject(Buffer.from(body))
    const change = isJsonObject(payload) ? readChange(payload) : undefined
    if (change?.kind !== 'mark-set') throw new TypeError('a mark cannot be read')
    return [{ subject: change.subject, notBefore: change.notBefore }]
  })
}
