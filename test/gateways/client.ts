import { connect, type Socket } from 'node:net'

/** What a client got. */
export interface Seen {
  readonly status: number
  readonly headers: string
  /** From the application: the head that it was sent, an empty line, and the body. */
  readonly body: string
}

/** Says some bytes to a gateway, and more a while later, and reads the answer. */
export async function say(port: number, text: string, later = ''): Promise<Seen> {
  const socket = connect(port, '127.0.0.1')
  socket.setEncoding('latin1').setTimeout(40_000, () => socket.destroy())
  let received = ''
  socket.on('data', (more: string) => {
    received += more
    if (isWhole(received)) socket.destroy()
  })
  socket.on('error', () => socket.destroy())
  socket.write(text, 'latin1')
  const late = setTimeout(() => later !== '' && socket.write(later), 100)
  await ended(socket)
  clearTimeout(late)
  return answerOf(received)
}

const ended = (socket: Socket) =>
  new Promise<void>((resolve) => {
    socket.once('close', () => resolve())
  })

function answerOf(text: string): Seen {
  const end = text.indexOf('\r\n\r\n')
  const headers = text.slice(0, end)
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0)
  return { status, headers, body: text.slice(end + 4) }
}

/** Whether an answer that says how long it is has come to its end. */
function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  const length = /^content-length: (\d+)\r$/im.exec(text.slice(0, end + 1))?.[1]
  if (length !== undefined) return text.length >= end + 4 + Number(length)
  return end !== -1 && text.endsWith('\r\n0\r\n\r\n')
}

/** A request of a client, with further header lines. */
export function client(line: string, ...headers: readonly string[]): string {
  return [line, 'Host: app.example.test', ...headers, 'Connection: close', '', ''].join('\r\n')
}

export const upgradeRequest = [
  'GET /ws HTTP/1.1',
  'Host: app.example.test',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  '',
  '',
].join('\r\n')

/** Asks for an upgrade and, when it is granted, says something; gives the status and what came back. */
export async function upgrade(port: number, message: string): Promise<Seen> {
  const socket = connect(port, '127.0.0.1')
  socket.setEncoding('latin1').setTimeout(10_000, () => socket.destroy())
  let received = ''
  let isOpen = false
  socket.on('error', () => socket.destroy())
  socket.on('data', (more: string) => {
    received += more
    if (!isOpen && /^HTTP\/1\.1 101 [^]*\r\n\r\n/.test(received)) {
      isOpen = true
      socket.write(message)
    }
    if (isOpen ? received.endsWith(message) : isWhole(received)) socket.destroy()
  })
  socket.write(upgradeRequest)
  await ended(socket)
  return answerOf(received)
}

/** One request of many: when it was begun, when its answer was there, and what that was. */
export interface Turn {
  readonly begun: number
  readonly ended: number
  readonly status: number
}

/** Clients that ask again and again, each as soon as it is answered. */
export interface Crowd {
  readonly turns: readonly Turn[]
  /** Resolves when nobody asks any more. */
  readonly stop: () => Promise<void>
}

/** Lets clients ask until they are told to stop. */
export function crowd(port: number, text: string, clients: number): Crowd {
  const turns: Turn[] = []
  const over = new AbortController()
  const ask = async () => {
    while (!over.signal.aborted) {
      const begun = performance.now()
      const { status } = await say(port, text)
      turns.push({ begun, ended: performance.now(), status })
    }
  }
  const all = Array.from({ length: clients }, ask)
  return {
    turns,
    async stop() {
      over.abort()
      await Promise.all(all)
    },
  }
}
