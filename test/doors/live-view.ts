import { randomUUID } from 'node:crypto'
import { createProfile } from '../../src/credential/key-ring.ts'
import { importKeySet } from '../../src/credential/key-set.ts'
import { mintGatewayCredential } from '../../src/credential/mint.ts'
import { admitsAll, decide, type DoorRules, type View } from '../../src/decision/decide.ts'
import type { Decision } from '../../src/decision/decision.ts'
import { createProofCache } from '../../src/decision/proof-cache.ts'
import type { Question } from '../../src/decision/question.ts'
import { createRevokedSet } from '../../src/standing/revoked-set.ts'
import { createStanding, isRevision } from '../../src/standing/standing.ts'
import { gatewayClaims, issuer, jwksOf, keys, now, profiles } from '../credential/installation.ts'

// Decisions of the real kind for what is tested without a socket.

const trusted = [keys.EdDSA, keys.RS256]
const set = await importKeySet(JSON.parse(JSON.stringify(jwksOf(trusted))), ['EdDSA', 'RS256'])
const own = profiles.map((profile) => createProfile(profile))
const revision = 7
if (!set || !isRevision(revision)) throw new TypeError('no keys')

export const view: View = {
  standing: createStanding({
    revision,
    issuers: [{ name: issuer, profiles: own, keys: set.keys }],
    revokedTables: createRevokedSet().tables,
    accepted: undefined,
    gateways: new Map(),
    environments: new Map(),
    clients: new Map(),
    marks: new Map(),
  }),
  freshness: 'fresh',
  cache: createProofCache(100),
  leeway: { exp: 0, nbf: 60 },
  outage: { noState: 'allow', expired: 'allow', internalError: 'allow' },
  admission: admitsAll,
}

export const environmentId = randomUUID()
/** A credential that is live in that view. */
export const liveToken = await mintGatewayCredential(
  gatewayClaims({ environmentId, gatewayName: 'edge' }),
  keys.EdDSA,
)

export const carrier = { kind: 'client-token', headers: ['CLIENT-TOKEN', 'PDG-TOKEN'] } as const
export const gatewayDoor = { carrier, require: 'gateway', environment: undefined } as const

/** Judges by that view, or by none that knows anything. */
export function judgeBy(rules: DoorRules, by: View = view) {
  return (question: Question): Decision => decide(question, rules, by, now)
}
