// Presents forged tokens at a steady rate, each another one: the head and claims of a real token, and a signature that
// is none.
//
//   node forged-child.ts PORT TOKEN PER-SECOND SECONDS

import { connect } from 'node:net'
import process from 'node:process'
import { hookRequest } from '../requests.ts'

const [port, token = '', perSecond, seconds] = process.argv.slice(2)
const connections = 5
const everyMs = 1
const atOnce = Math.round((Number(perSecond) * everyMs) / 1000 / connections)
const digits = 8
const stem = token.slice(0, -digits - 1)

let made = 0
function forged(): string {
  made += 1
  return `${stem}${made.toString(36).padStart(digits, 'A')}A`
}

function bytesOf(text: string): string {
  const { path, headers } = hookRequest(text)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [`GET ${path} HTTP/1.1`, 'Host: warder', ...lines, '', ''].join('\r\n')
}

const sockets = Array.from({ length: connections }, () => {
  const socket = connect(Number(port), '127.0.0.1').setNoDelay(true)
  return socket.resume()
})
const end = performance.now() + Number(seconds) * 1000
let due = performance.now()
const beat = setInterval(() => {
  for (; due <= performance.now(); due += everyMs) {
    for (const socket of sockets)
      socket.write(Array.from({ length: atOnce }, () => bytesOf(forged())).join(''))
  }
  if (performance.now() < end) return
  clearInterval(beat)
  process.stdout.write(`${made}\n`)
  for (const socket of sockets) socket.destroy()
}, everyMs)
