import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'

/** A proxy that takes every CONNECT to one port of this machine, for clients that insist on a name and port 443. */
export interface Tunnel {
  readonly url: string
  readonly close: () => void
}

/** Opens a tunnel to a port. */
export async function openTunnel(port: number): Promise<Tunnel> {
  const server = createServer()
  const ends = new Set<{ destroy: () => unknown }>()
  server.on('connect', (_request, near) => {
    const far = connect(port, '127.0.0.1', () => near.write('HTTP/1.1 200 OK\r\n\r\n'))
    far.pipe(near).pipe(far)
    for (const end of [near, far]) {
      ends.add(end)
      end.on('error', () => [near, far].forEach((each) => each.destroy()))
      end.on('close', () => ends.delete(end))
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port: own } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${own}`,
    close() {
      server.close()
      for (const end of ends) end.destroy()
    },
  }
}
