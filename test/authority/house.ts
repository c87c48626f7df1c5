import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAuthority, type Authority } from '../../src/authority/authority.ts'
import type { Recall } from '../../src/authority/explain.ts'
import { ensureFirstStart } from '../../src/authority/first-start.ts'
import type { AuthorityTls } from '../../src/authority/server.ts'
import type { AuthoritySettings } from '../../src/authority/settings.ts'
import { openStore } from '../../src/authority/database.ts'
import type { Store } from '../../src/store/store.ts'
import { systemClock, type Clock } from '../../src/system/clock.ts'
import type { Log } from '../../src/telemetry/log.ts'
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts'
import { freePorts } from '../free-ports.ts'

// A real authority on a real database and a real socket, and a client that speaks to it.

/** An answer, read. */
export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: Tree
}

/** JSON as tests look into it. */
export interface Tree {
  readonly [member: string]: Tree & string & number & boolean & readonly Tree[]
}

export interface AskOptions {
  readonly token?: string | undefined
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

export type Ask = (method: string, path: string, options?: AskOptions) => Promise<Answered>

export interface House {
  readonly url: string
  readonly store: Store
  readonly authority: Authority
  readonly metrics: Metrics
  readonly settings: AuthoritySettings
  readonly organizationId: string
  readonly environmentId: string
  readonly clientId: string
  readonly clientSecret: string
  /** The bearer of the first administrator. */
  readonly token: string
  readonly dataFolder: string
  /** As the first administrator, unless told otherwise. */
  readonly ask: Ask
  readonly close: () => Promise<void>
}

export interface HouseOptions {
  readonly clock?: Clock
  readonly log?: Log
  readonly settings?: Partial<AuthoritySettings>
  /** Settings that name where it listens. */
  readonly settingsAt?: (url: string) => Partial<AuthoritySettings>
  readonly databaseUrl?: string
  readonly dataFolder?: string
  readonly keyEncryptionKey?: string
  readonly tls?: AuthorityTls
  readonly recall?: Recall
  /** Stands between the authority and its database. */
  readonly wrap?: (store: Store) => Store
}

const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => silent,
}

/** Starts an authority; ES256 unless told otherwise, since an RSA key takes its time. */
export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const folder = options.dataFolder ?? mkdtempSync(join(tmpdir(), 'warder-authority-'))
  const [port = 0] = await freePorts(1)
  const url = `http://127.0.0.1:${port}`
  const settings = { ...settingsFor(url), ...options.settings, ...options.settingsAt?.(url) }
  const opened = await openStore({
    url: options.databaseUrl ?? `sqlite:${join(folder, 'warder.db')}`,
  })
  try {
    return await furnish(options, {
      folder,
      url,
      settings,
      store: options.wrap?.(opened) ?? opened,
    })
  } catch (error) {
    await opened.close()
    throw error
  }
}

interface Plot {
  readonly folder: string
  readonly url: string
  readonly settings: AuthoritySettings
  readonly store: Store
}

async function furnish(
  { clock = systemClock, log = silent, ...options }: HouseOptions,
  { folder, url, settings, store }: Plot,
): Promise<House> {
  const { keyEncryptionKey } = options
  const start = { store, clock, settings, dataFolder: folder, keyEncryptionKey }
  const installation = await ensureFirstStart(start)
  const metrics = createMetrics()
  const { tls, recall } = options
  const recalls = recall && { recall }
  const parts = { store, installation, settings, clock, log, metrics, tls, ...recalls }
  const authority = await createAuthority(parts)
  await authority.listen({ kind: 'tcp', host: '127.0.0.1', port: Number(new URL(url).port) })
  const { organizationId, environmentId, clientId, clientSecret } = readAdmin(folder)
  const admin = { organizationId, environmentId, clientId, clientSecret }
  // Over TLS tests speak for themselves.
  const token = tls ? '' : await buyToken(url, admin)
  return {
    url,
    store,
    authority,
    metrics,
    settings,
    ...admin,
    token,
    dataFolder: folder,
    ask: (method, path, asked = {}) => ask(url, method, path, { token, ...asked }),
    async close() {
      await authority.close()
      await store.close()
      if (options.dataFolder === undefined) rmSync(folder, { recursive: true })
    },
  }
}

function readAdmin(folder: string) {
  return JSON.parse(readFileSync(join(folder, 'admin.json'), 'utf8')) as Record<
    'organizationId' | 'environmentId' | 'clientId' | 'clientSecret',
    string
  >
}

