import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import type { Issued, Tree } from './authority.ts'
import type { Happening } from './history.ts'
import { freePorts } from '../free-ports.ts'
import { startProgram, until, type Program } from './program.ts'

// A verifier in a process of its own, and a gateway that writes down what it was answered.

export interface VerifierOptions {
  readonly enrolment: string
  readonly authority: string
  readonly env?: Readonly<Record<string, string>>
  readonly hook?: string
  readonly through?: readonly string[]
  readonly deaf?: boolean
  readonly promised: () => boolean
  readonly history: Happening[]
}

export interface Page {
  readonly status: number | undefined
  readonly text: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface VerifierNode {
  readonly name: string
  readonly folder: string
  /** The file that all files of its state begin with. */
  readonly state: string
  readonly http: number
  readonly ops: number
  readonly program: () => Program
  readonly start: () => Program
  readonly end: (signal: NodeJS.Signals) => Promise<unknown>
  /** Ends it for good. */
  readonly close: () => Promise<unknown>
  /** Whether it was ended for good: nobody goes on asking it. */
  readonly closed: () => boolean
  /** Asks as nginx would; the status of the answer, or `undefined` where none came. */
  readonly ask: (issued: Pick<Issued, 'id' | 'token'>) => Promise<number | undefined>
  /** Asks for nothing but the answer. */
  readonly hook: (token: string) => Promise<Page>
  readonly page: (path: string) => Promise<Page>
  readonly status: () => Promise<Tree>
  readonly metric: (name: string) => Promise<number>
  /** How long the questions took, in milliseconds, and forgets them. */
  readonly took: () => readonly number[]
  readonly untilReady: () => Promise<void>
  /** Waits until it answers at all. */
  readonly untilUp: () => Promise<void>
}

const original = {
  'x-original-uri': '/app',
  'x-original-method': 'GET',
  'x-original-host': 'app.example.test',
  'x-original-scheme': 'https',
}

/** Makes a verifier that does not run yet; it keeps its ports. */
export async function makeVerifier(
  name: string,
  folder: string,
  options: VerifierOptions,
): Promise<VerifierNode> {
  mkdirSync(folder, { recursive: true })
  const [http = 0, ops = 0] = await freePorts(2)
  const agent = new Agent({ connections: 64, headersTimeout: 5000, connectTimeout: 2000 })
  const env = {
    WARDER_DATA: join(folder, 'data'),
    WARDER_LISTEN_HTTP: `127.0.0.1:${http}`,
    WARDER_LISTEN_OPS: `127.0.0.1:${ops}`,
    WARDER_LISTEN_GRPC: 'off',
    WARDER_LISTEN_SPOE: 'off',
    WARDER_WORKERS: '2',
    WARDER_ENROLMENT: options.enrolment,
    WARDER_AUTHORITY: options.authority,
    ...options.env,
  }
  mkdirSync(join(folder, 'data'), { recursive: true })
  const { history } = options
  let times: number[] = []
  let program: Program | undefined
  let closed = false
  const get = async (port: number, path: string, headers = {}): Promise<Page> => {
    try {
      const answer = await request(`http://127.0.0.1:${port}${path}`, {
        headers,
        dispatcher: agent,
      })
      return {
        status: answer.statusCode,
        text: await answer.body.text(),
        headers: answer.headers,
      }
    } catch {
      return { status: undefined, text: '', headers: {} }
    }
  }
  const hook = (token: string) => get(http, '/auth/nginx', { ...original, 'client-token': token })
  const node: VerifierNode = {
    name,
    folder,
    state: join(folder, 'data/state'),
    http,
    ops,
    program() {
      if (!program) throw new TypeError(`${name} was never started`)
      return program
    },
    start() {
      const { hook: preload, through, deaf } = options
      program = startProgram({ words: 'verifier', folder, env, hook: preload, through, deaf })
      return program
    },
    end: async (signal) => program?.end(signal),
    async close() {
      closed = true
      await program?.end('SIGKILL')
      await agent.destroy()
    },
    closed: () => closed,
    hook,
    async ask({ id, token }) {
      const began = performance.now()
      const { status, headers } = await hook(token)
      const ended = performance.now()
      times.push(ended - began)
      const said = headers['x-warder-revision']
      const revision = said === undefined ? undefined : Number(said)
      const promised = options.promised()
      const facts = { node: name, credential: id, began, ended, status, revision, promised }
      history.push({ kind: 'asked', ...facts })
      return status
    },
    page: (path) => get(ops, path),
    async status() {
      const { text } = await node.page('/status')
      const status = JSON.parse(text === '' ? '{}' : text) as Tree
      const { revision } = status
      if (typeof revision === 'number') {
        history.push({ kind: 'seen', node: name, at: performance.now(), revision })
      }
      return status
    },
    async metric(wanted) {
      const { text } = await node.page('/metrics')
      const line = text.split('\n').find((each) => each.startsWith(`${wanted} `))
      return Number(line?.slice(wanted.length + 1))
    },
    took() {
      const taken = times
      times = []
      return taken
    },
    untilReady: () =>
      until(
        `${name} is ready`,
        async () => (await node.page('/readyz')).text === '{"state":"ready"}',
        20_000,
      ),
    untilUp: () =>
      until(`${name} answers`, async () => (await node.page('/livez')).status === 200, 20_000),
  }
  return node
}

/** The time within which so many of a hundred were done. */
export function percentile(times: readonly number[], percent: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? 0
}
