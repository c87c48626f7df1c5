// What is stored. Ids are text, times are milliseconds since 1970, JSON is text, flags are 0 or 1.
// What can be revoked or deleted stays as a tombstone: its credentials have to be refused for as long as their
// signatures hold, and its revision is what a repeated delete waits for.

/** A truth value as both engines keep it. */
type Flag = 0 | 1

/** What this installation is; one row. */
interface InstallationTable {
  singleton: 1
  id: string
  epoch: string
  pepper: string | null
  keyEncryptionKey: string | null
  createdAt: number
  /** Until when verifiers may judge that this database does not know, since it was put back to a former time. */
  strangersUntil: number | null
}

/** Under which name and for which audience credentials are, or were, issued. */
interface IssuerTable {
  name: string
  audience: string
  createdAt: number
}

interface OrganizationTable {
  id: string
  name: string
  audience: string
  createdAt: number
}

interface EnvironmentTable {
  id: string
  organizationId: string
  name: string
  description: string | null
  enabled: Flag
  createdAt: number
  updatedAt: number
  deletedAt: number | null
  deletedRevision: number | null
}

interface GatewayTable {
  id: string
  environmentId: string
  name: string
  description: string | null
  type: string
  enabled: Flag
  createdAt: number
  updatedAt: number
  deletedAt: number | null
  deletedRevision: number | null
  settings: string | null
}

/** A gateway credential; `id` is its `jti`, `facts` the claims it was issued with. The token is nowhere. */
interface CredentialTable {
  id: string
  gatewayId: string
  environmentId: string
  issuer: string
  kid: string
  issuedAt: number
  facts: string
  revokedAt: number | null
  revokedRevision: number | null
  lastUsedAt: number | null
  useCount: number
}

/** Where a credential was used of late. */
interface CredentialSourceTable {
  credentialId: string
  source: string
  lastAt: number
  count: number
}

interface AdministratorTable {
  id: string
  organizationId: string
  environmentId: string | null
  clientId: string
  name: string
  role: string
  secretHash: string
  pepper: string
  createdAt: number
  lastUsedAt: number | null
  revokedAt: number | null
  revokedRevision: number | null
}

/** `scopes` and `allowedAddresses` are JSON lists; a deleted row keeps its client id from being given out again. */
interface ApiCredentialTable {
  id: string
  organizationId: string
  clientId: string
  name: string
  isPrimary: Flag
  audience: string
  scopes: string
  allowedAddresses: string
  generation: number
  secretHash: string
  pepper: string
  previousSecretHash: string | null
  previousPepper: string | null
  previousExpiresAt: number | null
  previousLastUsedAt: number | null
  previousUseCount: number
  createdAt: number
  updatedAt: number
  rotatedAt: number | null
  lastUsedAt: number | null
  deletedAt: number | null
  deletedRevision: number | null
}

/** `privateKey` is encrypted under the key that `keyEncryptionKey` names and that is not in the database. */
interface SigningKeyTable {
  kid: string
  alg: string
  state: 'next' | 'active' | 'retired'
  publicJwk: string
  privateKey: Uint8Array | null
  keyEncryptionKey: string
  createdAt: number
  activatedAt: number | null
  retiredAt: number | null
  retiredRevision: number | null
}

/** A verifier's enrolment. */
interface VerifierTable {
  id: string
  organizationId: string
  name: string
  secretHash: string
  pepper: string
  createdAt: number
  revokedAt: number | null
  revokedRevision: number | null
}

/** A process that follows under an enrolment, and what it last reported; `leaseMs` is for how long it judges unheard. */
interface VerifierInstanceTable {
  verifierId: string
  instance: string
  version: string | null
  revision: number | null
  freshness: string | null
  lastSeenAt: number | null
  leaseMs: number
  leaseEndsAt: number
}

interface VerifierEnvironmentTable {
  verifierId: string
  environmentId: string
}

/** One entry of the audit chain; `hash` is over `previous` and all the rest. */
export interface AuditTable {
  sequence: number
  at: number
  organizationId: string | null
  environmentId: string | null
  actor: string
  action: string
  target: string
  outcome: string
  revision: number | null
  details: string
  previous: string
  hash: string
}

/** The outbox of the feed; `chain` is over the previous chain value and the digest of `body`. */
export interface ChangeTable {
  revision: number
  kind: string
  organizationId: string | null
  environmentId: string | null
  at: number
  body: string
  chain: string
}

/** The ends of both chains; one row, and on Postgres the lock that puts writes in order. */
export interface CounterTable {
  singleton: 1
  revision: number
  chain: string
  auditSequence: number
  auditHash: string
}

/** What was said of a feed key at a revision; `line` is what was signed, `null` until then. */
interface FeedAnnouncementTable {
  revision: number
  kid: string
  line: string | null
}

/** An access token that was revoked by itself; `expiresAt` is in seconds, as in the token. */
interface RevokedTokenTable {
  issuer: string
  jti: string
  kid: string
  organizationId: string
  expiresAt: number
  revision: number
}

/** The place of a credential in the status lists. */
interface StatusEntryTable {
  place: number
  credentialId: string
}

/** `answer` holds the facts of the first answer, never its secret. */
interface IdempotencyKeyTable {
  clientId: string
  path: string
  key: string
  requestHash: string
  status: number
  answer: string
  expiresAt: number
}

/** The tables by name. */
export interface Schema {
  installation: InstallationTable
  issuers: IssuerTable
  organizations: OrganizationTable
  environments: EnvironmentTable
  gateways: GatewayTable
  credentials: CredentialTable
  credentialSources: CredentialSourceTable
  administrators: AdministratorTable
  apiCredentials: ApiCredentialTable
  signingKeys: SigningKeyTable
  feedKeys: SigningKeyTable
  feedAnnouncements: FeedAnnouncementTable
  revokedTokens: RevokedTokenTable
  statusEntries: StatusEntryTable
  verifiers: VerifierTable
  verifierEnvironments: VerifierEnvironmentTable
  verifierInstances: VerifierInstanceTable
  audit: AuditTable
  changes: ChangeTable
  counters: CounterTable
  idempotencyKeys: IdempotencyKeyTable
  migrations: { version: number; name: string }
}
