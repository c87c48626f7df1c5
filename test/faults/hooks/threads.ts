// Lets a test break one of a verifier's threads from outside, by a signal.
//
//   SIGUSR2  the newest thread is ended on the spot
//   SIGPIPE  the newest thread is no longer told anything
import { type Worker, isMainThread, MessagePort } from 'node:worker_threads'
import process from 'node:process'

if (isMainThread) {
  let newest: Worker | undefined
  process.on('worker', (worker: Worker) => {
    newest = worker
  })
  process.on('SIGUSR2', () => void newest?.terminate())
  const post = Reflect.get(MessagePort.prototype, 'postMessage')
  const deaf = new WeakSet<MessagePort>()
  let last: MessagePort | undefined
  const remember = (port: MessagePort) => {
    last = port
  }
  process.on('SIGPIPE', () => last && deaf.add(last))
  Object.assign(MessagePort.prototype, {
    postMessage(this: MessagePort, ...words: Parameters<typeof post>) {
      // Other things are said over other ports.
      if (isPublication(words[0])) remember(this)
      if (!deaf.has(this)) Reflect.apply(post, this, words)
    },
  })
}

function isPublication(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'update' in message
}
