// What is known of the standing, apart from the revoked ids: plain data, stepped from one revision to the next.

import type { JsonValue } from '../credential/strict-json.ts'
import type { EpochSeconds } from '../credential/time.ts'
import type { Step, TenantState } from './change.ts'
import type { SnapshotIssuer } from './snapshot-issuer.ts'
import type { StandingSnapshot } from './snapshot.ts'
import { markKey, type ClientState, type ClosedState, type Revision } from './standing.ts'

export interface KnownStanding {
  readonly epoch: string
  readonly revision: Revision
  readonly issuers: ReadonlyMap<string, SnapshotIssuer>
  readonly gateways: ReadonlyMap<string, ClosedState>
  readonly environments: ReadonlyMap<string, ClosedState>
  readonly clients: ReadonlyMap<string, ClientState>
  readonly marks: ReadonlyMap<string, EpochSeconds>
}

/** What a snapshot says. */
export function knownOf(snapshot: StandingSnapshot): KnownStanding {
  const { epoch, revision, issuers, gateways, environments, clients, marks } = snapshot
  return {
    epoch,
    revision,
    issuers: new Map(issuers.map((issuer) => [issuer.name, issuer])),
    gateways: new Map(gateways.map(({ id, state }) => [id, state])),
    environments: new Map(environments.map(({ id, state }) => [id, state])),
    clients: new Map(clients.map(({ id, ...state }) => [id, state])),
    marks: new Map(marks.map(({ subject, notBefore }) => [markKey(subject), notBefore])),
  }
}

/** What is known one step later; parts that the step does not touch stay the same objects. */
export function advance(known: KnownStanding, step: Step): KnownStanding {
  return { ...known, ...touched(known, step), revision: step.revision }
}

function touched(known: KnownStanding, change: Step): Partial<KnownStanding> {
  if (isOfIssuers(change)) return { issuers: nextIssuers(known, change) }
  if (isBeside(change)) return {}
  switch (change.kind) {
    case 'gateway-state':
      return { gateways: withState(known.gateways, change.gatewayId, change.state) }
    case 'environment-state':
      return { environments: withState(known.environments, change.environmentId, change.state) }
    case 'client-state': {
      const { clientId, deleted, generation } = change
      return { clients: new Map([...known.clients, [clientId, { deleted, generation }]]) }
    }
    case 'mark-set': {
      const key = markKey(change.subject)
      const before = known.marks.get(key)
      // A mark that was set is never taken back: the later one holds.
      const later = before !== undefined && before > change.notBefore ? before : change.notBefore
      return { marks: new Map([...known.marks, [key, later]]) }
    }
  }
}

/** Who is revoked is known elsewhere, and keys of the feed are no part of what is in force. */
const beside = [
  'elsewhere',
  'credential-revoked',
  'token-revoked',
  'feed-key-added',
  'feed-key-retired',
] as const

type Beside = Extract<Step, { readonly kind: (typeof beside)[number] }>

function isBeside(change: Step): change is Beside {
  return beside.some((kind) => kind === change.kind)
}

type OfIssuers = Extract<Step, { readonly kind: 'issuer-added' | 'key-added' | 'key-retired' }>

function isOfIssuers(change: Step): change is OfIssuers {
  const { kind } = change
  return kind === 'issuer-added' || kind === 'key-added' || kind === 'key-retired'
}

function nextIssuers(known: KnownStanding, change: OfIssuers): ReadonlyMap<string, SnapshotIssuer> {
  switch (change.kind) {
    case 'issuer-added':
      return new Map([...known.issuers, [change.issuer.name, change.issuer]])
    case 'key-added':
      return withKeys(known, change.issuer, (keys) => [...keys, change.jwk])
    case 'key-retired':
      return withKeys(known, change.issuer, (keys) => keys.filter((key) => !isKey(key, change.kid)))
  }
}

function withState(
  states: ReadonlyMap<string, ClosedState>,
  id: string,
  state: TenantState,
): ReadonlyMap<string, ClosedState> {
  const next = new Map(states)
  if (state === 'enabled') next.delete(id)
  else next.set(id, state)
  return next
}

function withKeys(
  { issuers }: KnownStanding,
  name: string,
  change: (keys: readonly JsonValue[]) => readonly JsonValue[],
): ReadonlyMap<string, SnapshotIssuer> {
  const issuer = issuers.get(name)
  if (!issuer) throw new TypeError('a key of an issuer that is not known')
  const { keys } = issuer.jwks
  const list: readonly JsonValue[] = Array.isArray(keys) ? keys : []
  return new Map([...issuers, [name, { ...issuer, jwks: { keys: change(list) } }]])
}

function isKey(key: JsonValue, kid: string): boolean {
  return typeof key === 'object' && key !== null && 'kid' in key && key['kid'] === kid
}
