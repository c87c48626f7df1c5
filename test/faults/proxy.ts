import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/**
 * What the way between two processes does: it is as it should be, every connection is reset, everything is swallowed in
 * both directions while connections stay open, or what comes back dribbles.
 */
export type WayMode = 'pass' | 'reset' | 'swallow' | 'dribble'

/** A way over which faults can happen. */
export interface Way {
  readonly url: string
  mode: WayMode
  /** The port that it leads to. */
  target: number
  /** How many connections have been made. */
  readonly made: () => number
  /** Ends every connection. */
  readonly cut: () => void
  readonly close: () => void
}

// Quick enough that what frames the bytes is through before a deadline: after it each is one of the content.
const dribbleMs = 50

/** Opens a way to a port of this machine. */
export async function openWay(target: number): Promise<Way> {
  const sockets = new Set<Socket>()
  let made = 0
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    return socket.setNoDelay()
  }
  const server = createServer((near) => {
    made++
    keep(near)
    if (way.mode === 'reset') {
      near.resetAndDestroy()
      return
    }
    const far = keep(connect(way.target, '127.0.0.1'))
    far.on('close', () => way.mode !== 'swallow' && near.destroy())
    near.on('close', () => far.destroy())
    near.on('data', (bytes) => way.mode !== 'swallow' && far.write(bytes))
    const back = dribbler(near)
    far.on('data', (bytes: Buffer) => {
      if (way.mode === 'pass') near.write(bytes)
      if (way.mode === 'dribble') back(bytes)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const way: Way = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mode: 'pass',
    target,
    made: () => made,
    cut: () => sockets.forEach((socket) => socket.destroy()),
    close() {
      server.close()
      sockets.forEach((socket) => socket.destroy())
    },
  }
  return way
}

/** Writes a byte at a time. */
function dribbler(socket: Socket): (bytes: Buffer) => void {
  let waiting = Buffer.alloc(0)
  let timer: NodeJS.Timeout | undefined
  socket.on('close', () => clearInterval(timer))
  return (bytes) => {
    waiting = Buffer.concat([waiting, bytes])
    timer ??= setInterval(() => {
      socket.write(waiting.subarray(0, 1))
      waiting = waiting.subarray(1)
    }, dribbleMs)
  }
}
