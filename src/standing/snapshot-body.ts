// A snapshot as it travels and as it is kept:
//
//   {"issuers":[…],"gateways":[…],"environments":[…],"clients":[…],"marks":[…],"segments":[{"name":"…","count":2}]}\n
//   the revoked ids, sixteen bytes each, segment after segment
//
// The manifest names revision, chain, counts and the SHA-256 of all of it, and is signed with a feed key.

import { revocationId, type RevocationId } from '../credential/revocation-id.ts'
import {
  isJsonObject,
  parseJsonObject,
  type JsonObject,
  type JsonValue,
} from '../credential/strict-json.ts'
import { isEpochSeconds } from '../credential/time.ts'
import { readSubject } from './change.ts'
import { bytesPerId, idsIn, type PackedIds } from './packed-ids.ts'
import { knownOf, type KnownStanding } from './known-standing.ts'
import { segmentOf } from './revoked-segments.ts'
import { readIssuer } from './snapshot-issuer.ts'
import type { StandingSnapshot } from './snapshot.ts'
import { isRevision, type ClosedState, type Revision } from './standing.ts'

/** What a manifest says of its body. */
export interface SnapshotManifest {
  readonly kind: 'snapshot'
  readonly epoch: string
  readonly revision: Revision
  readonly chain: string
  /** Milliseconds since 1970, of the authority's clock. */
  readonly at: number
  /** The organization that it was made for. */
  readonly organization: string
  /** The environments that it was made for: no other's credentials count. */
  readonly environments: readonly string[]
  readonly counts: { readonly revoked: number }
  readonly bytes: number
  /** Of the body, in base64url. */
  readonly sha256: string
}

/** Revoked ids that come and go together. */
interface RevokedSegment {
  readonly name: string
  readonly count: number
  readonly ids: Iterable<RevocationId>
}

/** A whole standing, ready to be put in force. */
export interface LoadableStanding {
  readonly known: KnownStanding
  /** The environments whose credentials are accepted; `undefined` for all. */
  readonly accepted: ReadonlySet<string> | undefined
  readonly segments: readonly RevokedSegment[]
}

/** A snapshot in the form in which it is put in force. */
export function loadable(snapshot: StandingSnapshot): LoadableStanding {
  const bySegment = Map.groupBy(snapshot.revoked, segmentOf)
  const segments = [...bySegment].map(([name, entries]) => ({
    name,
    count: entries.length,
    ids: entries.map(({ issuer, jti }) => revocationId(issuer, jti)),
  }))
  return { known: knownOf(snapshot), accepted: undefined, segments }
}

/** What a snapshot says besides who is revoked. */
export type SnapshotFacts = Omit<StandingSnapshot, 'revoked'>

/** The first line of a body, behind which the ids of its segments follow in their order. */
export function snapshotHead(
  { issuers, gateways, environments, clients, marks }: SnapshotFacts,
  segments: readonly { readonly name: string; readonly count: number }[],
): Buffer {
  const shown = marks.map(({ subject, notBefore }) => ({
    subject: { [subject.kind]: subject.id },
    notBefore,
  }))
  const facts = { issuers, gateways, environments, clients, marks: shown, segments }
  return Buffer.from(`${JSON.stringify(facts)}\n`)
}

/** Reads a body whose hash was checked; `undefined` when any of it is not as it has to be. */
export function decodeSnapshot(
  { epoch, revision, at, counts, environments: accepted }: SnapshotManifest,
  body: Buffer,
): LoadableStanding | undefined {
  const end = body.indexOf('\n')
  const head = end === -1 ? undefined : parseJsonObject(body.subarray(0, end))
  if (!head) return undefined
  const issuers = listOf(head['issuers'], readIssuer)
  const gateways = listOf(head['gateways'], readState)
  const environments = listOf(head['environments'], readState)
  const clients = listOf(head['clients'], readClient)
  const marks = listOf(head['marks'], readMark)
  const names = listOf(head['segments'], readSegment)
  const total = names?.reduce((sum, { count }) => sum + count, 0)
  const ids = body.subarray(end + 1)
  if (total !== counts.revoked || ids.length !== total * bytesPerId) return undefined
  if (!issuers || !gateways || !environments || !clients || !marks || !names) return undefined
  const facts = { epoch, revision, at, issuers, gateways, environments, clients, marks }
  return {
    known: knownOf({ ...facts, revoked: [] }),
    accepted: new Set(accepted),
    segments: segmentsIn(ids, names),
  }
}

