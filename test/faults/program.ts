import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'

// Warder as a process that faults happen to.

const start = join(import.meta.dirname, '../../src/start.js')

// Most of a start would be to compile what the one before has compiled.
const compiled = mkdtempSync(join(tmpdir(), 'warder-compiled-'))
process.on('exit', () => rmSync(compiled, { recursive: true, force: true }))

export interface ProgramParts {
  /** The command and its words. */
  readonly words: string
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  /** A file of `hooks/` that is loaded into it. */
  readonly hook?: string | undefined
  /** A program and its words that it is started through. */
  readonly through?: readonly string[] | undefined
  /** Whether nobody reads what it writes. */
  readonly deaf?: boolean | undefined
}

export interface Program {
  readonly child: ChildProcess
  readonly pid: number
  /** All that it has written. */
  readonly log: () => string
  /** Sends a signal and waits for the end of it. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | string | null>
  readonly signal: (signal: NodeJS.Signals) => void
  readonly running: () => boolean
}

/** Starts a program; it need not be up when this returns. */
export function startProgram(parts: ProgramParts): Program {
  const { words, folder, env, hook, through = [], deaf = false } = parts
  const hooked = hook === undefined ? [] : ['--import', join(import.meta.dirname, 'hooks', hook)]
  const [file = '', ...args] = [...through, process.execPath, ...hooked, start, ...words.split(' ')]
  const child = spawn(file, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: compiled, ...env },
    stdio: ['ignore', deaf ? 'ignore' : 'pipe', 'pipe'],
  })
  let text = ''
  if (!deaf) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        text = `${text}${chunk}`.slice(-1_000_000)
      })
    }
  }
  const ended = once(child, 'exit').then(([code, signal]) => code ?? signal)
  const running = () => child.exitCode === null && child.signalCode === null
  return {
    child,
    pid: child.pid ?? 0,
    log: () => text,
    running,
    signal: (signal) => void (running() && child.kill(signal)),
    end(signal) {
      if (running()) child.kill(signal)
      return ended
    },
  }
}

/** Looks until something holds, for a while at most. */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  withinMs = 10_000,
): Promise<void> {
  const end = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`did not come to be in time: ${what}`)
    await delay(20)
  }
}

/** The processor time that a process has taken, in seconds. */
export function processorSeconds({ pid }: Program): number {
  const { stdout } = spawnSync('cat', [`/proc/${pid}/stat`], { encoding: 'utf8' })
  const fields = stdout.slice(stdout.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Lets a process write no file beyond a size, or any again. */
export function limitFiles({ pid }: Program, bytes: number | 'unlimited'): void {
  const limit = bytes === 'unlimited' ? 'unlimited' : `${bytes}`
  const done = spawnSync('prlimit', [`--pid=${pid}`, `--fsize=${limit}:unlimited`])
  if (done.status !== 0) throw new Error(`prlimit: ${done.stderr.toString()}`)
}

/** Why a program is not to be had; `undefined` when it is. */
export function missing(...files: readonly string[]): string | undefined {
  const none = files.find((file) => !existsSync(file))
  return none === undefined ? undefined : `not run: there is no ${none}`
}
