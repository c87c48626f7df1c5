/** Why the database cannot take or give anything just now. */
export type UnavailableReason =
  | 'full'
  | 'read-only'
  | 'io'
  | 'busy'
  | 'connection'
  | 'corrupt'
  | 'closed'

/** Whether a write that failed left the database as it was, or nobody can tell at present. */
export type WriteOutcome = 'unchanged' | 'unknown'

/** The database cannot be used now; a write that ends so has changed nothing unless `outcome` says `unknown`. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
  readonly reason: UnavailableReason
  readonly outcome: WriteOutcome

  constructor(reason: UnavailableReason, outcome: WriteOutcome = 'unchanged') {
    super(`the database is not available: ${reason}`)
    this.reason = reason
    this.outcome = outcome
  }
}

/** A write would break a constraint; `constraint` names it, alike on every engine. */
export class Conflict extends Error {
  override readonly name = 'Conflict'
  readonly kind: 'unique' | 'reference'
  readonly constraint: string

  constructor(kind: Conflict['kind'], constraint: string) {
    super(`${kind} constraint ${constraint} would be broken`)
    this.kind = kind
    this.constraint = constraint
  }
}

/** The database at this address may not be opened by this program; the message is one line for the operator. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused'
}

/** The names of the unique constraints, as a `Conflict` gives them. */
export type UniqueConstraint =
  | 'organizations_name_key'
  | 'organizations_audience_key'
  | 'environments_organizationId_name_key'
  | 'gateways_environmentId_name_key'
  | 'administrators_clientId_key'
  | 'apiCredentials_clientId_key'
  | 'apiCredentials_organizationId_name_key'
  | 'apiCredentials_organizationId_key'
  | 'verifiers_organizationId_name_key'
  | 'idempotencyKeys_pkey'

/** Whether the error says that this unique constraint would be broken. */
export function isConflictOn(error: unknown, constraint: UniqueConstraint): boolean {
  return error instanceof Conflict && error.kind === 'unique' && error.constraint === constraint
}
