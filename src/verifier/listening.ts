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
 * Makes sure that nobody listens at an address yet. Threads that share a port would otherwise share it with a second
 * process too, or with another listener of their own, without a word.
 */
export async function claim(at: ListenAt): Promise<void> {
  if (at.kind === 'unix') await removeStaleSocket(at.path)
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
