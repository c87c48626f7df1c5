import { randomInt } from 'node:crypto'
import { createServer as createProbe, connect, type Server } from 'node:net'
import { chmodSync, lstatSync, rmSync } from 'node:fs'
import type { ListenAt } from './thread-setup.ts'

const socketMode = 0o660

/** Starts to listen; rejects with the error of the system. Resolves to the port of a TCP listener. */
export function listen(
  server: Server,
  at: ListenAt,
  reusePort = false,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const place =
      at.kind === 'tcp' ? { host: at.host, port: at.port, reusePort } : { path: at.path }
    server.once('error', reject)
    server.listen(place, () => {
      server.off('error', reject)
      if (at.kind === 'unix') chmodSync(at.path, socketMode)
      const address = server.address()
      resolve(typeof address === 'object' ? address?.port : undefined)
    })
  })
}

/**
 * Makes sure that nobody listens at an address yet, and resolves to it with the port that it will have. Threads that
 * share a port would otherwise share it with a second process too, without a word.
 */
export async function claim(at: ListenAt): Promise<ListenAt> {
  if (at.kind === 'unix') {
    await removeStaleSocket(at.path)
  } else if (at.port === 0) return claimAny(at)
  await probe(at)
  return at
}

// Below those that systems give to connections, which could take one before the threads have it.
const [lowest, above] = [20_000, 32_000]
const triesMax = 100

async function claimAny(at: ListenAt & { readonly kind: 'tcp' }): Promise<ListenAt> {
  for (let tries = 1; ; tries++) {
    const chosen = { ...at, port: randomInt(lowest, above) }
    try {
      await probe(chosen)
      return chosen
    } catch (error) {
      if (tries === triesMax) throw error
    }
  }
}

async function probe(at: ListenAt): Promise<void> {
  const server = createProbe()
  await listen(server, at)
  await new Promise((resolve) => server.close(resolve))
}

/** A socket file that nobody answers on was left behind by a process that is gone. */
function removeStaleSocket(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      reject(Object.assign(new Error('address in use'), { code: 'EADDRINUSE' }))
    })
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      // Any other file refuses the connection too.
      if (code === 'ECONNREFUSED' && lstatSync(path, { throwIfNoEntry: false })?.isSocket()) {
        rmSync(path, { force: true })
      }
      resolve()
    })
  })
}
