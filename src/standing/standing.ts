// Everything that is in force at one revision. A standing never changes; a patch makes the next one, which takes its
// place in one assignment. Only the revoked set is shared and grows in place: an id may be found there a moment
// before the revision that revoked it, never after.

import { createKeyRing, stillTrusts, type Issuer, type KeyRing } from '../credential/key-ring.ts'
import type { ClientProof, Proof } from '../credential/proof.ts'
import type { EpochSeconds } from '../credential/time.ts'
import { viewRevoked, type RevokedView } from './revoked-set.ts'

declare const brand: unique symbol
/** The number of a step of the standing. */
export type Revision = number & { readonly [brand]: 'Revision' }

/** Whether a value can be the number of a revision. */
export function isRevision(value: unknown): value is Revision {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

export type ClosedState = 'disabled' | 'deleted'

/** What is known of an API credential beside its tokens. */
export interface ClientState {
  readonly deleted: boolean
  /** Tokens of a lower generation are dead. */
  readonly generation: number
}

/** Whom a not-before mark is set on. */
export interface MarkSubject {
  readonly kind: 'client' | 'gateway' | 'environment'
  readonly id: string
}

export interface Stamp {
  readonly revision: Revision
}

/** The facts of a standing, as they can be sent to another thread. */
export interface StandingFacts {
  readonly revision: Revision
  readonly issuers: readonly Issuer[]
  readonly revokedTables: readonly SharedArrayBuffer[]
  /** The environments whose credentials are accepted here; `undefined` for all. */
  readonly accepted: ReadonlySet<string> | undefined
  readonly gateways: ReadonlyMap<string, ClosedState>
  readonly environments: ReadonlyMap<string, ClosedState>
  readonly clients: ReadonlyMap<string, ClientState>
  readonly marks: ReadonlyMap<string, EpochSeconds>
}

export interface Standing extends StandingFacts {
  /** Stands for this very standing where holding on to it would hold on to its tables. */
  readonly stamp: Stamp
  readonly ring: KeyRing
  readonly revoked: RevokedView
}

/** Makes a standing of its facts. */
export function createStanding(facts: StandingFacts): Standing {
  return Object.freeze({
    ...facts,
    stamp: { revision: facts.revision },
    ring: createKeyRing(facts.revision, facts.issuers),
    revoked: viewRevoked(facts.revokedTables),
  })
}

/** The next standing: the facts that a patch names are replaced, the others stay. */
export function patchStanding(
  standing: Standing,
  patch: Partial<StandingFacts> & { readonly revision: Revision },
): Standing {
  return Object.freeze({
    ...standing,
    ...patch,
    stamp: { revision: patch.revision },
    ring: patch.issuers ? createKeyRing(patch.revision, patch.issuers) : standing.ring,
    revoked: patch.revokedTables ? viewRevoked(patch.revokedTables) : standing.revoked,
  })
}

/** The key under which a mark stands. */
export function markKey({ kind, id }: MarkSubject): string {
  return `${kind} ${id}`
}

export type StandingReason =
  | 'key-not-trusted'
  | 'credential-revoked'
  | 'gateway-disabled'
  | 'gateway-deleted'
  | 'environment-disabled'
  | 'environment-deleted'
  | 'environment-not-accepted'
  | 'client-deleted'
  | 'tokens-revoked'
  | 'issued-before-mark'

/** What the standing has against a proof, if anything. Time is judged apart: it passes without a revision. */
export function judgeStanding(standing: Standing, proof: Proof): StandingReason | undefined {
  if (!stillTrusts(standing.ring, proof)) return 'key-not-trusted'
  if (standing.revoked.has(proof.id)) return 'credential-revoked'
  switch (proof.kind) {
    case 'gateway':
      return judgeGateway(standing, proof.gateway, proof.issuedAt)
    case 'client':
      return judgeClient(standing, proof)
    case 'administrator':
      return 'key-not-trusted'
  }
}

function judgeGateway(
  { gateways, environments, accepted, marks }: Standing,
  { id, environmentId }: { readonly id: string; readonly environmentId: string },
  issuedAt: EpochSeconds | undefined,
): StandingReason | undefined {
  if (accepted && !accepted.has(environmentId)) return 'environment-not-accepted'
  const gateway = gateways.get(id)
  if (gateway) return gateway === 'disabled' ? 'gateway-disabled' : 'gateway-deleted'
  const environment = environments.get(environmentId)
  if (environment)
    return environment === 'disabled' ? 'environment-disabled' : 'environment-deleted'
  if (marks.size === 0) return undefined
  const marked =
    isMarked(marks, { kind: 'gateway', id }, issuedAt) ||
    isMarked(marks, { kind: 'environment', id: environmentId }, issuedAt)
  return marked ? 'issued-before-mark' : undefined
}

function judgeClient(
  { clients, marks }: Standing,
  { client: { id, generation }, profile, issuedAt }: ClientProof,
): StandingReason | undefined {
  // An outside issuer's clients are not ours, whatever they are called.
  const client = profile.own ? clients.get(id) : undefined
  if (client?.deleted) return 'client-deleted'
  if (client && generation < client.generation) return 'tokens-revoked'
  return isMarked(marks, { kind: 'client', id }, issuedAt) ? 'issued-before-mark' : undefined
}

/** A token that does not say when it was issued was issued before any mark. */
function isMarked(
  marks: ReadonlyMap<string, EpochSeconds>,
  subject: MarkSubject,
  issuedAt: EpochSeconds | undefined,
): boolean {
  const notBefore = marks.get(markKey(subject))
  return notBefore !== undefined && (issuedAt === undefined || issuedAt < notBefore)
}