export function settingsFor(publicUrl: string): AuthoritySettings {
  return {
    publicUrl,
    verifierUrl: 'http://127.0.0.1:7070',
    credentials: {
      issuer: 'https://warder.test',
      audience: 'https://warder.test',
      algorithm: 'ES256',
      maxPerGateway: 5,
      statusList: false,
    },
    oauth: {
      accessTokenLifetimeMs: 3_600_000,
      maxOverlapMs: 86_400_000,
      maxPerOrganization: 3,
    },
    region: 'local',
    targetGeography: 'NA',
    targetClusterEnvironment: 'default',
    revocationWaitMs: 1000,
    limits: { headerBytes: 65_536, bodyBytes: 65_536, sockets: 1000 },
  }
}

/** Asks and reads the answer, which has to be JSON if it is anything. */
export async function ask(
  base: string,
  method: string,
  path: string,
  { token, body: given, headers = {} }: AskOptions = {},
): Promise<Answered> {
  const body = method === 'GET' ? undefined : given
  const bearer = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const json = body === undefined ? {} : { 'content-type': 'application/json' }
  const response = await fetch(path.startsWith('http') ? path : `${base}${path}`, {
    method,
    headers: { ...bearer, ...json, ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  if (text !== '') assert.equal(response.headers.get('content-type'), 'application/json')
  const read = (text === '' ? {} : JSON.parse(text)) as Tree
  return { status: response.status, headers: response.headers, text, body: read }
}

export interface Client {
  readonly environmentId: string
  readonly clientId: string
  readonly clientSecret: string
}

/** Asks for a token and gives the answer. */
export async function askForToken(
  base: string,
  { environmentId, clientId, clientSecret }: Client,
  form = 'grant_type=client_credentials',
): Promise<Answered> {
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
  return ask(base, 'POST', `/${environmentId}/as/token`, {
    body: form,
    headers: {
      authorization: `Basic ${basic}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
  })
}

export async function buyToken(base: string, client: Client): Promise<string> {
  const answered = await askForToken(base, client)
  assert.equal(answered.status, 200, answered.text)
  return answered.body['access_token'] ?? ''
}

/** Adds an administrator and buys their token. */
export async function addAdministrator(
  house: House,
  role: string,
  environmentId?: string,
): Promise<{ readonly id: string; readonly token: string; readonly client: Client }> {
  const path = `/v1/organizations/${house.organizationId}/administrators`
  const name = `${role} ${randomUUID()}`
  const { body, status, text } = await house.ask('POST', path, {
    body: { name, role, ...(environmentId === undefined ? {} : { environmentId }) },
  })
  assert.equal(status, 201, text)
  const client = {
    environmentId: environmentId ?? house.environmentId,
    clientId: String(body['clientId']),
    clientSecret: String(body['clientSecret']),
  }
  return { id: String(body['id']), token: await buyToken(house.url, client), client }
}

/** Adds an environment. */
export async function addEnvironment(house: House): Promise<string> {
  const path = `/v1/organizations/${house.organizationId}/environments`
  const { body } = await house.ask('POST', path, { body: { name: randomUUID() } })
  return String(body['id'])
}

/** Adds a gateway, without a credential unless told otherwise. */
export async function addGateway(
  house: House,
  more: Record<string, unknown> = {},
): Promise<{ readonly id: string; readonly path: string; readonly answered: Answered }> {
  const path = `/v1/environments/${house.environmentId}/gateways`
  const usual = { name: randomUUID(), type: 'API_GATEWAY_INTEGRATION', createCredential: false }
  const answered = await house.ask('POST', path, { body: { ...usual, ...more } })
  assert.equal(answered.status, 201, answered.text)
  const id = String(answered.body['id'])
  return { id, path: `${path}/${id}`, answered }
}

export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
export const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** Holds an answer to the shape of every error, and to what it should say. */
export function refused(answered: Answered, status: number, code: string, detail?: object): void {
  assert.equal(answered.status, status, answered.text)
  assert.match(String(answered.body['id']), uuid)
  assert.equal(answered.body['code'], code)
  assert.ok(String(answered.body['message']).length > 10)
  if (detail) {
    const [first] = answered.body['details'] ?? []
    assert.deepEqual({ code: first?.['code'], target: first?.['target'] }, detail, answered.text)
  }
}

/** The elements of a list. */
export function embedded(body: Tree, name: string): readonly Tree[] {
  return body['_embedded']?.[name] ?? []
}

/** What a token says, unverified. */
export function claimsOf(token: unknown): Record<string, unknown> {
  const [, payload = ''] = String(token).split('.')
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
}
