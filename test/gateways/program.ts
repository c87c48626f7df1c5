import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'

// What the suite has to know of a gateway to put it through all cases. A gateway is data: add one to `gateways.ts`.

export const repository = join(import.meta.dirname, '../..')

/** Where everything around a gateway is. */
export interface Site {
  readonly gatewayPort: number
  readonly applicationPort: number
  readonly httpPort: number
  readonly spoePort: number
  readonly credential: string
  /** A folder of the gateway's own. */
  readonly folder: string
}

export interface Gateway {
  readonly name: string
  readonly program: string
  readonly versionArguments: readonly string[]
  /** How it is started, in the foreground, from what lies under `deploy/gateways/`. */
  readonly start: (site: Site) => {
    readonly arguments: readonly string[]
    readonly env: Readonly<Record<string, string>>
  }
  /** What a client gets while there is no verifier. */
  readonly outageStatus: number
  /** What a client gets where the question cannot be put whole. */
  readonly incompleteStatus: number
  /** Whether the application receives a target as the client wrote it. */
  readonly keepsTarget: (target: string) => boolean
}

/** The version of a program, or why it cannot be run. */
export function versionOf({
  program,
  versionArguments,
}: Gateway): { readonly version: string } | { readonly missing: string } {
  try {
    const said = execFileSync(program, versionArguments, { encoding: 'utf8', stdio: 'pipe' })
    return { version: said.split('\n')[0] ?? '' }
  } catch {
    return { missing: `${program} is not installed` }
  }
}

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
  const child = spawn(program, args, {
    cwd: repository,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  running.add(child)
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000)
  })
  const ended = once(child, 'exit').then(() => running.delete(child))
  const deadline = Date.now() + 20_000
  while (!(await accepts(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`${program} does not listen: ${complaint}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
  return {
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      await ended
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

/** Ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(
    servers.map((server) => {
      server.close()
      return once(server, 'close')
    }),
  )
  return ports
}
