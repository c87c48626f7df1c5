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

/** One connection at a time, on which answers come in the order of the questions. */
function openLine(port: number) {
  let connection: Connection | undefined
  return {
    ask(question: string, note: Note) {
      if (!connection || connection.socket.destroyed) connection = openConnection(port)
      connection.waiting.push(note)
      connection.socket.write(question, 'latin1')
    },
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

const { ports, perSecond }: Setup = workerData
let question = ''
let asked: Asked[] = []

for (const port of ports) {
  const line = openLine(port)
  const once = () => {
    const [sentAt, into] = [now(), asked]
    line.ask(question, (status) => into.push({ sentAt, answeredAt: now(), status }))
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
