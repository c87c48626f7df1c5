import type { Proof } from '../credential/proof.ts'
import type { Decision, Deny, Unavailable } from '../decision/decision.ts'
import type { DoorName } from '../decision/question.ts'
import type { Reason } from '../decision/reasons.ts'

/** Refusals of one kind at one door within a moment, for the log. */
export interface RefusalSummary {
  readonly door: DoorName
  readonly reason: string
  readonly count: number
  /** What follows is of the last one of them. */
  readonly decisionId: string
  /** Who signed what was proved, and whether that is the authority. */
  readonly issuer: string | undefined
  readonly isOwn: boolean
  readonly credentialId: string | undefined
  readonly gatewayId: string | undefined
  readonly clientId: string | undefined
  readonly revision: number | undefined
}

/** One refusal, for who asks by its id. */
export interface RefusalNote {
  readonly decisionId: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly door: DoorName
  readonly decision: 'deny' | 'unavailable'
  readonly reason: Reason
  readonly revision: number | undefined
  readonly issuer: string | undefined
  readonly credentialId: string | undefined
  readonly gatewayId: string | undefined
  readonly environmentId: string | undefined
  readonly clientId: string | undefined
}

/** What has gathered: all of it in summary, and the first one by one. */
interface TakenRefusals {
  readonly summaries: readonly RefusalSummary[]
  readonly notes: readonly RefusalNote[]
}

/** Gathers refusals, so that a flood of them is a few lines in the log. */
export interface Refusals {
  readonly add: (door: DoorName, decision: Deny | Unavailable, decisionId: string) => void
  /** What has gathered since the last time. */
  readonly take: () => TakenRefusals
}

interface Gathered {
  count: number
  door: DoorName
  decision: Decision
  decisionId: string
}

interface Noted {
  readonly door: DoorName
  readonly decision: Deny | Unavailable
  readonly decisionId: string
  readonly at: number
}

const kindsMax = 1000
const notesMax = 500

/** Makes an empty gathering. */
export function createRefusals(wall: () => number): Refusals {
  let gathered = new Map<string, Gathered>()
  let noted: Noted[] = []
  return {
    add(door, decision, decisionId) {
      // Of a flood only the first are kept: one kept for a moment in the place of another makes work for the collector.
      if (noted.length < notesMax) noted.push({ door, decision, decisionId, at: wall() })
      const { gateway, client } = decision.findings
      // Ids of proved tokens only: whatever else was presented could be anything.
      const key = `${door} ${decision.reason} ${nameOf(gateway)} ${nameOf(client)}`
      const known = gathered.get(key)
      if (known) {
        known.count++
        known.decisionId = decisionId
      } else if (gathered.size < kindsMax) {
        gathered.set(key, { count: 1, door, decision, decisionId })
      }
    },
    take() {
      const [summaries, notes] = [[...gathered.values()].map(summaryOf), noted.map(noteOf)]
      gathered = new Map()
      noted = []
      return { summaries, notes }
    },
  }
}

/** An issuer and an id, neither of which has a space. */
function nameOf(proof: Proof | undefined): string {
  return proof ? `${proof.issuer} ${proof.jti}` : ''
}

function summaryOf({ count, door, decision, decisionId }: Gathered): RefusalSummary {
  const { gateway, client, revision } = decision.findings
  const proof = gateway ?? client
  return {
    door,
    reason: decision.reason,
    count,
    decisionId,
    issuer: proof?.issuer,
    isOwn: proof?.profile.own ?? false,
    credentialId: proof?.jti,
    gatewayId: gateway?.kind === 'gateway' ? gateway.gateway.id : undefined,
    clientId: client?.kind === 'client' ? client.client.id : undefined,
    revision,
  }
}

function noteOf({ door, decision, decisionId, at }: Noted): RefusalNote {
  const { gateway, client, revision } = decision.findings
  const of = gateway?.kind === 'gateway' ? gateway.gateway : undefined
  const { kind, reason } = decision
  const proof = gateway ?? client
  return {
    decisionId,
    at,
    door,
    decision: kind,
    reason,
    revision,
    issuer: proof?.issuer,
    credentialId: proof?.jti,
    gatewayId: of?.id,
    environmentId: of?.environmentId,
    clientId: client?.kind === 'client' ? client.client.id : undefined,
  }
}
