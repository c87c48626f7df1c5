// Asks with a real token at a steady rate and, beside that, presents forged ones: the head and claims of the real one, and
// another signature each time. One process for both, so that only the server decides how long an answer takes. Prints
// how many were forged, how many real ones were not allowed, and the p99 of those that were, in milliseconds.
//
//   node flood-child.ts PORT TOKEN ASKED-PER-SECOND FORGED-PER-SECOND SECONDS

import { connect, type Socket } from 'node:net'
import process from 'node:process'
import { hookRequest, wireText } from '../requests.ts'
import { quantile } from '../rows.ts'

const [port, token = '', asked, forged, seconds] = process.argv.slice(2)
const everyMs = 1
const digits = 8
const stem = token.slice(0, -digits - 1)
const bytesOf = (text: string) => wireText(hookRequest(text), 'warder')
const real = bytesOf(token)
const line = () => connect(Number(port), '127.0.0.1').setNoDelay(true)

const tookMs: number[] = []
let made = 0
let wrong = 0

/** A connection on which questions are answered in turn. */
function askingLine(): () => void {
  const socket = line().setEncoding('latin1')
  const sentAt: number[] = []
  let rest = ''
  socket.on('data', (text: string) => {
    const heads = (rest + text).split('\r\n\r\n')
    rest = heads.pop() ?? ''
    for (const head of heads) {
      tookMs.push(performance.now() - (sentAt.shift() ?? 0))
      if (!head.startsWith('HTTP/1.1 200')) wrong += 1
    }
  })
  sockets.push(socket)
  return () => {
    sentAt.push(performance.now())
    socket.write(real)
  }
}

function forgingLine(): () => void {
  const socket = line().resume()
  sockets.push(socket)
  return () => {
    made += 1
    socket.write(bytesOf(`${stem}${made.toString(36).padStart(digits, 'A')}A`))
  }
}

/** Does something so many times a second, in turns; what a busy machine has made late is not made up for at once. */
function steadily(perSecond: number, turns: readonly (() => void)[]): () => void {
  let [owed, turn, last] = [0, 0, performance.now()]
  return () => {
    const now = performance.now()
    owed += (perSecond * Math.min(now - last, 3 * everyMs)) / 1000
    last = now
    for (; owed >= 1; owed -= 1) {
      turns[turn]?.()
      turn = (turn + 1) % turns.length
    }
  }
}

const sockets: Socket[] = []
const ask = steadily(Number(asked), Array.from({ length: 4 }, askingLine))
const forge = steadily(Number(forged), Array.from({ length: 5 }, forgingLine))
const end = performance.now() + Number(seconds) * 1000
const beat = setInterval(() => {
  ask()
  forge()
  if (performance.now() < end) return
  clearInterval(beat)
  process.stdout.write(JSON.stringify({ made, wrong, p99Ms: quantile(tookMs, 0.99) }))
  for (const socket of sockets) socket.destroy()
}, everyMs)
