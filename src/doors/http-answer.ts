import type { ServerResponse } from 'node:http'
import type { Allow, Decision } from '../decision/decision.ts'
import { reasons, type Reason, type ReasonFacts } from '../decision/reasons.ts'
import { challengeOf, isReason, refusalBody, retryAfterOf } from './refusal-text.ts'

const empty = Buffer.alloc(0)

/**
 * Lets a request pass: 200 without a body. Every identity header is always there, empty where there is nothing to
 * say: what is missing, a client could have brought along itself.
 */
function writeAllow(
  { identity, findings }: Allow,
  decisionId: string,
  response: ServerResponse,
): void {
  response.writeHead(200, [
    'Content-Length',
    '0',
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
  ])
  response.end()
}

/** How a door words what is not an allow. */
export interface RefusalForm {
  /** What stands for a status that the door's gateway cannot pass on. */
  readonly status: (facts: ReasonFacts) => number
  readonly body: 'none' | 'json'
}

/** Makes the writer of a door's decisions. Refusals of one kind are the same bytes but for the decision's id. */
export function createAnswerWriter(
  form: RefusalForm,
): (decision: Decision, decisionId: string, response: ServerResponse) => void {
  const refusals = new Map<Reason, Refusal>()
  for (const [reason, facts] of Object.entries(reasons)) {
    if (isReason(reason)) refusals.set(reason, refusalOf(form.status(facts), facts, form.body))
  }
  return (decision, decisionId, response) => {
    if (decision.kind === 'allow') {
      writeAllow(decision, decisionId, response)
      return
    }
    const { status, headers, body } = refusals.get(decision.reason) ?? internalError
    response.writeHead(status, [...headers, 'X-Warder-Decision-Id', decisionId])
    response.end(body)
  }
}

/** A refusal as it goes over HTTP, but for the decision's id. */
export interface Refusal {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: Buffer
}

const internalError: Refusal = { status: 503, headers: ['Content-Length', '0'], body: empty }

/** Words a refusal. */
export function refusalOf(
  status: number,
  { message }: ReasonFacts,
  form: RefusalForm['body'],
): Refusal {
  const body = form === 'json' ? Buffer.from(refusalBody(status, message)) : empty
  const headers = ['Content-Length', `${body.length}`, 'Cache-Control', 'no-store']
  if (form === 'json') headers.push('Content-Type', 'application/json; charset=utf-8')
  if (status === 401) headers.push('WWW-Authenticate', challengeOf(message))
  const wait = retryAfterOf(status)
  if (wait !== undefined) headers.push('Retry-After', `${wait}`)
  return { status, headers, body }
}
