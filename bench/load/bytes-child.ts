// A load of the lightest kind: the same bytes again and again on a few connections, so many of them at a time, and of
// the answers only how many came. Prints that number.
//
//   node bytes-child.ts PORT FILE FRAMING CONNECTIONS DEPTH SECONDS

import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import process from 'node:process'

const [port, file = '', framing, connections, depth, seconds] = process.argv.slice(2)
const { greeting, question } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly greeting: string
  readonly question: string
}
const first = Buffer.from(greeting, 'base64')
const one = Buffer.from(question, 'base64')
const window = Number(depth)
const many = Buffer.concat(Array.from({ length: window }, () => one))
const sockets: Socket[] = []
let answers = 0

/** Makes a counter of the answers in what has arrived; a frame or a head may come in pieces. */
function createCounter(): (chunk: Buffer) => number {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    let count = 0
    for (;;) {
      const length = framing === 'spoe' ? frameAt(bytes, at) : responseAt(bytes, at)
      if (length === undefined || at + length > bytes.length) break
      at += length
      count += 1
    }
    rest = bytes.subarray(at)
    return count
  }
}

function frameAt(bytes: Buffer, at: number): number | undefined {
  return bytes.length - at < 4 ? undefined : 4 + bytes.readUInt32BE(at)
}

function responseAt(bytes: Buffer, at: number): number | undefined {
  const end = bytes.indexOf('\r\n\r\n', at)
  if (end === -1) return undefined
  const head = bytes.toString('latin1', at, end)
  if (!head.startsWith('HTTP/1.1 200')) throw new Error(head)
  return end + 4 - at + Number(/content-length: (\d+)/i.exec(head)?.[1])
}

for (let index = 0; index < Number(connections); index += 1) {
  const socket = connect(Number(port), '127.0.0.1')
  const count = createCounter()
  let open = 0
  let greeted = first.length === 0
  const ask = (number: number) => {
    open += number
    socket.write(number === window ? many : many.subarray(0, number * one.length))
  }
  socket.setNoDelay(true)
  socket.once('connect', () => {
    if (greeted) ask(window)
    else socket.write(first)
  })
  socket.on('data', (chunk: Buffer) => {
    let came = count(chunk)
    if (!greeted && came > 0) {
      greeted = true
      came -= 1
      ask(window)
    }
    answers += came
    open -= came
    if (came > 0) ask(came)
  })
  sockets.push(socket)
}

setTimeout(
  () => {
    process.stdout.write(`${answers}\n`)
    for (const socket of sockets) socket.destroy()
  },
  Number(seconds) * 1000,
)
