// The only place that can make an `allow`:
//
//   freshness → carrier → proof (kept or made) → kind → standing and time, on every request → environment → request
//
// A proof that was found good in this very standing is good in it still; only time can have passed.

import { isWithin } from '../credential/address-range.ts'
import { copyOf } from '../credential/copy-of.ts'
import { isOutdated, stillTrusts } from '../credential/key-ring.ts'
import { proveClaimed, readClaimed, type Proof } from '../credential/proof.ts'
import { judgeTime, type EpochSeconds, type Leeway } from '../credential/time.ts'
import { judgeStanding, type Standing } from '../standing/standing.ts'
import { Allow, Deny, Unavailable, type Decision, type Findings } from './decision.ts'
import { identify, joinIdentities, nobody, type Identity } from './identity.ts'
import type { KeptProof, ProofCache } from './proof-cache.ts'
import type { Presented, Question } from './question.ts'
import type { DenyReason, OutageReason } from './reasons.ts'

/** What a door asks of its callers. */
export interface DoorRules {
  readonly require: 'gateway' | 'client' | 'both'
  /** The one environment whose gateways may ask here; `undefined` for all that the standing accepts. */
  readonly environment: string | undefined
  /** The types of gateways that may ask here, where the type is known; all where this is left out. */
  readonly gatewayTypes?: ReadonlySet<string>
  /** Counts one more question of a credential, and says whether that is not too many. */
  readonly withinRate?: (credential: string) => boolean
}

type OutageAnswer = 'unavailable' | 'deny' | 'allow'

/** What is answered when no decision can be made. With `allow`, an expired standing goes on being judged by. */
export interface OutageAnswers {
  readonly noState: OutageAnswer
  readonly expired: OutageAnswer
  readonly internalError: OutageAnswer
}

export type Freshness = 'fresh' | 'stale' | 'expired'

/** What is spent on signatures of tokens that were not seen before, and turn out not to be live. */
export interface Admission {
  /** Whether there is time to verify one more. */
  readonly admit: () => boolean
  /** The one that was admitted last is live, and costs nothing. */
  readonly giveBack: () => void
}

/** For who asks for himself. */
export const admitsAll: Admission = { admit: () => true, giveBack() {} }

/** All that a decision looks at besides the question. */
export interface View {
  readonly standing: Standing | undefined
  readonly freshness: Freshness
  readonly cache: ProofCache
  readonly leeway: Leeway
  readonly outage: OutageAnswers
  readonly admission: Admission
  /** Whoever asks was let wait behind those who are known: however many bring live tokens, these hold nobody up. */
  readonly hasWaited?: true
}

/** Why nothing can be said of one token, while others are judged. */
type UndecidedReason = Extract<OutageReason, 'overloaded' | 'keys-expired' | 'keys-unread'>

type SoundView = View & { readonly standing: Standing }

/** Answers a question. */
export function decide(
  question: Question,
  rules: DoorRules,
  view: View,
  now: EpochSeconds,
): Decision {
  try {
    if (!hasStanding(view)) return inOutage('no-state', view.outage.noState)
    if (view.freshness === 'expired' && view.outage.expired !== 'allow') {
      return inOutage('state-expired', view.outage.expired)
    }
    return judge(question, rules, view, now)
  } catch {
    return failToDecide(view)
  }
}

/** The decision where something threw that should not have: whoever asked is answered as configured. */
export function failToDecide({ outage }: Pick<View, 'outage'>): Decision {
  return inOutage('internal-error', outage.internalError)
}

function hasStanding(view: View): view is SoundView {
  return view.standing !== undefined
}

const nothingFound: Findings = { revision: undefined, gateway: undefined, client: undefined }

function inOutage(reason: OutageReason, answer: OutageAnswer, findings = nothingFound): Decision {
  switch (answer) {
    case 'allow':
      return new Allow('allowed-in-outage', nobody, findings)
    case 'deny':
      return new Deny('denied-in-outage', findings)
    case 'unavailable':
      return new Unavailable(reason, findings)
  }
}

function judge(question: Question, rules: DoorRules, view: SoundView, now: EpochSeconds): Decision {
  const { revision } = view.standing
  const { require } = rules
  const gateway = require === 'client' ? undefined : examine(question.gateway, 'gateway', view, now)
  if (typeof gateway === 'string') return refuse(gateway, question.gateway, undefined, view)
  const client = require === 'gateway' ? undefined : examine(question.client, 'client', view, now)
  if (typeof client === 'string') return refuse(client, question.client, gateway?.proof, view)

  const findings = { revision, gateway: gateway?.proof, client: client?.proof }
  const objection = gateway && objectionTo(gateway.proof, question, rules)
  if (objection) return new Deny(objection, findings)
  const flaw = flawOf(question.request, client?.proof)
  if (flaw) return new Deny(flaw, findings)
  return new Allow('allowed', identityOf(gateway, client), findings)
}

