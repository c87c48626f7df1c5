// A decision as the actions of an ACK, each of which sets one variable of the transaction:
//
//   action  1 (set), 3 (arguments), 2 (scope: transaction), name, value

import type { Allow, Decision } from '../decision/decision.ts'
import type { Identity } from '../decision/identity.ts'
import { publicMessages, reasons, type Reason } from '../decision/reasons.ts'
import { challengeOf, isReason, refusalBody, retryAfterOf } from './refusal-text.ts'
import { SpoeWriter } from './spoe-wire.ts'

const setVariable = 1
const scopeOfTransaction = 2
const empty: Buffer = Buffer.alloc(0)

/** Writes what follows from a decision; `refused` makes it a refusal whatever was decided. */
export type ActionWriter = (decision: Decision, id: string, refused: boolean) => void

function writeVariable(out: SpoeWriter, name: string): void {
  out.byte(setVariable)
  out.byte(3)
  out.byte(scopeOfTransaction)
  out.name(name)
}

function writeText(out: SpoeWriter, name: string, text: string): void {
  writeVariable(out, name)
  out.string(text)
}

/** Makes the writer of a connection's answers. */
export function createActionWriter(out: SpoeWriter): ActionWriter {
  let known: Identity | undefined
  let allowed = empty
  const identityOf = ({ identity }: Allow) => {
    // One HAProxy presents one credential, so what is said of it is written once.
    if (known !== identity) {
      known = identity
      allowed = identityActions(identity)
    }
    return allowed
  }
  return (decision, id, refused) => {
    const actions =
      decision.kind === 'allow' && !refused ? identityOf(decision) : refusalOf(decision)
    out.copy(actions, 0, actions.length)
    writeText(out, 'decision_id', id)
    writeText(out, 'revision', `${decision.findings.revision ?? ''}`)
  }
}

/** The refusal of a decision; of what was allowed and cannot be said, that the question is incomplete. */
function refusalOf(decision: Decision): Buffer {
  const reason = decision.kind === 'allow' ? 'question-incomplete' : decision.reason
  return refusals.get(reason) ?? unexplained
}

function identityActions(identity: Identity): Buffer {
  const out = new SpoeWriter(512)
  writeVariable(out, 'allow')
  out.boolean(true)
  writeText(out, 'gateway_id', identity.gatewayId)
  writeText(out, 'gateway_name', identity.gatewayName)
  writeText(out, 'environment_id', identity.environmentId)
  writeText(out, 'credential_id', identity.credentialId)
  writeText(out, 'subject', identity.subject)
  writeText(out, 'scope', identity.scope)
  return out.take()
}

function refusalActions(reason: Reason): Buffer {
  const { status, message } = reasons[reason]
  const out = new SpoeWriter(512)
  writeVariable(out, 'allow')
  out.boolean(false)
  writeVariable(out, 'status')
  out.int32(status)
  writeText(out, 'reason', publicMessages[message])
  if (status === 401) writeText(out, 'challenge', challengeOf(message))
  writeText(out, 'body', refusalBody(status, message))
  const wait = retryAfterOf(status)
  if (wait !== undefined) {
    writeVariable(out, 'retry')
    out.int32(wait)
  }
  return out.take()
}

const refusals = new Map(
  Object.keys(reasons)
    .filter((text) => isReason(text))
    .map((reason) => [reason, refusalActions(reason)]),
)
const unexplained = refusalActions('internal-error')
