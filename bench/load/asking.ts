// Asks verifiers with one credential at a steady rate, and remembers what became of each question. It is a thread, so
// that what its times are held against does not stand in their way.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** A question and its answer, by the clock that all threads share. */
export interface Asked {
  readonly sentAt: number
  readonly answeredAt: number
  /** 0 where there was no answer. */
  readonly status: number
}

export interface Asking {
  /** Asks with another credential from now on, and forgets what was asked before. */
  readonly use: (token: string) => void
  readonly asked: () => Promise<readonly Asked[]>
  readonly close: () => Promise<number>
}

/** What the thread is told. */
export type ToAsker = { readonly kind: 'use'; readonly token: string } | { readonly kind: 'tell' }

/** Begins to ask each of some ports so many times a second. */
export function startAsking(ports: readonly number[], perSecond: number): Asking {
  const thread = new Worker(new URL('./asking-thread.ts', import.meta.url), {
    workerData: { ports, perSecond },
  })
  const say = (message: ToAsker) => thread.postMessage(message)
  return {
    use: (token) => say({ kind: 'use', token }),
    async asked() {
      const told = once(thread, 'message')
      say({ kind: 'tell' })
      const [asked]: (readonly Asked[])[] = await told
      return asked ?? []
    },
    close: () => thread.terminate(),
  }
}
