// Starts programs pinned to a core, waits until they listen, and ends exactly what was started.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { installed } from './machine.ts'
import { notRun, type NotRun, type Running } from './target.ts'

interface Launched {
  readonly child: ChildProcess
  readonly pid: number
  readonly complaint: () => string
  readonly close: () => Promise<void>
}

/** How a program is started. */
export interface LaunchOptions {
  /** The core that it is pinned to, if any, or several: `0,1`. */
  readonly core?: number | string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** Whether processes can be pinned to cores on this machine. */
export const canPin = installed('taskset')

/** So many cores, from one on, as `taskset` names them. */
export const coresFrom = (first: number, count: number): string =>
  Array.from({ length: count }, (_, index) => first + index).join(',')

const running = new Set<ChildProcess>()

// An interrupted run must not leave servers behind.
process.on('exit', () => {
  for (const child of running) child.kill('SIGTERM')
})

function launch(command: readonly string[], options: LaunchOptions): Launched {
  const [program = '', ...args] =
    canPin && options.core !== undefined
      ? ['taskset', '-c', `${options.core}`, ...command]
      : command
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  if (child.pid === undefined) throw new Error(`${program} could not be started`)
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000)
  })
  return { child, pid: child.pid, complaint: () => complaint.trim(), close: async () => end(child) }
}

/** Runs a program on one core to its end and resolves to its standard output. */
export async function outputOf(
  command: readonly string[],
  options: LaunchOptions,
): Promise<string> {
  const launched = launch(command, options)
  let output = ''
  launched.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [code] = await once(launched.child, 'close')
  if (code !== 0) throw new Error(`${command[0]} ended with ${code}: ${launched.complaint()}`)
  return output
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Starts a server and waits until it listens; ends it again if it does not. */
export async function launchServer(
  command: readonly string[],
  port: number,
  options: LaunchOptions,
): Promise<Running | NotRun> {
  const launched = launch(command, options)
  const trouble = await whyNotListening(launched, port)
  if (trouble === undefined) {
    return { kind: 'running', pid: launched.pid, port, close: launched.close }
  }
  await launched.close()
  return notRun(trouble)
}

async function whyNotListening(
  launched: Launched,
  port: number,
  patienceMs = 20_000,
): Promise<string | undefined> {
  const deadline = Date.now() + patienceMs
  while (Date.now() < deadline) {
    if (launched.child.exitCode !== null) return `ended at start: ${gist(launched.complaint())}`
    if (await accepts(port)) return undefined
    await delay(50)
  }
  return `does not listen after ${patienceMs / 1000} s: ${gist(launched.complaint())}`
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

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await ended
  clearTimeout(timer)
}

/** The line of a complaint that says most: the first that speaks of an error, else the first. */
function gist(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return (
    lines.find((line) => /error|emerg|alert|fatal/i.test(line)) ?? lines[0] ?? 'no reason given'
  )
}
