import { generateKeyPairSync } from 'node:crypto'
import { createProfile, type TrustedKey } from '../../src/credential/key-ring.ts'
import { epochSeconds } from '../../src/credential/time.ts'
import {
  isRevision,
  markKey,
  type ClosedState,
  type MarkSubject,
  type Revision,
  type StandingFacts,
} from '../../src/standing/standing.ts'
import type { Random } from '../prng.ts'
import { signToken } from '../verifier/issuer.ts'

// A model of what decides that keeps nothing: it knows what was done, as a list would have it, and works each answer
// out anew.

const ours = 'https://warder.test'
const theirs = 'https://partner.test'
const audience = 'urn:gateways'
const clientAudience = 'urn:clients'
const environments = ['e-1', 'e-2', 'e-3']
const gateways = ['g-1', 'g-2', 'g-3', 'g-4']
const clients = ['c-1', 'c-2']

interface SimKey {
  readonly issuer: string
  readonly kid: string
  readonly trusted: TrustedKey
  readonly sign: (claims: Readonly<Record<string, unknown>>, header?: object) => string
}

let keysMade = 0
function makeKey(issuer: string, kid: string): SimKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const trusted = { kid, algorithm: 'ES256', publicKey, thumbprint: `t-${keysMade++}` } as const
  const signer = { kid, privateKey, jwk: {} }
  return {
    issuer,
    kid,
    trusted,
    sign: (claims, header) => signToken(signer, claims, { ...header }),
  }
}

/** Keys are few and made once: the same `kid` with two keys, and the same `kid` at two issuers. */
export const keys = [
  makeKey(ours, 'k-1'),
  makeKey(ours, 'k-2'),
  makeKey(ours, 'k-2'),
  makeKey(theirs, 'k-1'),
]

export interface SimToken {
  readonly text: string
  readonly key: SimKey
  readonly kind: 'gateway' | 'client'
  readonly jti: string
  readonly subject: string
  readonly environment: string
  readonly generation: number
  readonly iat: number
  readonly exp: number | undefined
  readonly nbf: number | undefined
  readonly forged: boolean
}

/** What was done, as a list would have it. */
export interface Model {
  readonly trusted: Set<SimKey>
  readonly revoked: Set<string>
  readonly gateways: Map<string, ClosedState>
  readonly environments: Map<string, ClosedState>
  readonly clients: Map<string, { deleted: boolean; generation: number }>
  readonly marks: Map<string, number>
  accepted: Set<string> | undefined
  now: number
}

/** Nothing has been done yet; the first two keys are trusted. */
export const newModel = (now: number): Model => ({
  trusted: new Set(keys.slice(0, 2)),
  revoked: new Set(),
  gateways: new Map(),
  environments: new Map(),
  clients: new Map(),
  marks: new Map(),
  accepted: undefined,
  now,
})

export const leeway = { exp: 0, nbf: 60 }

/** Whether the model allows a token at a door of its kind. */
export function allows(model: Model, token: SimToken): boolean {
  if (token.forged || !model.trusted.has(token.key) || !isInTime(model.now, token)) return false
  if (model.revoked.has(`${token.key.issuer} ${token.jti}`)) return false
  return token.kind === 'client' ? allowsClient(model, token) : allowsGateway(model, token)
}

function isInTime(now: number, { exp, nbf, iat }: SimToken): boolean {
  return (exp === undefined || now < exp) && (nbf ?? iat) <= now + 60 && iat <= now + 60
}

function isMarked({ marks }: Model, { iat }: SimToken, subject: MarkSubject): boolean {
  return iat < (marks.get(markKey(subject)) ?? Number.NEGATIVE_INFINITY)
}

function allowsClient(model: Model, token: SimToken): boolean {
  const client = token.key.issuer === ours ? model.clients.get(token.subject) : undefined
  if (client && (client.deleted || token.generation < client.generation)) return false
  return !isMarked(model, token, { kind: 'client', id: token.subject })
}

function allowsGateway(model: Model, token: SimToken): boolean {
  const { subject: id, environment } = token
  if (model.accepted && !model.accepted.has(environment)) return false
  if (model.gateways.has(id) || model.environments.has(environment)) return false
  const marked = isMarked(model, token, { kind: 'gateway', id })
  return !marked && !isMarked(model, token, { kind: 'environment', id: environment })
}

const profiles = (own: boolean) => [
  createProfile({
    kind: 'gateway',
    typ: own ? 'gateway-credential+jwt' : undefined,
    audiences: new Set([audience]),
    gatewayClaim: 'gateway',
    own: false,
  }),
  createProfile({
    kind: 'client',
    typ: own ? 'at+jwt' : undefined,
    audiences: new Set([clientAudience]),
    gatewayClaim: undefined,
    own,
  }),
]

const types = { gateway: 'gateway-credential+jwt', client: 'at+jwt' }

