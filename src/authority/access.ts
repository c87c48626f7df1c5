import { prove } from '../credential/proof.ts'
import { defaultLeeway, epochSeconds } from '../credential/time.ts'
import type { Reader, Store } from '../store/store.ts'
import type { Clock } from '../system/clock.ts'
import type { Access, Role } from './operation.ts'
import { denied, notFound, unauthenticated, type Refusal } from './outcome.ts'
import type { SigningKeys } from './signing-keys.ts'

/** The administrator who asks. */
export interface Caller {
  readonly id: string
  readonly clientId: string
  readonly role: Role
  readonly organizationId: string
  /** The one environment that they may see; `null` for all of the organization. */
  readonly environmentId: string | null
}

/** Which tenant a path names. */
interface NamedTenant {
  readonly organizationId: string | undefined
  readonly environmentId: string | undefined
}

/** Somebody who may ask, or why not; `who` is then what is known of them. */
export type Admission =
  | { readonly kind: 'admitted'; readonly caller: Caller }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly who: Caller | undefined }

export interface AccessParts {
  readonly store: Store
  readonly keys: SigningKeys
  readonly clock: Clock
}

/** Finds out who asks and whether they may. */
export type Guard = (
  authorization: readonly string[],
  access: Exclude<Access, { readonly kind: 'public' }>,
  tenant: NamedTenant,
) => Promise<Admission>

/** Creates the guard that stands before every handler. */
export function createGuard({ store, keys, clock }: AccessParts): Guard {
  return async (authorization, access, tenant) => {
    const token = bearerOf(authorization)
    const now = epochSeconds(clock.wall() / 1000)
    const proof = token === undefined ? undefined : prove(token, keys.ring(), now, defaultLeeway)
    if (typeof proof !== 'object' || proof.kind !== 'administrator') {
      return { kind: 'refused', refusal: unauthenticated(), who: undefined }
    }
    const [caller, environment] = await Promise.all([
      store.read((db) => findCaller(db, proof.subject)),
      findEnvironment(store, tenant.environmentId, access),
    ])
    if (!caller) return { kind: 'refused', refusal: unauthenticated(), who: undefined }
    const refusal = refusalOf(caller, access, tenant, environment)
    return refusal ? { kind: 'refused', refusal, who: caller } : { kind: 'admitted', caller }
  }
}

/** The token of the one `Authorization: Bearer` of a request. */
export function bearerOf(authorization: readonly string[]): string | undefined {
  const [value = '', ...others] = authorization
  const [, token] = /^bearer +(\S+)$/i.exec(value) ?? []
  return others.length === 0 ? token : undefined
}

// A token says who somebody was when they bought it. Who they are now is asked each time: management is no hot path,
// and who has been revoked is refused at once.
export async function findCaller(
  db: Pick<Reader, 'selectFrom'>,
  id: string,
): Promise<Caller | undefined> {
  const row = await db
    .selectFrom('administrators')
    .select(['id', 'clientId', 'role', 'organizationId', 'environmentId'])
    .where('id', '=', id)
    .where('revokedAt', 'is', null)
    .executeTakeFirst()
  return row && isRole(row.role) ? { ...row, role: row.role } : undefined
}

interface EnvironmentOf {
  readonly organizationId: string
}

/** In the path of its organization an environment is the thing itself: its handler knows what it is once deleted. */
async function findEnvironment(
  store: Store,
  id: string | undefined,
  { kind }: Access,
): Promise<EnvironmentOf | undefined> {
  if (id === undefined) return undefined
  const row = await store.read((db) =>
    db
      .selectFrom('environments')
      .select(['organizationId', 'deletedAt'])
      .where('id', '=', id)
      .executeTakeFirst(),
  )
  return row?.deletedAt === null || kind === 'organization' ? row : undefined
}

const grants: Readonly<Record<Role, ReadonlySet<Role>>> = {
  'organization-admin': new Set([
    'organization-admin',
    'environment-admin',
    'api-credentials-editor',
    'viewer',
  ]),
  'environment-admin': new Set(['environment-admin', 'viewer']),
  'api-credentials-editor': new Set(['api-credentials-editor', 'viewer']),
  viewer: new Set(['viewer']),
}

function isRole(text: string): text is Role {
  return Object.hasOwn(grants, text)
}

/** Another tenant's things are not there; in the caller's own tenant it is said that they may not. */
function refusalOf(
  caller: Caller,
  access: Exclude<Access, { readonly kind: 'public' }>,
  tenant: NamedTenant,
  environment: EnvironmentOf | undefined,
): Refusal | undefined {
  const { organizationId, environmentId } = tenant
  if (organizationId !== undefined && organizationId !== caller.organizationId) return notFound()
  if (environmentId !== undefined && environment?.organizationId !== caller.organizationId) {
    return notFound()
  }
  if (!grants[caller.role].has(access.role)) return denied()
  if (caller.environmentId === null) return undefined
  if (environmentId !== undefined && environmentId !== caller.environmentId) return denied()
  return access.kind === 'organization' && !access.bounded ? denied() : undefined
}
