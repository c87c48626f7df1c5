import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePorts } from '../free-ports.ts'

// Warder as people run it: real processes, in a folder of their own, on ports that are free.

// Commands are short: most of what they would do is to compile themselves again.
const compiled = mkdtempSync(join(tmpdir(), 'warder-compiled-'))
process.on('exit', () => rmSync(compiled, { recursive: true, force: true }))

/** What `warder` runs. */
export const program = join(import.meta.dirname, '../../src/start.js')

/** What a command did. */
export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly env?: Record<string, string>
  readonly stdin?: string
}

/** JSON as tests look into it. */
export interface Tree {
  readonly [member: string]: Tree & string & number & boolean & readonly Tree[]
}

/** A process that serves. */
export interface Serving {
  readonly child: ChildProcess
  /** All that it has written. */
  readonly log: () => string
  /** Resolves to its exit code. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>
}

/** A folder in which Warder is run. */
export interface Place {
  readonly folder: string
  readonly ports: { readonly http: number; readonly authority: number; readonly ops: number }
  /** The environment in which it is run. */
  readonly settings: Readonly<Record<string, string>>
  readonly run: (words: string, options?: RunOptions) => Promise<Ran>
  /** Runs a command that has to succeed, and reads what it printed. */
  readonly json: (words: string, options?: RunOptions) => Promise<Tree>
  /** Serves, with as many open files at the most as are told. */
  readonly serve: (words?: string, filesMax?: number) => Promise<Serving>
  /** The status of a question of nginx with this credential. */
  readonly ask: (token: string) => Promise<number>
  readonly page: (path: string) => Promise<Response>
  readonly close: () => void
}

/** Makes a place where nothing runs yet, with settings beside, or instead of, those that it has. */
export async function makePlace(others: Readonly<Record<string, string>> = {}): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'warder-commands-'))
  const [http = 0, authority = 0, ops = 0] = await freePorts(3)
  const ports = { http, authority, ops }
  const settings = {
    WARDER_LISTEN_HTTP: `127.0.0.1:${http}`,
    WARDER_LISTEN_AUTHORITY: `127.0.0.1:${authority}`,
    WARDER_LISTEN_OPS: `127.0.0.1:${ops}`,
    WARDER_LISTEN_GRPC: 'off',
    WARDER_LISTEN_SPOE: 'off',
    WARDER_WORKERS: '1',
    WARDER_CREDENTIALS_ALGORITHM: 'ES256',
    WARDER_LOG_LEVEL: 'debug',
    NODE_COMPILE_CACHE: compiled,
    ...others,
  }
  const start = (words: string, env: Record<string, string> = {}, filesMax?: number) => {
    const limit = filesMax === undefined ? '' : `ulimit -n ${filesMax}; `
    const all = [process.execPath, program, ...words.split(' ')]
    return spawn('sh', ['-c', `${limit}exec "$@"`, 'sh', ...all], {
      cwd: folder,
      timeout: 120_000,
      env: { PATH: process.env['PATH'], ...settings, ...env },
    })
  }
  const run = async (words: string, { env = {}, stdin = '' }: RunOptions = {}): Promise<Ran> => {
    const child = start(words, env)
    const [out, err] = [collect(child.stdout), collect(child.stderr)]
    child.stdin.end(stdin)
    await once(child, 'close')
    return { code: child.exitCode, out: out(), err: err() }
  }
  return {
    folder,
    ports,
    settings,
    run,
    async json(words, options) {
      const { code, out, err } = await run(`${words} --json`, options)
      assert.equal(code, 0, err)
      return JSON.parse(out) as Tree
    },
    async serve(words = 'serve', filesMax) {
      const child = start(words, {}, filesMax)
      const [out, err] = [collect(child.stdout), collect(child.stderr)]
      const log = () => out() + err()
      await until(() => {
        if (child.exitCode !== null) throw new Error(`it does not start: ${log()}`)
        return / listens?"/.test(log())
      })
      const end = async (signal: NodeJS.Signals) => {
        if (child.exitCode === null && child.signalCode === null) {
          child.kill(signal)
          await once(child, 'close')
        }
        return child.exitCode
      }
      return { child, log, end }
    },
    async ask(token) {
      const original = { uri: '/app', method: 'GET', host: 'app.example.test', scheme: 'https' }
      const headers = Object.entries(original).map(([name, value]) => [`x-original-${name}`, value])
      const response = await fetch(`http://127.0.0.1:${http}/auth/nginx`, {
        headers: { ...Object.fromEntries(headers), 'client-token': token },
      })
      return response.status
    },
    page: (path) => fetch(`http://127.0.0.1:${ops}${path}`),
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** The parts of `admin.json`. */
export function adminOf({ folder }: Place): Record<string, string> {
  return JSON.parse(readFileSync(join(folder, 'data/admin.json'), 'utf8')) as Record<string, string>
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
}

/** Looks until something holds, for ten seconds if not told otherwise. */
export async function until(
  holds: () => Promise<boolean> | boolean,
  patienceMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + patienceMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('what was waited for did not come')
    await delay(20)
  }
}
