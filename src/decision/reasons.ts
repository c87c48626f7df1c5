import type { ProofReason } from '../credential/proof.ts'
import type { StandingReason } from '../standing/standing.ts'
import type { CarrierReason } from './question.ts'

export type DenyReason =
  | CarrierReason
  | Exclude<ProofReason, OutageReason>
  | StandingReason
  | 'question-incomplete'
  | 'kind-refused'
  | 'environment-not-of-door'
  | 'gateway-type-not-of-door'
  | 'address-refused'
  | 'rate-exceeded'
  | 'denied-in-outage'
export type OutageReason =
  | 'no-state'
  | 'keys-unread'
  | 'state-expired'
  | 'keys-expired'
  | 'internal-error'
  | 'overloaded'
export type AllowReason = 'allowed' | 'allowed-in-outage'
export type Reason = AllowReason | DenyReason | OutageReason

/** The only texts that a caller ever sees; none of them tells revoked, unknown, expired and malformed apart. */
export const publicMessages = {
  allowed: 'allowed',
  missing: 'a credential is required',
  invalid: 'the credential is not accepted',
  incomplete: 'the question does not say which request it is about',
  limited: 'too many questions in a short time',
  unavailable: 'no decision is possible at the moment',
} as const

export type PublicMessage = keyof typeof publicMessages

/** What a reason means to the outside. */
export interface ReasonFacts {
  readonly status: 200 | 400 | 401 | 429 | 503
  readonly message: PublicMessage
  readonly outage: boolean
}

const allowed: ReasonFacts = { status: 200, message: 'allowed', outage: false }
const missing: ReasonFacts = { status: 401, message: 'missing', outage: false }
const invalid: ReasonFacts = { status: 401, message: 'invalid', outage: false }
const outage: ReasonFacts = { status: 503, message: 'unavailable', outage: true }

/** Every reason there is. `docs/reference/reasons.md` says of each what it means and what to check. */
export const reasons: Readonly<Record<Reason, ReasonFacts>> = {
  allowed,
  'allowed-in-outage': { ...allowed, outage: true },

  'credential-missing': missing,
  'credential-doubled': invalid,
  'credential-misplaced': invalid,
  'credential-malformed': invalid,
  'question-incomplete': { status: 400, message: 'incomplete', outage: false },
  'kind-refused': invalid,
  'environment-not-of-door': invalid,
  'gateway-type-not-of-door': invalid,
  'address-refused': invalid,
  'rate-exceeded': { status: 429, message: 'limited', outage: false },
  'denied-in-outage': { ...invalid, outage: true },

  'token-too-large': invalid,
  'token-malformed': invalid,
  'header-refused': invalid,
  'issuer-unknown': invalid,
  'key-unknown': invalid,
  'algorithm-refused': invalid,
  'signature-invalid': invalid,
  'type-refused': invalid,
  'audience-refused': invalid,
  'claims-malformed': invalid,
  'lifetime-too-long': invalid,
  'key-closed': invalid,
  expired: invalid,
  'not-yet-valid': invalid,
  'issued-in-future': invalid,

  'key-not-trusted': invalid,
  'credential-revoked': invalid,
  'gateway-disabled': invalid,
  'gateway-deleted': invalid,
  'environment-disabled': invalid,
  'environment-deleted': invalid,
  'environment-not-accepted': invalid,
  'client-deleted': invalid,
  'tokens-revoked': invalid,
  'issued-before-mark': invalid,

  'no-state': outage,
  'keys-unread': outage,
  'state-expired': outage,
  'keys-expired': outage,
  'internal-error': outage,
  overloaded: outage,
}
