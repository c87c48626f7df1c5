// What stands in one line of the feed, behind a signature:
//
//   {"kind":"heartbeat","epoch":"…","revision":812,"chain":"…","at":…,"environments":["…"],"auditHead":"…"}
//   {"kind":"credential-revoked","epoch":"…","revision":813,"previous":812, …,"chain":"…"}
//   {"kind":"elsewhere","epoch":"…","revision":814,"previous":813,"at":…,"digest":"…","of":"…","chain":"…"}
//
// chain = SHA-256(chain of the revision before, line feed, digest), digest = SHA-256(the payload without its chain).
// A line that is missing, swapped or altered does not fit. What belongs to environments that a verifier has nothing
// to do with comes as `elsewhere`: its place in the chain, and nothing of what it says. Whose it is can only be told by
// who knows that tenant: of = SHA-256(tenant, line feed, digest). So nobody can put what others are told in the place of
// what a verifier has to know.

import { hash } from 'node:crypto'
import { parseJsonObject, type JsonObject, type JsonValue } from '../credential/strict-json.ts'
import { readChange, type ChangePlace, type Step } from './change.ts'
import { isRevision, type Revision } from './standing.ts'

/** The `typ` of what a feed key signs. */
export const feedType = 'warder-feed+jwt'

/** That the authority is there, and where it stands. */
export interface Heartbeat {
  readonly kind: 'heartbeat'
  readonly epoch: string
  readonly revision: Revision
  readonly chain: string
  /** Milliseconds since 1970, of the authority's clock. */
  readonly at: number
  /** The environments that this verifier is for. */
  readonly environments: readonly string[]
  readonly auditHead: string
}

/** A step of the standing, and the link that it makes in the chain. */
interface StepLine {
  readonly kind: 'step'
  readonly step: Step
  readonly chain: string
}

export type FeedLine = Heartbeat | StepLine

/** The digest of a change's body, its payload without the chain. */
export function digestOfBody(body: string): string {
  return hash('sha256', body, 'base64url')
}

/** The payload of a change, of its body and the link that it makes. */
export function changeLine(body: string, chain: string): string {
  return `${body.slice(0, -1)},"chain":"${chain}"}`
}

/** The payload of a tenant's change for those who have nothing to do with it. */
export function elsewhereLine(
  { epoch, revision, previous, at }: ChangePlace,
  tenant: string,
  { digest, chain }: { readonly digest: string; readonly chain: string },
): string {
  const of = tenantMark(tenant, digest)
  return JSON.stringify({ kind: 'elsewhere', epoch, revision, previous, at, digest, of, chain })
}

/** Whether a step that is said to be none of theirs is one of these tenants. */
export function isWithheld(step: Step, tenants: readonly string[]): boolean {
  if (step.kind !== 'elsewhere') return false
  const { digest, of } = step
  return tenants.some((tenant) => tenantMark(tenant, digest) === of)
}

function tenantMark(tenant: string, digest: string): string {
  return hash('sha256', `${tenant}\n${digest}`, 'base64url')
}

/** The payload of a heartbeat. */
export function heartbeatLine({ kind, ...facts }: Heartbeat): string {
  return JSON.stringify({ kind, ...facts })
}

/** Reads a payload whose signature was checked; `undefined` when any of it is not as it has to be. */
export function readFeedLine(payload: Buffer, chainBefore: string): FeedLine | undefined {
  const members = parseJsonObject(payload)
  if (!members) return undefined
  if (members['kind'] === 'heartbeat') return readHeartbeat(members)
  const { chain } = members
  const text = payload.toString('utf8')
  const digest = members['kind'] === 'elsewhere' ? members['digest'] : digestWithout(text, chain)
  if (!isText(chain) || !isText(digest) || chain !== linkOf(chainBefore, digest)) return undefined
  return readStepLine(members, chain)
}

function linkOf(before: string, digest: string): string {
  return hash('sha256', `${before}\n${digest}`, 'base64url')
}

/** The digest of the body in a payload that ends with its chain. */
function digestWithout(text: string, chain: JsonValue | undefined): string | undefined {
  if (!isText(chain)) return undefined
  const end = `,"chain":"${chain}"}`
  return text.endsWith(end) ? digestOfBody(`${text.slice(0, -end.length)}}`) : undefined
}

function readStepLine(members: JsonObject, chain: string): StepLine | undefined {
  if (members['kind'] !== 'elsewhere') {
    const step = readChange(members)
    return step && { kind: 'step', step, chain }
  }
  const place = readPlace(members)
  const { digest, of } = members
  if (!place || !isText(digest) || !isText(of)) return undefined
  return { kind: 'step', step: { kind: 'elsewhere', ...place, digest, of }, chain }
}

function readHeartbeat(members: JsonObject): Heartbeat | undefined {
  const { epoch, revision, chain, at, environments, auditHead } = members
  if (!isText(epoch) || !isRevision(revision) || typeof chain !== 'string') return undefined
  if (typeof at !== 'number' || typeof auditHead !== 'string' || !isTexts(environments))
    return undefined
  return { kind: 'heartbeat', epoch, revision, chain, at, environments, auditHead }
}

function readPlace({ epoch, revision, previous, at }: JsonObject): ChangePlace | undefined {
  if (!isText(epoch) || !isRevision(revision) || !isRevision(previous)) return undefined
  return revision > previous && typeof at === 'number'
    ? { epoch, revision, previous, at }
    : undefined
}

function isText(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && value !== ''
}

function isTexts(value: JsonValue | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((text: JsonValue) => isText(text))
}
