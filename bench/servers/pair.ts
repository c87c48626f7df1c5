// Starts two programs and ends them with itself, so that they are measured as one. Arguments: the port at which the first
// has to answer before the second is started, the first command and the second, each as JSON.

import { spawn, type ChildProcess } from 'node:child_process'
import { connect } from 'node:net'
import process from 'node:process'

const [port, ...commands] = process.argv.slice(2)
const children = new Set<ChildProcess>()
const end = () => {
  for (const child of children) child.kill('SIGTERM')
}
process.on('SIGTERM', end)
process.on('SIGINT', end)

function start(command = '[]'): void {
  const [program = '', ...args] = JSON.parse(command) as string[]
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  children.add(child)
  child.on('exit', () => {
    children.delete(child)
    end()
  })
}

/** A verifier opens its port for a moment to see whether it is free; so an answer is waited for, not a connection. */
function whenAnswering(then: () => void): void {
  const socket = connect(Number(port), '127.0.0.1', () => {
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  })
  let isAnswered = false
  socket.on('data', () => {
    isAnswered = true
    socket.destroy()
  })
  socket.on('error', () => undefined)
  socket.on('close', () => {
    if (isAnswered) then()
    else setTimeout(() => children.size > 0 && whenAnswering(then), 50)
  })
}

start(commands[0])
whenAnswering(() => start(commands[1]))
