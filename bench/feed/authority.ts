// A real authority in a process of its own, and a client of its management API.

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent, request as ask, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { freePort, launchServer } from '../launch.ts'
import type { Running } from '../target.ts'

/** An answer of the management API. */
interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Record<string, unknown>
}

interface NewCredential {
  readonly path: string
  readonly token: string
}

export interface BenchAuthority {
  readonly url: string
  readonly organizationId: string
  readonly environmentId: string
  readonly pid: () => number
  readonly call: (method: string, path: string, body?: object) => Promise<Answer>
  readonly enrol: (count: number) => Promise<readonly string[]>
  readonly addCredential: () => Promise<NewCredential>
  readonly stop: () => Promise<void>
  /** Starts it again on the same port. */
  readonly start: () => Promise<void>
}

const startFile = join(import.meta.dirname, '../../src/start.js')

/** Starts an authority on a data folder. */
export async function startBenchAuthority(folder: string): Promise<BenchAuthority> {
  const port = await freePort()
  const ops = await freePort()
  const url = `http://127.0.0.1:${port}`
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  let running: Running | undefined
  const start = async () => {
    const launched = await launchServer([process.execPath, startFile, 'authority'], port, {
      cwd: folder,
      env: {
        WARDER_DATA: join(folder, 'data'),
        WARDER_LISTEN_AUTHORITY: `127.0.0.1:${port}`,
        WARDER_LISTEN_OPS: `127.0.0.1:${ops}`,
      },
    })
    if (launched.kind !== 'running') throw new Error(launched.reason)
    running = launched
  }
  await start()
  const admin = JSON.parse(readFileSync(join(folder, 'data/admin.json'), 'utf8')) as Admin
  let bearer = { token: '', until: 0 }
  const authorization = async () => {
    if (Date.now() > bearer.until) {
      bearer = { token: await buyToken(url, agent, admin), until: Date.now() + 600_000 }
    }
    return `Bearer ${bearer.token}`
  }
  const call = async (method: string, path: string, body?: object): Promise<Answer> => {
    const headers = { authorization: await authorization(), 'content-type': 'application/json' }
    return send(`${url}${path}`, { method, agent, headers }, JSON.stringify(body ?? {}))
  }
  const { organizationId, environmentId } = admin
  return {
    url,
    organizationId,
    environmentId,
    pid: () => running?.pid ?? 0,
    call,
    async enrol(count) {
      const path = `/v1/organizations/${organizationId}/verifiers`
      const enrolments: string[] = []
      for (let at = 0; at < count; at++) {
        const { body } = await call('POST', path, { name: randomUUID() })
        enrolments.push(String(body['enrolment']))
      }
      return enrolments
    },
    async addCredential() {
      const gateways = `/v1/environments/${environmentId}/gateways`
      const gateway = { name: randomUUID(), type: 'API_GATEWAY_INTEGRATION' }
      const { body } = await call('POST', gateways, gateway)
      const { credentials } = body['_embedded'] as {
        credentials: { id: string; credential: string }[]
      }
      const [first] = credentials
      return {
        path: `${gateways}/${String(body['id'])}/credentials/${first?.id}`,
        token: String(first?.credential),
      }
    },
    async stop() {
      await running?.close()
    },
    start,
  }
}

interface Admin {
  readonly organizationId: string
  readonly environmentId: string
  readonly clientId: string
  readonly clientSecret: string
}

async function buyToken(url: string, agent: Agent, admin: Admin): Promise<string> {
  const { environmentId, clientId, clientSecret } = admin
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
  const headers = {
    authorization: `Basic ${basic}`,
    'content-type': 'application/x-www-form-urlencoded',
  }
  const path = `${url}/${environmentId}/as/token`
  const { body } = await send(
    path,
    { method: 'POST', agent, headers },
    'grant_type=client_credentials',
  )
  return String(body['access_token'])
}

interface Sending {
  readonly method: string
  readonly agent: Agent
  readonly headers: Readonly<Record<string, string>>
}

function send(url: string, options: Sending, body: string): Promise<Answer> {
  const hasBody = options.method !== 'GET' && options.method !== 'DELETE'
  const headers = hasBody
    ? { ...options.headers, 'content-length': `${Buffer.byteLength(body)}` }
    : { authorization: options.headers['authorization'] ?? '' }
  return new Promise((resolve, reject) => {
    const sent = ask(url, { ...options, headers }, (response) => {
      read(response).then(resolve, reject)
    })
    sent.on('error', reject)
    sent.end(hasBody ? body : undefined)
  })
}

async function read(response: IncomingMessage): Promise<Answer> {
  const said = await text(response)
  const { statusCode: status = 0, headers } = response
  if (status >= 400) throw new Error(`answered ${status}: ${said}`)
  return { status, headers, body: said === '' ? {} : (JSON.parse(said) as Answer['body']) }
}
