import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto'
import { CompactSign, calculateJwkThumbprint } from 'jose'
import { parseJsonObject, type JsonObject } from '../../src/credential/strict-json.ts'
import { changeLine, digestOfBody, feedType } from '../../src/standing/feed-line.ts'
import { isRevision, type Revision } from '../../src/standing/standing.ts'

// A history of our own making: snapshots and lines that are signed, be what they say right or wrong.

export interface FeedPair {
  readonly kid: string
  readonly jwk: JsonObject
  readonly privateKey: KeyObject
}

/** A place in a history. */
export interface Place {
  readonly epoch: string
  readonly revision: Revision
  readonly chain: string
}

export interface SnapshotSaid extends Place {
  readonly at: number
  /** The ids of revoked credentials of `issuerName` and the key `k`. */
  readonly revoked?: readonly string[]
  /** What the manifest says in another way. */
  readonly manifest?: object
}

export const issuerName = 'https://warder.test'
export const organization = randomUUID()
export const environments = [randomUUID()]

/** Makes a key of the feed. */
export async function feedPair(): Promise<FeedPair> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const exported = publicKey.export({ format: 'jwk' })
  const kid = await calculateJwkThumbprint(exported)
  return { kid, jwk: toJson({ ...exported, kid, alg: 'EdDSA' }), privateKey }
}

export function revisionOf(value: number): Revision {
  assert.ok(isRevision(value))
  return value
}

/** Signs a payload as a feed is signed. */
export function sign(
  { kid, privateKey }: FeedPair,
  payload: string | object,
  typ = feedType,
): Promise<string> {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
  return new CompactSign(Buffer.from(text))
    .setProtectedHeader({ alg: 'EdDSA', kid, typ })
    .sign(privateKey)
}

/** A snapshot as it travels, but for being compressed. */
export async function snapshotOf(key: FeedPair, said: SnapshotSaid) {
  const { epoch, revision, chain, at, revoked = [], manifest = {} } = said
  const segment = { name: `${issuerName}\nk\nnever`, count: revoked.length }
  const head = {
    issuers: [],
    gateways: [],
    environments: [],
    clients: [],
    marks: [],
    segments: revoked.length === 0 ? [] : [segment],
  }
  const ids = revoked.map((jti) => sha256(`${issuerName}\n${jti}`).subarray(0, 16))
  const body = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), ...ids])
  const facts = {
    kind: 'snapshot',
    epoch,
    revision,
    chain,
    at,
    organization,
    environments,
    counts: { revoked: revoked.length },
    bytes: body.length,
    sha256: sha256(body).toString('base64url'),
    ...manifest,
  }
  return { manifest: await sign(key, facts), body }
}

/** The line of a change that follows a place, and the place that it leads to. */
export async function changeAfter(
  key: FeedPair,
  { epoch, revision, chain }: Place,
  facts: object,
): Promise<{ readonly line: string; readonly place: Place }> {
  const next = { epoch, revision: revisionOf(revision + 1), previous: revision, at: 1 }
  const body = JSON.stringify({ ...next, ...facts })
  const link = sha256(`${chain}\n${digestOfBody(body)}`).toString('base64url')
  const line = await sign(key, changeLine(body, link))
  return { line, place: { epoch, revision: next.revision, chain: link } }
}

/** The line of a change, a credential's revocation unless it says something else. */
export function revocation(jti: string) {
  const whose = { gatewayId: 'g', environmentId: environments[0] }
  return { kind: 'credential-revoked', issuer: issuerName, jti, kid: 'k', ...whose }
}

export function heartbeatAt(key: FeedPair, place: Place, said: object = {}): Promise<string> {
  const facts = { ...place, at: Date.now(), environments, auditHead: '' }
  return sign(key, { kind: 'heartbeat', ...facts, ...said })
}

function sha256(bytes: string | Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}

function toJson(value: object): JsonObject {
  return parseJsonObject(Buffer.from(JSON.stringify(value))) ?? assert.fail()
}
