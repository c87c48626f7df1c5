import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'

// A client that says exactly the bytes that it is told to, and reads answers by the letter.

/** An answer as it came. */
export interface Answer {
  readonly version: string
  readonly status: number
  /** In the order in which they came, with their own letter case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
  /** The whole of it. */
  readonly text: string
}

/** What came of some bytes. */
export interface Exchange {
  readonly answers: readonly Answer[]
  /** Whether the other side ended the connection. */
  readonly closed: boolean
  /** What came after the last whole answer. */
  readonly rest: string
}

/** The value of a header, joined by `|` where it came more than once. */
export function header({ headers }: Answer, name: string): string | undefined {
  const found = headers.filter(([each]) => each.toLowerCase() === name.toLowerCase())
  return found.length === 0 ? undefined : found.map(([, value]) => value).join('|')
}

function parseAnswer(text: string): Answer | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [line = '', ...lines] = text.slice(0, end).split('\r\n')
  const [version = '', status = ''] = line.split(' ')
  const headers = lines.map((each) => {
    const colon = each.indexOf(':')
    return [each.slice(0, colon), each.slice(colon + 1).trim()] as const
  })
  const answer = { version, status: Number(status), headers, body: '', text: '' }
  const length = Number(header(answer, 'content-length') ?? 'NaN')
  if (Number.isNaN(length)) throw new TypeError(`an answer without a length: ${line}`)
  const whole = end + 4 + length
  if (text.length < whole) return undefined
  return { ...answer, body: text.slice(end + 4, whole), text: text.slice(0, whole) }
}

/** A connection. */
export interface Line {
  readonly socket: Socket
  readonly send: (bytes: string | Buffer) => void
  /** Waits for so many more answers, or for the end; fails after five seconds without either. */
  readonly answers: (count: number) => Promise<Exchange>
  /** Waits for the other side to end the connection. */
  readonly end: () => Promise<Exchange>
  readonly close: () => void
}

export type Place = { readonly port: number } | { readonly path: string }

/** Opens a connection. */
export async function open(place: Place, tls?: ConnectionOptions): Promise<Line> {
  const to = 'port' in place ? { host: '127.0.0.1', port: place.port } : place
  const socket = tls ? connectTls({ ...to, ...tls }) : connect(to)
  await once(socket, tls ? 'secureConnect' : 'connect')
  return lineOf(socket)
}

function lineOf(socket: Socket): Line {
  let received = ''
  let closed = false
  const news = new Set<() => void>()
  const tell = () => {
    for (const each of news) each()
  }
  const ended = () => {
    closed = true
    tell()
  }
  socket.setNoDelay(true)
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    received += chunk
    tell()
  })
  socket.on('error', ended)
  socket.on('close', ended)
  socket.on('end', ended)

  const answers = (count: number, patienceMs = 5000) =>
    new Promise<Exchange>((resolve, reject) => {
      const taken: Answer[] = []
      const look = () => {
        while (taken.length < count) {
          const answer = parseAnswer(received)
          if (!answer) break
          received = received.slice(answer.text.length)
          taken.push(answer)
        }
        if (taken.length >= count || closed) {
          news.delete(look)
          clearTimeout(late)
          resolve({ answers: taken, closed, rest: received })
        }
      }
      const late = setTimeout(() => {
        news.delete(look)
        const got = `${taken.length} answers, then ${received.length} bytes`
        reject(new Error(`nothing for ${patienceMs} ms: ${got}`))
      }, patienceMs)
      news.add(look)
      look()
    })
  return {
    socket,
    send: (bytes) => socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes),
    answers,
    end: () => answers(Number.POSITIVE_INFINITY, 20_000),
    close: () => socket.destroy(),
  }
}

/** Says some bytes on a connection of their own and reads what comes back, one answer if not told otherwise. */
export async function exchange(place: Place, bytes: string | Buffer, count = 1): Promise<Exchange> {
  const line = await open(place)
  try {
    line.send(bytes)
    return await line.answers(count)
  } finally {
    line.close()
  }
}

/** Says some bytes and the end of them, and reads all that comes until the other side ends the connection. */
export async function exchangeAll(place: Place, bytes: string | Buffer): Promise<Exchange> {
  const line = await open(place)
  try {
    line.send(bytes)
    return await line.end()
  } finally {
    line.close()
  }
}

/** Says some bytes and reads the one answer to them. */
export async function ask(place: Place, bytes: string | Buffer): Promise<Answer> {
  const { answers } = await exchange(place, bytes)
  const [answer] = answers
  if (!answer) throw new Error('the connection ended without an answer')
  return answer
}

/** A request as bytes: its first line and its header lines. */
export function request(line: string, ...headers: readonly string[]): string {
  return [line, ...headers, '', ''].join('\r\n')
}
