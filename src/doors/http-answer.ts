import type { Allow, Decision } from '../decision/decision.ts'
import { reasons, type Reason, type ReasonFacts } from '../decision/reasons.ts'
import type { DoorAnswer } from './door-answer.ts'
import { challengeOf, isReason, refusalBody, retryAfterOf } from './refusal-text.ts'

/**
 * Lets a request pass: 200 without a body. Every identity header is always there, empty where there is nothing to
 * say: what is missing, a client could have brought along itself.
 */
function allowAnswer({ identity, findings }: Allow, decisionId: string): DoorAnswer {
  const headers = [
    'Cache-Control',
    'no-store',
    'X-Warder-Gateway-Id',
    identity.gatewayId,
    'X-Warder-Gateway-Name',
    identity.gatewayName,
    'X-Warder-Environment-Id',
    identity.environmentId,
    'X-Warder-Credential-Id',
    identity.credentialId,
    'X-Warder-Subject',
    identity.subject,
    'X-Warder-Scope',
    identity.scope,
    'X-Warder-Decision-Id',
    decisionId,
    'X-Warder-Revision',
    `${findings.revision ?? ''}`,
  ]
  return { status: 200, headers, body: '' }
}

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
    const { status, headers, body } = refusals.get(decision.reason) ?? internalError
    return { status, headers: [...headers, 'X-Warder-Decision-Id', decisionId], body }
  }
}

const internalError: DoorAnswer = { status: 503, headers: [], body: '' }

/** Words a refusal, as it is but for the decision's id. */
export function refusalOf(
  status: number,
  { message }: ReasonFacts,
  form: RefusalForm['body'],
): DoorAnswer {
  const body = form === 'json' ? refusalBody(status, message) : ''
  const headers = ['Cache-Control', 'no-store']
  if (form === 'json') headers.push('Content-Type', 'application/json; charset=utf-8')
  if (status === 401) headers.push('WWW-Authenticate', challengeOf(message))
  const wait = retryAfterOf(status)
  if (wait !== undefined) headers.push('Retry-After', `${wait}`)
  return { status, headers, body }
}