function signed(facts: Omit<SimToken, 'text'>): string {
  const { key, kind, jti, iat, exp, nbf, subject: sub, generation: gen, environment } = facts
  const common = { iss: key.issuer, jti, iat, exp, nbf }
  const typ = key.issuer === ours ? types[kind] : 'JWT'
  return kind === 'client'
    ? key.sign({ ...common, aud: clientAudience, sub, client_id: sub, scope: 'x', gen }, { typ })
    : key.sign({ ...common, aud: audience, gateway: sub, environmentId: environment }, { typ })
}

function timesOf(kind: SimToken['kind'], random: Random, now: number) {
  return {
    iat: now - random(400),
    exp: kind === 'client' || random(3) === 0 ? now + random(300) : undefined,
    nbf: random(4) === 0 ? now + random(200) - 50 : undefined,
  }
}

/** Makes one more token: of any key, trusted or not, live or about to be. */
export function makeToken(random: Random, now: number, count: number): SimToken {
  const key = keys[random(keys.length)] ?? keys[0]
  if (!key) throw new TypeError('there are no keys')
  const kind = random(3) === 0 ? 'client' : 'gateway'
  const subject = pick(random, kind === 'client' ? clients : gateways)
  const facts = {
    key,
    kind,
    jti: `j-${count}`,
    subject,
    environment: pick(random, environments),
    generation: random(3),
    ...timesOf(kind, random, now),
    forged: random(8) === 0,
  } as const
  const text = signed(facts)
  const [head = '', payload = '', signature = ''] = text.split('.')
  const other = signature.startsWith('A') ? 'B' : 'A'
  const shown = facts.forged ? `${head}.${payload}.${other}${signature.slice(1)}` : text
  return { ...facts, text: shown }
}

export function revisionOf(value: number): Revision {
  if (!isRevision(value)) throw new TypeError('not a revision')
  return value
}

export function factsOf(model: Model, revision: Revision, tables: StandingFacts['revokedTables']) {
  const issuersOf = (name: string) => ({
    name,
    profiles: profiles(name === ours),
    keys: [...model.trusted].filter(({ issuer }) => issuer === name).map(({ trusted }) => trusted),
  })
  return {
    revision,
    issuers: [issuersOf(ours), issuersOf(theirs)],
    revokedTables: tables,
    accepted: model.accepted && new Set(model.accepted),
    gateways: new Map(model.gateways),
    environments: new Map(model.environments),
    clients: new Map([...model.clients].map(([id, state]) => [id, { ...state }])),
    marks: new Map([...model.marks].map(([id, at]) => [id, epochSeconds(at)])),
  }
}

type Change = (model: Model, random: Random, tokens: readonly SimToken[]) => void

const pick = (random: Random, list: readonly string[]): string => list[random(list.length)] ?? ''

// Never are all closed for long, or hardly anything would be allowed.
function toggle(map: Map<string, ClosedState>, id: string, random: Random): void {
  if (map.size > 1) map.clear()
  else if (!map.delete(id)) map.set(id, random(2) === 0 ? 'disabled' : 'deleted')
}

function changeKey({ trusted }: Model, random: Random): void {
  const key = keys[random(keys.length)]
  if (!key) return
  if (trusted.has(key)) {
    if (random(3) === 0) trusted.delete(key)
    return
  }
  // One kid, one key.
  for (const other of trusted) {
    if (other.kid === key.kid && other.issuer === key.issuer) trusted.delete(other)
  }
  trusted.add(key)
}

function changeClient(model: Model, random: Random): void {
  const id = pick(random, clients)
  const { generation = 0 } = model.clients.get(id) ?? {}
  model.clients.set(id, { deleted: random(4) === 0, generation: (generation + random(2)) % 3 })
}

function changeMark({ marks, now }: Model, random: Random): void {
  const kinds = ['client', 'gateway', 'environment'] as const
  const kind = kinds[random(3)] ?? 'client'
  const id = pick(random, { client: clients, gateway: gateways, environment: environments }[kind])
  const key = markKey({ kind, id })
  if (marks.size > 2) marks.clear()
  else if (!marks.delete(key)) marks.set(key, now - random(400))
}

function changeAccepted(model: Model, random: Random): void {
  const some = new Set(environments.filter(() => random(3) > 0))
  model.accepted = random(3) > 0 ? undefined : some
}

const revoke: Change = ({ revoked }, random, tokens) => {
  const token = tokens[random(tokens.length)]
  if (token) revoked.add(`${token.key.issuer} ${token.jti}`)
}

const changes: readonly Change[] = [
  changeKey,
  changeClient,
  changeMark,
  changeAccepted,
  revoke,
  revoke,
  revoke,
  (model, random) => toggle(model.gateways, pick(random, gateways), random),
  (model, random) =>
    random(3) === 0 && toggle(model.environments, pick(random, environments), random),
]

/** Does one thing to the model. */
export const change: Change = (model, random, tokens) =>
  changes[random(changes.length)]?.(model, random, tokens)
