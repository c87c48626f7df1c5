// Asks verifiers with one credential at a steady rate, and remembers what became of each question. It shares the cores
// with whom it asks, so that it does no more than write a question and look at the head of its answer.

import { connect, type Socket } from 'node:net'
import { now } from '../feed/light-follower.ts'

/** A question and its answer, in milliseconds since 1970. */
interface Asked {
  readonly sentAt: number
  readonly answeredAt: number
  /** 0 where there was no answer. */
  readonly status: number
}

export interface Asking {
  /** Asks with another credential from now on, and forgets what was asked before. */
  readonly use: (token: string) => void
  readonly asked: () => readonly Asked[]
  readonly close: () => void
}

/** Begins to ask each of some ports so many times a second. */
export function startAsking(ports: readonly number[], perSecond: number): Asking {
  let question = ''
  let asked: Asked[] = []
  const lines = ports.map((port) => {
    const line = openLine(port)
    const once = () => {
      const [sentAt, into] = [now(), asked]
      line.ask(question, (status) => into.push({ sentAt, answeredAt: now(), status }))
    }
    return { line, timer: setInterval(() => question && once(), 1000 / perSecond) }
  })
  return {
    use(token) {
      question = questionWith(token)
      asked = []
    },
    asked: () => asked,
    close() {
      for (const { line, timer } of lines) {
        clearInterval(timer)
        line.close()
      }
    },
  }
}

type Note = (status: number) => void

/** One connection at a time, on which answers come in the order of the questions. */
function openLine(port: number) {
  let connection: Connection | undefined
  return {
    ask(question: string, note: Note) {
      if (!connection || connection.socket.destroyed) connection = openConnection(port)
      connection.waiting.push(note)
      connection.socket.write(question, 'latin1')
    },
    close: () => connection?.socket.destroy(),
  }
}

interface Connection {
  readonly socket: Socket
  readonly waiting: Note[]
}

function openConnection(port: number): Connection {
  const socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1')
  const waiting: Note[] = []
  let rest = ''
  socket.on('data', (text: string) => {
    rest += text
    for (let answer = answerIn(rest); answer; answer = answerIn(rest)) {
      rest = rest.slice(answer.length)
      waiting.shift()?.(answer.status)
    }
  })
  socket.on('error', () => undefined)
  socket.on('end', () => socket.destroy())
  socket.on('close', () => waiting.splice(0).forEach((note) => note(0)))
  return { socket, waiting }
}

/** The first answer of what has come, if it is whole. */
function answerIn(text: string) {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [, status = 0] = /^HTTP\/1\.1 (\d{3})/.exec(text) ?? []
  const [, bodyLength = 0] = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end)) ?? []
  const length = end + 4 + Number(bodyLength)
  return text.length < length ? undefined : { status: Number(status), length }
}

function questionWith(token: string): string {
  return [
    'GET /auth/nginx HTTP/1.1',
    'host: 127.0.0.1',
    `client-token: ${token}`,
    'x-original-uri: /',
    'x-original-method: GET',
    'x-original-host: app',
    'x-original-scheme: http',
    '\r\n',
  ].join('\r\n')
}
