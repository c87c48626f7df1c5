import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import type { AuditEntry, Happening } from './history.ts'
import { freePorts } from '../free-ports.ts'
import { startProgram, until, type Program } from './program.ts'

// An authority in a process of its own, and an operator who writes down what it acknowledged.

export interface AuthorityOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly hook?: string
  readonly through?: readonly string[]
  /** Whether it sees another file system than we do. */
  readonly apart?: boolean
}

/** A credential that was issued. */
export interface Issued {
  readonly id: string
  readonly gateway: string
  readonly token: string
}

/** JSON as tests look into it. */
export interface Tree {
  readonly [member: string]: Tree & string & number & boolean & readonly Tree[]
}

export interface Answered {
  /** `undefined` where none came. */
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Tree
}

export interface AuthorityNode {
  readonly port: number
  readonly ops: number
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  /** Its data folder, as we see it. */
  readonly data: () => string
  readonly program: () => Program
  readonly start: () => Promise<void>
  readonly end: (signal: NodeJS.Signals) => Promise<unknown>
  readonly call: (method: string, path: string, body?: unknown) => Promise<Answered>
  readonly enrol: (name: string) => Promise<string>
  /** Makes a gateway with a credential. */
  readonly issue: () => Promise<Issued>
  /** Makes a further credential of a gateway; `undefined` when nobody knows whether it was made. */
  readonly add: (gateway: string) => Promise<Issued | undefined>
  readonly revoke: (issued: Issued) => Promise<Answered>
  readonly audit: () => Promise<readonly AuditEntry[]>
  readonly organization: () => string
  readonly environment: () => string
}

/** Starts an authority for the first time. */
export async function startAuthority(
  folder: string,
  history: Happening[],
  options: AuthorityOptions,
): Promise<AuthorityNode> {
  mkdirSync(folder, { recursive: true })
  const [port = 0, ops = 0] = await freePorts(2)
  const node = makeAuthority({ folder, port, ops, history, options })
  await node.start()
  return node
}

export interface AuthorityParts {
  readonly folder: string
  readonly port: number
  readonly ops: number
  readonly history: Happening[]
  readonly options: AuthorityOptions
}

/** Makes an authority that does not run yet. */
export function makeAuthority({
  folder,
  port,
  ops,
  history,
  options,
}: AuthorityParts): AuthorityNode {
  const base = `http://127.0.0.1:${port}`
  const agent = new Agent({ connections: 32, headersTimeout: 15_000, connectTimeout: 5000 })
  const env = {
    WARDER_DATA: join(folder, 'data'),
    WARDER_LISTEN_AUTHORITY: `127.0.0.1:${port}`,
    WARDER_LISTEN_OPS: `127.0.0.1:${ops}`,
    WARDER_CREDENTIALS_ALGORITHM: 'ES256',
    ...options.env,
  }
  let program: Program | undefined
  let bearer = ''
  const data = () => {
    const root = options.apart === true ? `/proc/${program?.pid}/root` : ''
    return join(`${root}${folder}`, 'data')
  }
  const admin = () =>
    JSON.parse(readFileSync(join(data(), 'admin.json'), 'utf8')) as Record<string, string>
  const gateways = () => `/v1/environments/${admin()['environmentId']}/gateways`
  const verifiers = () => `/v1/organizations/${admin()['organizationId']}/verifiers`

  const send = async (
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Answered> => {
    try {
      const answer = await request(path.startsWith('http') ? path : `${base}${path}`, {
        method: method as 'GET',
        headers,
        body: body ?? null,
        dispatcher: agent,
      })
      const text = await answer.body.text()
      const json = text.startsWith('{') ? (JSON.parse(text) as Tree) : {}
      return { status: answer.statusCode, headers: answer.headers, body: json }
    } catch {
      return { status: undefined, headers: {}, body: {} }
    }
  }
  const signIn = async () => {
    const { environmentId, clientId, clientSecret } = admin()
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
    const { body } = await send(
      'POST',
      `/${environmentId}/as/token`,
      {
        authorization: `Basic ${basic}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      'grant_type=client_credentials',
    )
    bearer = String(body['access_token'])
  }
  const call = async (method: string, path: string, body?: unknown): Promise<Answered> => {
    const json = body === undefined ? {} : { 'content-type': 'application/json' }
    const text = body === undefined ? undefined : JSON.stringify(body)
    const sent = () => send(method, path, { authorization: `Bearer ${bearer}`, ...json }, text)
    const answer = await sent()
    if (answer.status !== 401) return answer
    // A long run outlives the token of an administrator.
    await signIn()
    return sent()
  }
  const issuedOf = (gateway: string, credential: Tree | undefined): Issued => {
    const id = String(credential?.['id'])
    history.push({ kind: 'created', credential: id })
    return { id, gateway, token: String(credential?.['credential']) }
  }
  let made = 0

  const node: AuthorityNode = {
    port,
    ops,
    folder,
    env,
    data,
    program() {
      assert.ok(program)
      return program
    },
    async start() {
      const { hook, through } = options
      const started = startProgram({ words: 'authority', folder, env, hook, through })
      program = started
      const listens = () => {
        assert.ok(started.running(), started.log())
        return started.log().includes('authority listens')
      }
      // On a busy machine a start takes a while; how long it may take is no row of the table.
      await until('the authority listens', listens, 60_000)
      await signIn()
    },
    end: async (signal) => program?.end(signal),
    call,
    organization: () => String(admin()['organizationId']),
    environment: () => String(admin()['environmentId']),
    async enrol(name) {
      const { status, body } = await call('POST', verifiers(), { name })
      assert.equal(status, 201)
      return String(body['enrolment'])
    },
    async issue() {
      const name = `gateway ${process.pid} ${made++}`
      const { status, body } = await call('POST', gateways(), {
        name,
        type: 'API_GATEWAY_INTEGRATION',
      })
      assert.equal(status, 201)
      return issuedOf(String(body['id']), body['_embedded']?.['credentials']?.[0])
    },
    async add(gateway) {
      const { status, body } = await call('POST', `${gateways()}/${gateway}/credentials`)
      return status === 201 ? issuedOf(gateway, body) : undefined
    },
    async revoke({ id, gateway }) {
      const began = performance.now()
      const path = `${gateways()}/${gateway}/credentials/${id}`
      const answer = await call('DELETE', path)
      const ended = performance.now()
      const [applied = 0, verifiersAsked = 0] = String(answer.headers['warder-applied'] ?? '0/0')
        .split('/')
        .map(Number)
      const fenced = Date.parse(String(answer.headers['warder-fenced-at']))
      history.push({
        kind: 'revoked',
        credential: id,
        began,
        ended,
        status: answer.status,
        applied,
        verifiers: verifiersAsked,
        fencedAt: Number.isNaN(fenced) ? undefined : fenced - performance.timeOrigin,
      })
      return answer
    },
    async audit() {
      // The key that signed the bearer may be gone by now.
      await signIn()
      const entries: AuditEntry[] = []
      let path: string | undefined = `/v1/organizations/${node.organization()}/audit?limit=1000`
      while (path !== undefined) {
        const { status, body }: Answered = await call('GET', path)
        assert.equal(status, 200)
        entries.push(...(body['_embedded']?.['entries'] ?? []).map(entryOf))
        path = body['_links']?.['next']?.['href']
      }
      return entries
    },
  }
  return node
}

function entryOf({ action, target, revision, details }: Tree): AuditEntry {
  return {
    action: String(action),
    target: JSON.stringify(target),
    revision: typeof revision === 'number' ? revision : undefined,
    missing: (details?.['missing'] ?? []).map(String),
  }
}
