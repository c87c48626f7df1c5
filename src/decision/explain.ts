// What an operator wants to know of a decision: every step on the way to it, with what was found there. `decide` is
// asked, and what it answered says how far it came; nothing here judges anything.

import { parseCompact } from '../credential/compact.ts'
import type { KeyRing } from '../credential/key-ring.ts'
import { prove, type Proof } from '../credential/proof.ts'
import { parseJsonObject, type JsonObject, type JsonValue } from '../credential/strict-json.ts'
import type { EpochSeconds, Leeway } from '../credential/time.ts'
import { admitsAll, decide, type DoorRules, type View } from './decide.ts'
import type { Decision } from './decision.ts'
import { createProofCache } from './proof-cache.ts'
import type { Reason } from './reasons.ts'

/** The steps of a decision, in their order. */
const explainSteps = [
  'state',
  'carrier',
  'form',
  'issuer',
  'key',
  'algorithm',
  'signature',
  'kind',
  'claims',
  'time',
  'revocation',
  'holder',
  'door',
] as const

type ExplainStep = (typeof explainSteps)[number]

/** One step, and what came of it. */
export interface ExplainedStep {
  readonly step: ExplainStep
  readonly result: 'passed' | 'failed' | 'not reached'
  readonly detail: string
}

/** A decision, and how it came to be. */
export interface Explanation {
  readonly decision: Decision['kind']
  readonly reason: Reason
  readonly revision: number | undefined
  readonly steps: readonly ExplainedStep[]
}

/** An explanation of a token, with what was proved of it. */
export interface TokenExplanation extends Explanation {
  readonly proof: Proof | undefined
}

/** The step at which each reason arises; `undefined` for those of an allow. */
const stepOf: Readonly<Record<Reason, ExplainStep | undefined>> = {
  allowed: undefined,
  'allowed-in-outage': undefined,
  'no-state': 'state',
  'state-expired': 'state',
  'internal-error': 'state',
  overloaded: 'state',
  'denied-in-outage': 'state',
  'credential-missing': 'carrier',
  'credential-doubled': 'carrier',
  'credential-misplaced': 'carrier',
  'credential-malformed': 'carrier',
  'token-too-large': 'form',
  'token-malformed': 'form',
  'header-refused': 'form',
  'issuer-unknown': 'issuer',
  'keys-unread': 'key',
  'key-unknown': 'key',
  'keys-expired': 'key',
  'key-not-trusted': 'key',
  'algorithm-refused': 'algorithm',
  'signature-invalid': 'signature',
  'type-refused': 'kind',
  'audience-refused': 'kind',
  'kind-refused': 'kind',
  'claims-malformed': 'claims',
  expired: 'time',
  'not-yet-valid': 'time',
  'issued-in-future': 'time',
  'lifetime-too-long': 'time',
  'key-closed': 'time',
  'credential-revoked': 'revocation',
  'environment-not-accepted': 'holder',
  'gateway-disabled': 'holder',
  'gateway-deleted': 'holder',
  'environment-disabled': 'holder',
  'environment-deleted': 'holder',
  'client-deleted': 'holder',
  'tokens-revoked': 'holder',
  'issued-before-mark': 'holder',
  'environment-not-of-door': 'door',
  'gateway-type-not-of-door': 'door',
  'rate-exceeded': 'door',
  'address-refused': 'door',
  'question-incomplete': 'door',
}

type Details = Partial<Readonly<Record<ExplainStep, string>>>

/** The steps up to a reason; `found` is what there is to say of each. */
export function stepsTo(reason: Reason, found: Details): readonly ExplainedStep[] {
  const failed = stepOf[reason]
  const end = failed === undefined ? explainSteps.length : explainSteps.indexOf(failed)
  return explainSteps.map((step, at) => {
    if (at > end) return { step, result: 'not reached', detail: '' }
    const detail = found[step] ?? ''
    if (at < end) return { step, result: 'passed', detail }
    return { step, result: 'failed', detail: [reason, detail].filter(Boolean).join(': ') }
  })
}