/** Proves what was presented and judges it as of now: a live proof, or what is wrong. */
function examine(
  presented: Presented,
  kind: Proof['kind'],
  view: SoundView,
  now: EpochSeconds,
): KeptProof | DenyReason | UndecidedReason {
  if (presented.kind !== 'token') return presented.kind
  const { token } = presented
  const known = findTrusted(token, view)
  const kept = known ?? makeProof(token, view)
  if (typeof kept === 'string') return kept
  if (kept.proof.kind !== kind) {
    // Kept as well, so that nobody can have the signature of one token checked as often as it is brought.
    if (!known) view.cache.keep(kept)
    return 'kind-refused'
  }
  const reason = kept.goodIn === view.standing.stamp ? undefined : judgeAnew(kept, view, now)
  if (!known && !reason && view.hasWaited) view.admission.giveBack()
  return reason ?? judgeTime(kept.proof, now, view.leeway) ?? kept
}

/** A kept proof; not one of a key that is no longer trusted: that token has to be proved with the keys of now. */
function findTrusted(token: string, { cache, standing }: SoundView): KeptProof | undefined {
  const kept = cache.find(token)
  if (!kept || kept.goodIn === standing.stamp || stillTrusts(standing.ring, kept.proof)) return kept
  cache.forget(token)
  return undefined
}

function makeProof(token: string, view: SoundView): KeptProof | DenyReason | UndecidedReason {
  const claimed = readClaimed(token, view.standing.ring)
  if (typeof claimed === 'string') return claimed
  // Only now: what cannot be signed by anybody must not use up the time for what may be.
  if (!view.admission.admit()) return 'overloaded'
  const proof = proveClaimed(claimed)
  if (typeof proof === 'string') return proof
  return { token: copyOf(token), proof, identity: identify(proof), goodIn: undefined }
}

/**
 * Judges a proof by a standing that it was not yet found good in, and keeps it among the live or the refused. One that
 * time refuses is kept too: were its signature checked each time, it would be told from a revoked one by the clock.
 */
function judgeAnew(
  kept: KeptProof,
  { cache, standing, leeway, outage }: SoundView,
  now: EpochSeconds,
): DenyReason | UndecidedReason | undefined {
  const reason =
    judgeTime(kept.proof, now, leeway) ??
    judgeStanding(standing, kept.proof) ??
    judgeKeys(standing, kept.proof, outage)
  kept.goodIn = reason ? undefined : standing.stamp
  cache.keep(kept)
  return reason
}

/** Keys that were not confirmed for too long are gone by only where an expired standing is. */
function judgeKeys({ ring }: Standing, proof: Proof, { expired }: OutageAnswers) {
  return expired !== 'allow' && isOutdated(ring, proof) ? 'keys-expired' : undefined
}

/** The refusal, with whom it is about where that was proved. */
function refuse(
  reason: DenyReason | UndecidedReason,
  presented: Presented,
  gateway: Proof | undefined,
  { standing, cache, outage }: SoundView,
): Decision {
  const refused = presented.kind === 'token' ? cache.peek(presented.token)?.proof : undefined
  const findings: Findings = {
    revision: standing.revision,
    gateway: gateway ?? (refused?.kind === 'gateway' ? refused : undefined),
    client: refused?.kind === 'client' ? refused : undefined,
  }
  if (reason === 'keys-unread') return inOutage(reason, outage.noState, findings)
  if (reason === 'keys-expired') return inOutage(reason, outage.expired, findings)
  return reason === 'overloaded' ? new Unavailable(reason, findings) : new Deny(reason, findings)
}

/** What the door itself has against a gateway that is live. */
function objectionTo(
  proof: Proof,
  question: Question,
  { environment, gatewayTypes, withinRate }: DoorRules,
): DenyReason | undefined {
  if (proof.kind !== 'gateway') return 'kind-refused'
  const { environmentId, type } = proof.gateway
  if (environment !== undefined && environmentId !== environment) return 'environment-not-of-door'
  if (question.environment !== undefined && environmentId !== question.environment) {
    return 'environment-not-of-door'
  }
  if (gatewayTypes && type !== '' && !gatewayTypes.has(type)) return 'gateway-type-not-of-door'
  return withinRate && !withinRate(`${proof.issuer} ${proof.jti}`) ? 'rate-exceeded' : undefined
}

/** What is wrong with a request whose credentials are live. */
function flawOf(request: Question['request'], client: Proof | undefined): DenyReason | undefined {
  if (!request) return 'question-incomplete'
  if (typeof request === 'string') return request
  // A token that is bound to addresses is good from nowhere where the gateway tells none.
  const addresses = client?.kind === 'client' ? client.client.addresses : undefined
  return addresses && !isWithin(addresses, request.address) ? 'address-refused' : undefined
}

function identityOf(gateway: KeptProof | undefined, client: KeptProof | undefined): Identity {
  if (gateway && client) return joinIdentities(gateway.identity, client.identity)
  return gateway?.identity ?? client?.identity ?? nobody
}
