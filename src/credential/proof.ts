// From a token to what may be believed of it, in this order; the first thing that is wrong is the reason:
//
//   form → issuer → key (by `kid`) → algorithm (the key's) → signature → kind (`typ`, `aud`) → claims → time
//
// A proof says that this exact token was signed by this key. It says nothing of whether it was revoked since.

import {
  audienceMatches,
  canonicalType,
  commonClaims,
  ownTypes,
  reservedTypes,
  type CommonClaims,
} from './claims.ts'
import { parseCompact, type Compact, type CompactReason } from './compact.ts'
import {
  administratorRoles,
  ownClient,
  ownGateway,
  outsideClient,
  outsideGateway,
  type ClientIdentity,
  type GatewayIdentity,
} from './identity.ts'
import { signsFor, type KeyRing, type Profile, type Trust, type TrustedKey } from './key-ring.ts'
import { revocationId, type RevocationId } from './revocation-id.ts'
import { isSignedBy, namedKey, type SignatureReason } from './signature.ts'
import { parseJsonObject, type JsonObject, type JsonValue } from './strict-json.ts'
import { judgeTime, type EpochSeconds, type Leeway, type TimeReason } from './time.ts'

interface ProofFacts extends CommonClaims {
  readonly issuer: string
  readonly key: TrustedKey
  readonly profile: Profile
  /** Under which revocations of this token are found. */
  readonly id: RevocationId
}

interface GatewayProof extends ProofFacts {
  readonly kind: 'gateway'
  readonly gateway: GatewayIdentity
}
export interface ClientProof extends ProofFacts {
  readonly kind: 'client'
  readonly client: ClientIdentity
}
interface AdministratorProof extends ProofFacts {
  readonly kind: 'administrator'
  readonly subject: string
  readonly roles: readonly JsonObject[]
}
export type Proof = GatewayProof | ClientProof | AdministratorProof

export type ProofReason =
  | CompactReason
  | SignatureReason
  | 'issuer-unknown'
  | 'keys-unread'
  | 'type-refused'
  | 'audience-refused'
  | 'claims-malformed'
  | 'lifetime-too-long'
  | 'key-closed'
  | TimeReason

/** Tokens of API clients may live for a day at the most, whoever issued them. */
const clientLifetimeMax = 86_400

/** A token that names a key of an issuer that is trusted; whether that key signed it is not known yet. */
export interface Claimed {
  readonly compact: Compact
  readonly payload: JsonObject
  readonly trust: Trust
  readonly key: TrustedKey
}

/** Why a token will never prove anything. */
type LastingReason = Exclude<ProofReason, TimeReason>

/** Proves a token, or says why it proves nothing now. */
export function prove(
  token: string,
  ring: KeyRing,
  now: EpochSeconds,
  leeway: Leeway,
): Proof | ProofReason {
  const claimed = readClaimed(token, ring)
  const proof = typeof claimed === 'string' ? claimed : proveClaimed(claimed)
  return typeof proof === 'string' ? proof : (judgeTime(proof, now, leeway) ?? proof)
}

/** The first half of a proof, which is cheap: all that is in front of the signature. */
export function readClaimed(token: string, ring: KeyRing): Claimed | LastingReason {
  const compact = parseCompact(token)
  if (typeof compact === 'string') return compact
  const payload = parseJsonObject(compact.payload)
  if (!payload) return 'token-malformed'
  const { iss } = payload
  const trust = typeof iss === 'string' ? ring.issuer(iss) : undefined
  if (!trust) return 'issuer-unknown'
  if (trust.isUnread) return 'keys-unread'
  const key = namedKey(compact, trust)
  return typeof key === 'string' ? key : { compact, payload, trust, key }
}

/** The second half, whatever the time: the signature, and what is behind it. */
export function proveClaimed({ compact, payload, trust, key }: Claimed): Proof | LastingReason {
  if (!isSignedBy(key, compact)) return 'signature-invalid'
  const profile = profileOf(compact.header, payload, key, trust.profiles)
  if (typeof profile === 'string') return profile
  const common = commonClaims(payload)
  if (!common) return 'claims-malformed'
  const proof = read(payload, {
    ...common,
    issuer: trust.name,
    key,
    profile,
    id: revocationId(trust.name, common.jti),
  })
  if (!proof) return 'claims-malformed'
  return boundReason(proof) ?? proof
}

/** What its key or its kind has against the times of a proof. */
function boundReason(proof: Proof): 'key-closed' | 'lifetime-too-long' | undefined {
  const { issuedAt, key } = proof
  const { issuedUntil } = key
  if (issuedUntil !== undefined && (issuedAt === undefined || issuedAt > issuedUntil)) {
    return 'key-closed'
  }
  return livesTooLong(proof) ? 'lifetime-too-long' : undefined
}

function profileOf(
  header: JsonObject,
  payload: JsonObject,
  key: TrustedKey,
  profiles: readonly Profile[],
) {
  const { typ } = header
  const type = canonicalType(typ)
  const typed = profiles.filter((profile) => typeMatches(typ, type, profile))
  if (typed.length === 0) return 'type-refused'
  const { aud } = payload
  const meant = typed.filter(({ audiences }) => audienceMatches(aud, audiences))
  if (meant.length === 0) return 'audience-refused'
  // A key that signs for one kind of an issuer's tokens is unknown to the others.
  return meant.find((profile) => signsFor(key, profile)) ?? 'key-unknown'
}

function typeMatches(
  typ: JsonValue | undefined,
  type: string | undefined,
  { typ: wanted, kind }: Profile,
): boolean {
  if (type === undefined) return typ === undefined && wanted === undefined
  if (reservedTypes.has(type) && type !== ownTypes[kind]) return false
  return wanted === undefined || type === wanted
}

function read(payload: JsonObject, facts: ProofFacts): Proof | undefined {
  const { own, kind, gatewayClaim } = facts.profile
  switch (kind) {
    case 'gateway': {
      const gateway = own ? ownGateway(payload) : outsideGateway(payload, gatewayClaim)
      return gateway && Object.assign(facts, { kind, gateway })
    }
    case 'client': {
      const client = own ? ownClient(payload) : outsideClient(payload)
      return client && Object.assign(facts, { kind, client })
    }
    case 'administrator': {
      const roles = administratorRoles(payload)
      const { sub } = payload
      return roles && typeof sub === 'string' ? { kind, ...facts, subject: sub, roles } : undefined
    }
  }
}

/** A token that has to be bounded and does not say by what lives for ever. */
function livesTooLong({ kind, issuedAt, expiresAt }: Proof): boolean {
  if (kind === 'gateway') return false
  return (
    expiresAt === undefined || issuedAt === undefined || expiresAt - issuedAt > clientLifetimeMax
  )
}
