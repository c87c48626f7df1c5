// Envoy's `ext_authz` over gRPC, also as Istio and the Gateway API speak it. The client's request is inside of the
// message; the gateway's credential comes beside it, in the call's metadata or among the context extensions that the
// gateway's configuration sets, where no client can put anything.

import type { DoorRules } from '../decision/decide.ts'
import type { Decision } from '../decision/decision.ts'
import type { Presented, Question } from '../decision/question.ts'
import { reasons, type Reason } from '../decision/reasons.ts'
import {
  createMisplacedCredential,
  misplaced,
  missing,
  presentedBearer,
  presentedBearerAlone,
  presentedBound,
  presentedToken,
} from './carrier.ts'
import { askedRequest } from './asked.ts'
import { createCheckRequestReader, type CheckRequest } from './check-request.ts'
import { allowMessage, denialOf, headersToRemove, identityHeaderNames } from './check-response.ts'
import { createHeaderReader, doubled, single, type Field } from './header-reader.ts'
import { headerList } from './door-answer.ts'
import { refusalOf } from './http-answer.ts'
import type { DoorSettings } from './http-door.ts'
import { isReason } from './refusal-text.ts'

/** A question that was read from a call. */
export interface Asked {
  readonly question: Question
  /** Headers of the client's request that must not reach the application, ready to be written. */
  readonly removed: string
}

/** The door for calls of `envoy.service.auth.v3.Authorization/Check`. */
export interface CheckDoor {
  readonly name: 'grpc'
  readonly rules: DoorRules
  /** Reads a call: its metadata (name, value, name, value …) and its message; `undefined` when that is malformed. */
  readonly read: (metadata: readonly string[], message: Buffer) => Asked | undefined
  /** The answer to a decision: a message, each byte a character; `removed` is what `read` said, where it could. */
  readonly write: (decision: Decision, decisionId: string, removed: string | undefined) => string
  /** The answer to a call whose question could not be read. */
  readonly refuse: (decisionId: string, reason: 'question-incomplete' | 'overloaded') => string
}

/** Makes the door. */
export function createGrpcDoor(settings: DoorSettings): CheckDoor {
  const { carrier, require, bound } = settings
  if (require === 'both' && carrier.kind === 'bearer') {
    throw new TypeError('a door cannot take both credentials from one header')
  }
  const names = carrier.headers.map((name) => name.toLowerCase())
  const metadataReader = createHeaderReader([{ names }])
  const readRequest = createCheckRequestReader(spoofing(names), names)
  const misplacedCredential = createMisplacedCredential(names)
  const isMisplaced = ({ target, cookie }: CheckRequest) =>
    misplacedCredential.inQuery(target) ||
    (typeof cookie === 'string' && misplacedCredential.inCookie(cookie))
  const inQuestion = (metadata: readonly string[], request: CheckRequest): Presented => {
    const token = eitherOf(metadataReader(metadata)[0], request.extension)
    return carrier.kind === 'bearer'
      ? presentedBearerAlone(request.authorization, token)
      : presentedToken(token)
  }
  const presented: typeof inQuestion = bound
    ? (metadata, request) => presentedBound(inQuestion(metadata, request), bound())
    : inQuestion
  const always = headersToRemove(removedAlways(settings, names))
  const denials = denialsByReason()

  return {
    name: 'grpc',
    rules: settings,
    read(metadata, message) {
      const request = readRequest(message)
      if (!request) return undefined
      const { spoofed } = request
      return {
        question: {
          gateway: isMisplaced(request) ? misplaced : presented(metadata, request),
          client: require === 'gateway' ? missing : presentedBearer(request.authorization),
          request: requestOf(request),
        },
        removed: spoofed.length === 0 ? always : always + headersToRemove(spoofed),
      }
    },
    write(decision, decisionId, removed) {
      if (decision.kind === 'allow') {
        const { identity, findings } = decision
        return allowMessage(identity, `${findings.revision ?? ''}`, decisionId, removed ?? always)
      }
      return (denials.get(decision.reason) ?? malformedDenial)(decisionId)
    },
    refuse: (decisionId, reason) => (denials.get(reason) ?? malformedDenial)(decisionId),
  }
}

/** The one of two places in which something is; two are one too many. */
function eitherOf(one: Field, other: Field): Field {
  if (other === undefined) return one
  return one === undefined ? other : doubled
}

function requestOf({ method, target, host, scheme, address }: CheckRequest): Question['request'] {
  const whole = single(method) && target !== '' && single(host) && single(scheme)
  if (!whole) return undefined
  return askedRequest({ method, target, host, scheme, address: address || undefined })
}

// The gateway's own credential, where the client's request brings a header of that name along, and where the
// gateway itself put it into the request.
function removedAlways({ carrier, require }: DoorSettings, names: readonly string[]) {
  const isInRequest = carrier.kind === 'bearer' && require !== 'client'
  return isInRequest ? [...names, 'authorization'] : names
}

/** An application may take `x_warder_subject` for `X-Warder-Subject`, as CGI does. */
function spoofing(names: readonly string[]): (name: string) => boolean {
  const own = new Set(identityHeaderNames)
  const spoken = new Set(names.map(canonical))
  const written = new Set(names)
  return (name) => {
    const plain = canonical(name)
    if (plain.startsWith('x-warder-')) return !own.has(name)
    return spoken.has(plain) && !written.has(name)
  }
}

const canonical = (name: string) => name.replace(/[^a-z\d]/g, '-')

type Denial = (decisionId: string) => string

function denialsByReason(): ReadonlyMap<Reason, Denial> {
  const denials = new Map<Reason, Denial>()
  for (const [reason, facts] of Object.entries(reasons)) {
    if (isReason(reason)) denials.set(reason, denialFor(facts))
  }
  return denials
}

function denialFor(facts: (typeof reasons)[Reason]): Denial {
  const { status, lines, body } = refusalOf(facts.status, facts, 'json')
  return denialOf({ status, headers: headerList(lines), body })
}

const malformedDenial: Denial = denialFor(reasons['question-incomplete'])
