// Starts two programs and ends them with itself, so that they are measured as one. Arguments: the port at which the first
// has to listen before the second is started, the first command and the second, each as JSON.

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

function whenListening(then: () => void): void {
  const socket = connect(Number(port), '127.0.0.1')
  socket.on('connect', () => {
    socket.destroy()
    then()
  })
  socket.on('error', () => setTimeout(() => children.size > 0 && whenListening(then), 50))
}

start(commands[0])
whenListening(() => start(commands[1]))