/** Writes segments alone, as a body has them. */
export function packSegments(packed: PackedIds): Buffer {
  const head = `${JSON.stringify({ segments: packed.segments() })}\n`
  return packed.count === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from(head), packed.bytes()])
}

/** Reads segments that were written alone; `undefined` when any of it is not as it has to be. */
export function unpackSegments(bytes: Buffer): readonly RevokedSegment[] | undefined {
  if (bytes.length === 0) return []
  const end = bytes.indexOf('\n')
  const head = end === -1 ? undefined : parseJsonObject(bytes.subarray(0, end))
  const names = head && listOf(head['segments'], readSegment)
  const ids = bytes.subarray(end + 1)
  const total = names?.reduce((sum, { count }) => sum + count, 0)
  return names && total !== undefined && ids.length === total * bytesPerId
    ? segmentsIn(ids, names)
    : undefined
}

/** Reads a manifest whose signature was checked. */
export function readManifest(payload: Buffer): SnapshotManifest | undefined {
  const members = parseJsonObject(payload)
  if (members?.['kind'] !== 'snapshot') return undefined
  const { epoch, revision, chain, at, counts, bytes, sha256 } = members
  const tenants = readTenants(members)
  const revoked = isJsonObject(counts) ? counts['revoked'] : undefined
  if (typeof epoch !== 'string' || !isRevision(revision) || typeof chain !== 'string')
    return undefined
  if (typeof at !== 'number' || typeof sha256 !== 'string') return undefined
  if (!isRevision(revoked) || !isRevision(bytes) || !tenants) return undefined
  const place = { epoch, revision, chain, at, ...tenants }
  return { kind: 'snapshot', ...place, counts: { revoked }, bytes, sha256 }
}

function readTenants({ organization, environments }: JsonObject) {
  const read = typeof organization === 'string' && isTexts(environments)
  return read ? { organization, environments } : undefined
}

function segmentsIn(
  ids: Buffer,
  names: readonly { readonly name: string; readonly count: number }[],
): readonly RevokedSegment[] {
  let start = 0
  return names.map(({ name, count }) => {
    const part = ids.subarray(start, start + count * bytesPerId)
    start += count * bytesPerId
    return { name, count, ids: { [Symbol.iterator]: () => idsIn(part) } }
  })
}

function listOf<T>(
  value: JsonValue | undefined,
  read: (item: JsonValue) => T | undefined,
): readonly T[] | undefined {
  if (!Array.isArray(value)) return undefined
  const items: readonly JsonValue[] = value
  const list: T[] = []
  for (const item of items) {
    const one = read(item)
    if (one === undefined) return undefined
    list.push(one)
  }
  return list
}

function readState(
  item: JsonValue,
): { readonly id: string; readonly state: ClosedState } | undefined {
  if (!isJsonObject(item)) return undefined
  const { id, state } = item
  const closed = state === 'disabled' || state === 'deleted'
  return typeof id === 'string' && closed ? { id, state } : undefined
}

function readClient(item: JsonValue) {
  if (!isJsonObject(item)) return undefined
  const { id, deleted, generation } = item
  const whole = typeof id === 'string' && typeof deleted === 'boolean' && isRevision(generation)
  return whole ? { id, deleted, generation } : undefined
}

function readMark(item: JsonValue) {
  if (!isJsonObject(item)) return undefined
  const { subject, notBefore } = item
  const of = readSubject(subject)
  return of && isEpochSeconds(notBefore) ? { subject: of, notBefore } : undefined
}

function readSegment(item: JsonValue) {
  if (!isJsonObject(item)) return undefined
  const { name, count } = item
  return typeof name === 'string' && isRevision(count) ? { name, count } : undefined
}

function isTexts(value: JsonValue | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((text: JsonValue) => typeof text === 'string')
}
