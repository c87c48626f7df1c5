// POST /explain on the listener of operations: why a token is refused by this verifier, or why a question of late was.
// It is answered to programs on this machine only, since doors tell nobody.

import type { IncomingMessage } from 'node:http'
import { parseJsonObject, type JsonObject } from '../credential/strict-json.ts'
import { epochSeconds, type Leeway } from '../credential/time.ts'
import type { OutageAnswers } from '../decision/decide.ts'
import { explainToken, stepsTo, type Explanation } from '../decision/explain.ts'
import { createStanding, type StandingFacts } from '../standing/standing.ts'
import type { Clock } from '../system/clock.ts'
import type { FreshnessView } from './freshness-view.ts'
import { localFlaw } from './local-caller.ts'
import type { RecentRefusals } from './recent-refusals.ts'
import type { RefusalNote } from './refusals.ts'

export interface ExplainingParts {
  readonly facts: () => StandingFacts | undefined
  readonly freshness: Pick<FreshnessView, 'state'>
  readonly leeway: Leeway
  readonly outage: OutageAnswers
  readonly recent: Pick<RecentRefusals, 'find'>
  readonly clock: Clock
}

/** What is answered. */
interface ExplainAnswer {
  readonly status: 200 | 400 | 403 | 404
  readonly body: object
}

/** Answers one request to explain. */
export type Explaining = (request: IncomingMessage) => Promise<ExplainAnswer>

const bodyMax = 32 * 1024

/** Makes what answers. */
export function createExplaining(parts: ExplainingParts): Explaining {
  return async (request) => {
    const flaw = localFlaw(request)
    if (flaw !== undefined) return refusal(403, flaw)
    const asked = await readAsked(request)
    if (!asked) return refusal(400, 'the body is {"token": "…"} or {"decisionId": "…"}')
    if (asked.kind === 'token') return { status: 200, body: ofToken(parts, asked.token) }
    const note = await parts.recent.find(asked.decisionId)
    return note
      ? { status: 200, body: explainNote(note) }
      : refusal(404, 'this verifier has not refused that of late; what it allows, it does not note')
  }
}

function refusal(status: ExplainAnswer['status'], message: string): ExplainAnswer {
  return { status, body: { message } }
}

function ofToken(parts: ExplainingParts, token: string): Explanation {
  const { leeway, outage, clock } = parts
  const facts = parts.facts()
  const standing = facts && createStanding(facts)
  const view = { standing, freshness: parts.freshness.state(), leeway, outage }
  const { proof: _, ...explained } = explainToken(token, view, epochSeconds(clock.wall() / 1000))
  return explained
}

/** Explains a refusal that was noted. */
export function explainNote(note: RefusalNote): Explanation & Omit<RefusalNote, 'at'> {
  const { at, reason, revision, gatewayId, environmentId, clientId } = note
  const gateway =
    gatewayId === undefined
      ? undefined
      : `gateway ${gatewayId} of environment ${environmentId ?? ''}`
  const holder = gateway ?? (clientId === undefined ? undefined : `client ${clientId}`)
  const found = {
    state: revision === undefined ? 'nothing was known yet' : `revision ${revision}`,
    ...(note.issuer === undefined ? {} : { issuer: note.issuer }),
    ...(note.credentialId === undefined ? {} : { claims: `id ${note.credentialId}` }),
    ...(holder === undefined ? {} : { holder }),
    carrier: `at the door ${note.door}, ${new Date(at).toISOString()}`,
  }
  const { at: _, ...rest } = note
  return { ...rest, steps: stepsTo(reason, found) }
}

type Asked =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'decision'; readonly decisionId: string }

async function readAsked(request: IncomingMessage): Promise<Asked | undefined> {
  // A page in a browser may post other types anywhere.
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) return undefined
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) return undefined
    length += chunk.length
    if (length > bodyMax) return undefined
    chunks.push(chunk)
  }
  const body = parseJsonObject(Buffer.concat(chunks))
  return body && askedOf(body)
}

function askedOf({ token, decisionId }: JsonObject): Asked | undefined {
  if (typeof token === 'string' && decisionId === undefined) return { kind: 'token', token }
  if (typeof decisionId === 'string' && token === undefined) return { kind: 'decision', decisionId }
  return undefined
}