/** What a token is judged by. */
export type ExplainView = Pick<View, 'standing' | 'freshness' | 'leeway' | 'outage'>

/** Explains what becomes of a token, as a gateway's credential or, if that is what it is, as a client's token. */
export function explainToken(
  token: string,
  view: ExplainView,
  now: EpochSeconds,
): TokenExplanation {
  const proof = proofOf(token, view, now)
  const decision = judge(token, view, now, proof?.kind === 'client' ? 'client' : 'gateway')
  const { kind, reason, findings } = decision
  const found = {
    state: stateText(view),
    ...(proof ? provedDetails(proof) : writtenDetails(token)),
  }
  return {
    decision: kind,
    reason,
    revision: findings.revision,
    steps: stepsTo(reason, found),
    proof,
  }
}

/** What a token proves by the keys of now, if anything. */
export function proofOf(
  token: string,
  {
    standing,
    leeway,
  }: { readonly standing: { readonly ring: KeyRing } | undefined } & { readonly leeway: Leeway },
  now: EpochSeconds,
): Proof | undefined {
  const proof = standing && prove(token, standing.ring, now, leeway)
  return typeof proof === 'object' ? proof : undefined
}

function judge(
  token: string,
  view: ExplainView,
  now: EpochSeconds,
  require: 'gateway' | 'client',
): Decision {
  const rules: DoorRules = { require, environment: undefined }
  const presented = { kind: 'token', token } as const
  const request = {
    method: 'GET',
    target: '/',
    host: 'localhost',
    scheme: 'https',
    address: undefined,
  }
  const question = { gateway: presented, client: presented, request }
  return decide(question, rules, { ...view, cache: createProofCache(1), admission: admitsAll }, now)
}

function stateText({ standing, freshness }: ExplainView): string {
  return standing ? `revision ${standing.revision}, ${freshness}` : 'nothing is known yet'
}

function provedDetails(proof: Proof): Details {
  const { issuer, key, jti, issuedAt, expiresAt } = proof
  const issued =
    issuedAt === undefined ? 'not said when it was issued' : `issued ${timeText(issuedAt)}`
  const ends = expiresAt === undefined ? 'no expiry' : `expires ${timeText(expiresAt)}`
  return {
    form: 'a compact JWS',
    issuer: shown(issuer),
    key: shown(key.kid),
    algorithm: key.algorithm,
    kind: proof.kind === 'gateway' ? "a gateway's credential" : "a client's token",
    claims: `id ${shown(jti)}`,
    time: `${issued}, ${ends}`,
    holder: holderText(proof),
    ...(proof.kind === 'client'
      ? { door: 'counts from the addresses of its API credential, where that names some' }
      : {}),
  }
}

function holderText(proof: Proof): string {
  if (proof.kind === 'gateway') {
    const { name, id, environmentId } = proof.gateway
    return `gateway ${shown(name)} (${shown(id)}) of environment ${shown(environmentId)}`
  }
  return proof.kind === 'client' ? `client ${shown(proof.client.id)}` : ''
}

/** What stands in a token that proves nothing: anybody may have written it. */
function writtenDetails(token: string): Details {
  const compact = parseCompact(token)
  if (typeof compact === 'string') return {}
  const payload: JsonObject = parseJsonObject(compact.payload) ?? {}
  const { kid, alg, typ } = compact.header
  return {
    form: 'a compact JWS',
    issuer: shown(payload['iss']),
    key: shown(kid),
    algorithm: shown(alg),
    kind: `typ ${shown(typ)}, aud ${shown(payload['aud'])}`,
    claims: `id ${shown(payload['jti'])}`,
    time: ['iat', 'nbf', 'exp'].map((name) => `${name} ${shown(payload[name])}`).join(', '),
  }
}

const shownMax = 200

function shown(value: JsonValue | undefined): string {
  if (value === undefined) return '(none)'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.replaceAll(/\p{C}/gu, '?').slice(0, shownMax)
}

function timeText(seconds: EpochSeconds): string {
  return new Date(Math.floor(seconds) * 1000).toISOString()
}
