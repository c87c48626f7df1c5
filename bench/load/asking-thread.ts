// The inside of a thread that asks verifiers with one credential at a steady rate. It shares the cores with whom it
// asks, so that it does no more than write a question and look at the head of its answer.

import { connect, type Socket } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import { now } from '../feed/light-follower.ts'
import type { Asked, ToAsker } from './asking.ts'

interface Setup {
  readonly ports: readonly number[]
  readonly perSecond: number
}

type Note = (status: number) => void

/** A way to ask a verifier as gateways do: by a connection that waits for no answer, or else by a new one. */
function openLine(port: number) {
  const idle: Connection[] = []
  return (question: string, note: Note) => {
    let connection = idle.pop()
    while (connection?.isOver) connection = idle.pop()
    connection ??= new Connection(port, (free) => idle.push(free))
    connection.ask(question, note)
  }
}

class Connection {
  readonly #socket: Socket
  #note: Note | undefined
  #text = ''

  constructor(port: number, onAnswered: (free: Connection) => void) {
    this.#socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1')
    this.#socket.on('data', (text: string) => {
      this.#text += text
      const status = statusIn(this.#text)
      if (status === undefined) return
      this.#text = ''
      this.#tell(status)
      onAnswered(this)
    })
    this.#socket.on('error', () => undefined)
    this.#socket.on('end', () => this.#socket.destroy())
    this.#socket.on('close', () => this.#tell(0))
  }

  get isOver(): boolean {
    return this.#socket.destroyed
  }

  ask(question: string, note: Note): void {
    this.#note = note
    this.#socket.write(question, 'latin1')
  }

  #tell(status: number): void {
    this.#note?.(status)
    this.#note = undefined
  }
}

/** The status of an answer, once it is whole. */
function statusIn(text: string): number | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [, status = 0] = /^HTTP\/1\.1 (\d{3})/.exec(text) ?? []
  const [, bodyLength = 0] = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end)) ?? []
  return text.length < end + 4 + Number(bodyLength) ? undefined : Number(status)
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

const { ports, perSecond }: Setup = workerData
let question = ''
let asked: Asked[] = []

for (const port of ports) {
  const ask = openLine(port)
  const once = () => {
    const [sentAt, into] = [now(), asked]
    ask(question, (status) => into.push({ sentAt, answeredAt: now(), status }))
  }
  setInterval(() => question && once(), 1000 / perSecond)
}
parentPort?.on('message', (message: ToAsker) => {
  if (message.kind === 'tell') {
    parentPort?.postMessage(asked)
    return
  }
  question = questionWith(message.token)
  asked = []
})
