import { setFlagsFromString } from 'node:v8'
import { MessageChannel, Worker } from 'node:worker_threads'
import { failure, type SafeText } from '../telemetry/safe-text.ts'
import type { Publication } from './publication.ts'
import type { FromThread, ThreadSetup, ToThread } from './thread-setup.ts'

/** The main thread's hold on one thread that answers. */
export interface ThreadHandle {
  readonly id: number
  readonly listening: boolean
  readonly ended: boolean
  /** The number of the latest publication that it judges by. */
  readonly applied: number
  /** How many pings it has not answered. */
  readonly unanswered: number
  readonly ping: () => void
  readonly post: (publication: Publication) => void
  readonly tell: (message: ToThread) => void
  /** Asks it to close and resolves when it has. */
  readonly end: () => Promise<void>
  /** Ends it on the spot, whatever it does. */
  readonly kill: () => void
}

export interface ThreadHandleParts {
  readonly setup: Omit<ThreadSetup, 'port'>
  readonly onMessage: (message: FromThread) => void
  /** Told once, with what may be logged of the error if the thread did not end in peace. */
  readonly onEnd: (error: SafeText | undefined) => void
}

// V8 would begin with a sixteenth of it, and give more only if much outlives a collection, which of requests nothing does; so
// a thread would collect many times as often for ever. Twice as much makes no request cheaper.
setFlagsFromString('--min-semi-space-size=16')

const threadFile = new URL('./thread.ts', import.meta.url)

/** Starts a thread. */
export function startThread({ setup, onMessage, onEnd }: ThreadHandleParts): ThreadHandle {
  const { port1, port2 } = new MessageChannel()
  const workerData: ThreadSetup = { ...setup, port: port2 }
  const worker = new Worker(threadFile, { workerData, transferList: [port2] })
  const state = { listening: false, ended: false, applied: setup.first?.number ?? 0 }
  const pings = { sent: 0, answered: 0 }
  let endedBy: SafeText | undefined

  worker.on('message', (message: FromThread) => {
    if (message.kind === 'listening') state.listening = true
    if (message.kind === 'applied') state.applied = message.number
    if (message.kind === 'pong') pings.answered = message.number
    onMessage(message)
  })
  worker.on('error', (error) => {
    endedBy = failure(error)
  })
  worker.on('exit', () => {
    state.listening = false
    state.ended = true
    port1.close()
    onEnd(endedBy)
  })
  return {
    id: setup.id,
    get listening() {
      return state.listening
    },
    get ended() {
      return state.ended
    },
    get applied() {
      return state.applied
    },
    get unanswered() {
      return pings.sent - pings.answered
    },
    ping() {
      worker.postMessage({ kind: 'ping', number: ++pings.sent } satisfies ToThread)
    },
    post: (publication) => port1.postMessage(publication),
    tell: (message) => worker.postMessage(message),
    end: () =>
      new Promise((resolve) => {
        worker.once('exit', () => resolve())
        worker.postMessage({ kind: 'close' } satisfies ToThread)
      }),
    kill: () => void worker.terminate(),
  }
}
