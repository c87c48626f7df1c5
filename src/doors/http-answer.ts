import type { Allow, Decision } from '../decision/decision.ts'
import type { Identity } from '../decision/identity.ts'
import { reasons, type Reason, type ReasonFacts } from '../decision/reasons.ts'
import { headerLine, jsonLine, noStoreLine, type DoorAnswer } from './door-answer.ts'
import { latest } from './latest.ts'
import { challengeOf, isReason, refusalBody, retryAfterOf } from './refusal-text.ts'

/**
 * Lets a request pass: 200 without a body. Every identity header is always there, empty where there is nothing to
 * say: what is missing, a client could have brought along itself.
 */
function allowAnswer({ identity, findings }: Allow, decisionId: string): DoorAnswer {
  const lines =
    linesOf(identity) +
    decisionLine(decisionId) +
    headerLine('X-Warder-Revision', `${findings.revision ?? ''}`)
  return { status: 200, lines, body: '' }
}

const decisionLine = (id: string) => headerLine('X-Warder-Decision-Id', id)

const linesOf = latest(
  (identity: Identity) =>
    noStoreLine +
    headerLine('X-Warder-Gateway-Id', identity.gatewayId) +
    headerLine('X-Warder-Gateway-Name', identity.gatewayName) +
    headerLine('X-Warder-Environment-Id', identity.environmentId) +
    headerLine('X-Warder-Credential-Id', identity.credentialId) +
    headerLine('X-Warder-Subject', identity.subject) +
    headerLine('X-Warder-Scope', identity.scope),
)

/** How a door words what is not an allow. */
export interface RefusalForm {
  /** What stands for a status that the door's gateway cannot pass on. */
  readonly status: (facts: ReasonFacts) => number
  readonly body: 'none' | 'json'
}

/** Makes what words a door's decisions. Refusals of one kind are the same but for the decision's id. */
export function createAnswerWording(
  form: RefusalForm,
): (decision: Decision, decisionId: string) => DoorAnswer {
  const refusals = new Map<Reason, DoorAnswer>()
  for (const [reason, facts] of Object.entries(reasons)) {
    if (isReason(reason)) refusals.set(reason, refusalOf(form.status(facts), facts, form.body))
  }
  return (decision, decisionId) => {
    if (decision.kind === 'allow') return allowAnswer(decision, decisionId)
    const { status, lines, body } = refusals.get(decision.reason) ?? internalError
    return { status, lines: lines + decisionLine(decisionId), body }
  }
}

const internalError: DoorAnswer = { status: 503, lines: '', body: '' }

/** Words a refusal, as it is but for the decision's id. */
export function refusalOf(
  status: number,
  { message }: ReasonFacts,
  form: RefusalForm['body'],
): DoorAnswer {
  const wait = retryAfterOf(status)
  const lines =
    noStoreLine +
    (form === 'json' ? jsonLine : '') +
    (status === 401 ? headerLine('WWW-Authenticate', challengeOf(message)) : '') +
    (wait === undefined ? '' : headerLine('Retry-After', `${wait}`))
  return { status, lines, body: form === 'json' ? refusalBody(status, message) : '' }
}
