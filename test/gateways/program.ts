import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'

// Programs that run beside the test.

export const repository = join(import.meta.dirname, '../..')

/** The version of a program; `undefined` where it is not there, or does not run. */
export function versionOf(program: string, words: readonly string[]): string | undefined {
  try {
    const said = execFileSync('sh', ['-c', 'exec "$0" "$@" 2>&1', program, ...words], {
      encoding: 'utf8',
      env: { ...process.env, PATH: searchPath },
    })
    return /\d+\.\d+\.\d+/.exec(said)?.[0]
  } catch {
    return undefined
  }
}

// Where Debian puts servers is not on everybody's path.
const searchPath = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`

/** A program that was started, and ends by its id. */
export interface Program {
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a program and waits until it listens. */
export async function startProgram(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  port: number,
): Promise<Program> {
  const [program = '', ...args] = command
  // A file, since some reopen /dev/stderr, which cannot be done with a pipe of Node's.
  const folder = mkdtempSync(join(tmpdir(), 'warder-said-'))
  const said = openSync(join(folder, 'stderr'), 'a')
  const child = spawn(program, args, {
    cwd: repository,
    env: { ...process.env, PATH: searchPath, ...env },
    stdio: ['ignore', 'ignore', said],
  })
  closeSync(said)
  running.add(child)
  const ended = once(child, 'exit').then(() => running.delete(child))
  const deadline = Date.now() + 20_000
  while (!(await accepts(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      const complaint = readFileSync(join(folder, 'stderr'), 'utf8').slice(-2000)
      rmSync(folder, { recursive: true })
      child.kill('SIGKILL')
      throw new Error(`${program} does not listen: ${complaint}`)
    }
    await delay(20)
  }
  return {
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      const insist = setTimeout(() => child.kill('SIGKILL'), 5000)
      await ended
      clearTimeout(insist)
      rmSync(folder, { recursive: true })
    },
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** Looks until something holds, for ten seconds. */
export async function until(holds: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`it did not come to be that ${what}`)
    await delay(10)
  }
}
