import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/** When the proxy cuts the connection that commits: with the commit not yet sent on, or with its answer held back. */
export type Cut = 'never' | 'before-commit' | 'after-commit'

/** A way to Postgres that can be cut. */
export interface CuttingProxy {
  readonly url: string
  cut: Cut
  close(): void
}

/** Starts a proxy before the Postgres at this address. */
export async function startCuttingProxy(target: string): Promise<CuttingProxy> {
  const address = new URL(target)
  const sockets = new Set<Socket>()
  const server = createServer((downstream) => {
    const host = address.searchParams.get('host')
    const port = address.port === '' ? 5432 : Number(address.port)
    const upstream =
      host === null ? connect(port, address.hostname) : connect(`${host}/.s.PGSQL.${port}`)
    const both = [downstream, upstream]
    const destroy = () => both.forEach((socket) => socket.destroy())
    let held = false
    both.forEach((socket) => {
      sockets.add(socket)
      socket.on('error', destroy).on('close', destroy)
    })
    downstream.on('data', (bytes) => {
      const commits = bytes.includes('commit\0') && proxy.cut !== 'never'
      if (commits && proxy.cut === 'before-commit') {
        destroy()
        return
      }
      held ||= commits
      upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      if (held) {
        destroy()
      } else {
        downstream.write(bytes)
      }
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const through = new URL(target)
  through.searchParams.delete('host')
  through.host = `127.0.0.1:${port}`
  const proxy: CuttingProxy = {
    url: through.href,
    cut: 'never',
    close() {
      server.close()
      sockets.forEach((socket) => socket.destroy())
    },
  }
  return proxy
}
