import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'

/** An application that answers with the head and the body that it was sent, and echoes what follows an upgrade. */
export interface Application {
  readonly port: number
  /** How many requests it has had. */
  readonly requests: () => number
  readonly close: () => void
}

/** Starts it. */
export async function startApplication(): Promise<Application> {
  const sockets = new Set<Socket>()
  let requests = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    let received = ''
    let isUpgraded = false
    socket.setEncoding('latin1').on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (text: string) => {
      if (isUpgraded) {
        socket.write(text, 'latin1')
        return
      }
      received += text
      const end = received.indexOf('\r\n\r\n')
      const head = received.slice(0, end)
      if (end === -1 || !hasBody(head, received.slice(end + 4))) return
      requests += 1
      const answer = answerTo(head, received)
      isUpgraded = answer.startsWith('HTTP/1.1 101')
      if (isUpgraded) socket.write(answer, 'latin1')
      else socket.end(answer, 'latin1')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    requests: () => requests,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function hasBody(head: string, rest: string): boolean {
  if (/^transfer-encoding:/im.test(head)) return rest.endsWith('0\r\n\r\n')
  return rest.length >= Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
}

// What RFC 6455 has a server add to the key.
const protocolId = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

function answerTo(head: string, received: string): string {
  const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1]
  if (key === undefined || !/^upgrade: *websocket\r?$/im.test(head)) {
    return `HTTP/1.1 200 OK\r\nContent-Length: ${received.length}\r\nConnection: close\r\n\r\n${received}`
  }
  const accept = createHash('sha1').update(`${key}${protocolId}`).digest('base64')
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
}
