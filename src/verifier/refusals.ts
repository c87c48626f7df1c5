import type { Decision } from '../decision/decision.ts'
import type { DoorName } from '../decision/question.ts'

/** Refusals of one kind at one door within a moment, for the log. */
export interface RefusalSummary {
  readonly door: DoorName
  readonly reason: string
  readonly count: number
  /** What follows is of the last one of them. */
  readonly decisionId: string
  readonly credentialId: string | undefined
  readonly gatewayId: string | undefined
  readonly clientId: string | undefined
  readonly revision: number | undefined
}

/** Gathers refusals, so that a flood of them is a few lines in the log. */
export interface Refusals {
  readonly add: (door: DoorName, decision: Decision, decisionId: string) => void
  /** What has gathered since the last time. */
  readonly take: () => readonly RefusalSummary[]
}

interface Gathered {
  count: number
  door: DoorName
  decision: Decision
  decisionId: string
}

const kindsMax = 1000

/** Makes an empty gathering. */
export function createRefusals(): Refusals {
  let gathered = new Map<string, Gathered>()
  return {
    add(door, decision, decisionId) {
      const { gateway, client } = decision.findings
      // Ids of proved tokens only: whatever else was presented could be anything.
      const key = `${door} ${decision.reason} ${gateway?.jti ?? ''} ${client?.jti ?? ''}`
      const known = gathered.get(key)
      if (known) {
        known.count++
        known.decisionId = decisionId
      } else if (gathered.size < kindsMax) {
        gathered.set(key, { count: 1, door, decision, decisionId })
      }
    },
    take() {
      const taken = gathered
      gathered = new Map()
      return [...taken.values()].map(summaryOf)
    },
  }
}

function summaryOf({ count, door, decision, decisionId }: Gathered): RefusalSummary {
  const { gateway, client, revision } = decision.findings
  return {
    door,
    reason: decision.reason,
    count,
    decisionId,
    credentialId: gateway?.jti ?? client?.jti,
    gatewayId: gateway?.kind === 'gateway' ? gateway.gateway.id : undefined,
    clientId: client?.kind === 'client' ? client.client.id : undefined,
    revision,
  }
}
