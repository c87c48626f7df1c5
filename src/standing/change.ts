// One step of the standing, as the authority writes it down and a verifier reads it:
//
//   {"kind":"credential-revoked","epoch":"…","revision":813,"previous":812,"at":1764000000000, … the facts of the kind}
//
// Members that a reader does not know are ignored; a kind that it does not know is refused, and so is a fact that is
// not what it has to be: who cannot read a step does not know the standing and needs a snapshot.

import { isJsonObject, type JsonObject, type JsonValue } from '../credential/strict-json.ts'
import { isEpochSeconds, type EpochSeconds } from '../credential/time.ts'
import { readIssuer, type SnapshotIssuer } from './snapshot-issuer.ts'
import { isRevision, type MarkSubject, type Revision } from './standing.ts'

/** Whether a gateway's or an environment's credentials count. */
export type TenantState = 'enabled' | 'disabled' | 'deleted'

/** What a change says, by its kind. */
export type ChangeFacts =
  | {
      readonly kind: 'credential-revoked'
      readonly issuer: string
      readonly jti: string
      /** The key that signed it: once that is retired, the entry may go. */
      readonly kid: string
      readonly gatewayId: string
      readonly environmentId: string
      /** When it would have expired, and the entry may go. */
      readonly exp: EpochSeconds | undefined
    }
  /** An access token that was ended by itself. */
  | {
      readonly kind: 'token-revoked'
      readonly issuer: string
      readonly jti: string
      readonly kid: string
      readonly exp: EpochSeconds
    }
  | { readonly kind: 'mark-set'; readonly subject: MarkSubject; readonly notBefore: EpochSeconds }
  | {
      readonly kind: 'gateway-state'
      readonly gatewayId: string
      readonly environmentId: string
      readonly state: TenantState
    }
  | {
      readonly kind: 'environment-state'
      readonly environmentId: string
      readonly state: TenantState
    }
  | {
      readonly kind: 'client-state'
      readonly clientId: string
      readonly deleted: boolean
      readonly generation: number
    }
  | { readonly kind: 'issuer-added'; readonly issuer: SnapshotIssuer }
  | { readonly kind: 'key-added'; readonly issuer: string; readonly jwk: JsonObject }
  | { readonly kind: 'key-retired'; readonly issuer: string; readonly kid: string }
  /** A key that may sign the feed besides the one that has signed this. */
  | { readonly kind: 'feed-key-added'; readonly jwk: JsonObject }
  /** A key, by its thumbprint, that no longer counts as the feed's. */
  | { readonly kind: 'feed-key-retired'; readonly kid: string }

/** Where a change stands in the order of all changes. */
export interface ChangePlace {
  readonly epoch: string
  readonly revision: Revision
  readonly previous: Revision
  /** Milliseconds since 1970. */
  readonly at: number
}

/** One step of the standing. */
export type Change = ChangePlace & ChangeFacts

/** A step whose change is none of a verifier's business: it only moves the revision on. */
interface StepElsewhere extends ChangePlace {
  readonly kind: 'elsewhere'
  readonly digest: string
  /** Whose change it is, for who knows that one. */
  readonly of: string
}

/** What a verifier is told, one revision after the other. */
export type Step = Change | StepElsewhere

/** The members by which a change is written down, besides its kind and its place. */
export function changePayload(facts: ChangeFacts): JsonObject {
  if (isOfKeys(facts)) return keyPayload(facts)
  switch (facts.kind) {
    case 'credential-revoked': {
      const { issuer, jti, kid, gatewayId, environmentId, exp } = facts
      const entry = { issuer, jti, kid, gatewayId, environmentId }
      return exp === undefined ? entry : { ...entry, exp }
    }
    case 'token-revoked': {
      const { issuer, jti, kid, exp } = facts
      return { issuer, jti, kid, exp }
    }
    case 'mark-set':
      return { subject: { [facts.subject.kind]: facts.subject.id }, notBefore: facts.notBefore }
    case 'gateway-state': {
      const { gatewayId, environmentId, state } = facts
      return { gatewayId, environmentId, state }
    }
    case 'environment-state':
      return { environmentId: facts.environmentId, state: facts.state }
    case 'client-state': {
      const { clientId, deleted, generation } = facts
      return { clientId, deleted, generation }
    }
  }
}

const ofKeys = [
  'issuer-added',
  'key-added',
  'key-retired',
  'feed-key-added',
  'feed-key-retired',
] as const

type KeyFacts = Extract<ChangeFacts, { readonly kind: (typeof ofKeys)[number] }>

function isOfKeys(facts: ChangeFacts): facts is KeyFacts {
  return ofKeys.some((kind) => kind === facts.kind)
}

