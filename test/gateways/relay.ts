import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** Stands before a door of a verifier: counts connections, keeps what is asked, and can hold it back. */
export interface Relay {
  readonly port: number
  /** How many connections have been made to it. */
  readonly connections: () => number
  /** What has been asked since it was last told to forget. */
  readonly asked: () => string
  readonly forget: () => void
  /** From now on everything is taken and nothing answered, or all is as before. */
  readonly hold: (silent: boolean) => void
  readonly close: () => void
}

/** Makes a relay to a port. */
export async function relayTo(port: number): Promise<Relay> {
  const sockets = new Set<Socket>()
  let connections = 0
  let asked: Buffer[] = []
  let isSilent = false
  const server = createServer((near) => {
    connections += 1
    const far = connect(port, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.setNoDelay(true)
      one.on('error', () => one.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
    near.on('data', (bytes: Buffer) => {
      asked.push(bytes)
      if (!isSilent) far.write(bytes)
    })
    far.on('data', (bytes) => {
      if (!isSilent) near.write(bytes)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    asked: () => Buffer.concat(asked).toString('latin1'),
    forget() {
      asked = []
    },
    hold(silent) {
      isSilent = silent
      // Nobody may go on with half of an exchange.
      if (!silent) for (const socket of sockets) socket.destroy()
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