function keyPayload(facts: KeyFacts): JsonObject {
  switch (facts.kind) {
    case 'issuer-added': {
      const { name, jwks, gatewayAudiences, clientAudiences } = facts.issuer
      return { issuer: { name, jwks, gatewayAudiences, clientAudiences } }
    }
    case 'key-added':
      return { issuer: facts.issuer, jwk: facts.jwk }
    case 'key-retired':
      return { issuer: facts.issuer, kid: facts.kid }
    case 'feed-key-added':
      return { jwk: facts.jwk }
    case 'feed-key-retired':
      return { kid: facts.kid }
  }
}

/** Reads a change that was written down; `undefined` when any of it is not as it has to be. */
export function readChange(payload: JsonObject): Change | undefined {
  const { kind, epoch, revision, previous, at } = payload
  const read = typeof kind === 'string' ? readers.get(kind) : undefined
  const facts = read?.(payload)
  const placed = isRevision(revision) && isRevision(previous) && revision > previous
  if (!facts || !placed || !isText(epoch) || typeof at !== 'number') return undefined
  return { ...facts, epoch, revision, previous, at }
}

const readers: ReadonlyMap<string, (payload: JsonObject) => ChangeFacts | undefined> = new Map<
  ChangeFacts['kind'],
  (payload: JsonObject) => ChangeFacts | undefined
>([
  ['credential-revoked', readRevoked],
  ['token-revoked', readTokenRevoked],
  ['mark-set', readMark],
  ['gateway-state', readGatewayState],
  ['environment-state', readEnvironmentState],
  ['client-state', readClientState],
  ['issuer-added', readIssuerAdded],
  ['key-added', readKeyAdded],
  ['key-retired', readKeyRetired],
  ['feed-key-added', readFeedKeyAdded],
  ['feed-key-retired', readFeedKeyRetired],
])

function readRevoked(payload: JsonObject): ChangeFacts | undefined {
  const { issuer, jti, kid, gatewayId, environmentId, exp } = payload
  if (!isText(issuer) || !isText(jti) || !isText(kid)) return undefined
  if (!isText(gatewayId) || !isText(environmentId)) return undefined
  if (exp !== undefined && !isEpochSeconds(exp)) return undefined
  return { kind: 'credential-revoked', issuer, jti, kid, gatewayId, environmentId, exp }
}

function readTokenRevoked({ issuer, jti, kid, exp }: JsonObject): ChangeFacts | undefined {
  return isText(issuer) && isText(jti) && isText(kid) && isEpochSeconds(exp)
    ? { kind: 'token-revoked', issuer, jti, kid, exp }
    : undefined
}

function readMark({ subject, notBefore }: JsonObject): ChangeFacts | undefined {
  const read = readSubject(subject)
  return read && isEpochSeconds(notBefore)
    ? { kind: 'mark-set', subject: read, notBefore }
    : undefined
}

/** Reads whom a mark is set on. */
export function readSubject(subject: JsonValue | undefined): MarkSubject | undefined {
  if (!isJsonObject(subject)) return undefined
  const [[kind, id] = [], ...others] = Object.entries(subject)
  const known = kind === 'client' || kind === 'gateway' || kind === 'environment'
  return known && isText(id) && others.length === 0 ? { kind, id } : undefined
}

function readGatewayState({ gatewayId, environmentId, state }: JsonObject) {
  const read = isText(gatewayId) && isText(environmentId) && isState(state)
  return read ? ({ kind: 'gateway-state', gatewayId, environmentId, state } as const) : undefined
}

function readEnvironmentState({ environmentId, state }: JsonObject): ChangeFacts | undefined {
  const read = isText(environmentId) && isState(state)
  return read ? { kind: 'environment-state', environmentId, state } : undefined
}

function readClientState({ clientId, deleted, generation }: JsonObject): ChangeFacts | undefined {
  const read = isText(clientId) && typeof deleted === 'boolean' && isRevision(generation)
  return read ? { kind: 'client-state', clientId, deleted, generation } : undefined
}

function readIssuerAdded({ issuer }: JsonObject): ChangeFacts | undefined {
  const read = readIssuer(issuer)
  return read && { kind: 'issuer-added', issuer: read }
}

function readKeyAdded({ issuer, jwk }: JsonObject): ChangeFacts | undefined {
  return isText(issuer) && isJsonObject(jwk) && isText(jwk['kty'])
    ? { kind: 'key-added', issuer, jwk }
    : undefined
}

function readKeyRetired({ issuer, kid }: JsonObject): ChangeFacts | undefined {
  return isText(issuer) && isText(kid) ? { kind: 'key-retired', issuer, kid } : undefined
}

function readFeedKeyAdded({ jwk }: JsonObject): ChangeFacts | undefined {
  return isJsonObject(jwk) && isText(jwk['kty']) ? { kind: 'feed-key-added', jwk } : undefined
}

function readFeedKeyRetired({ kid }: JsonObject): ChangeFacts | undefined {
  return isText(kid) ? { kind: 'feed-key-retired', kid } : undefined
}

function isText(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && value !== ''
}

function isState(value: JsonValue | undefined): value is TenantState {
  return value === 'enabled' || value === 'disabled' || value === 'deleted'
}
