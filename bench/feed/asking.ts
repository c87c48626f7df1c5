// Asks verifiers with one credential at a steady rate, and remembers what became of each question.

import { Agent, get } from 'node:http'
import { now } from './light-follower.ts'

/** A question and its answer, in milliseconds since 1970. */
interface Asked {
  readonly sentAt: number
  readonly answeredAt: number
  /** 0 where there was no answer. */
  readonly status: number
}

export interface Asking {
  /** Asks with another credential from now on, and forgets what was asked before. */
  readonly use: (token: string) => void
  readonly asked: () => readonly Asked[]
  readonly close: () => void
}

/** Begins to ask each of some ports so many times a second. */
export function startAsking(ports: readonly number[], perSecond: number): Asking {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  let token = ''
  let asked: Asked[] = []
  const once = (port: number) => {
    const [sentAt, into] = [now(), asked]
    const note = (status: number) => into.push({ sentAt, answeredAt: now(), status })
    const options = { port, host: '127.0.0.1', path: '/auth/nginx', agent, headers: hook(token) }
    get(options, (response) => {
      response.resume()
      note(response.statusCode ?? 0)
    }).on('error', () => note(0))
  }
  const timers = ports.map((port) => setInterval(() => token && once(port), 1000 / perSecond))
  return {
    use(next) {
      token = next
      asked = []
    },
    asked: () => asked,
    close() {
      for (const timer of timers) clearInterval(timer)
      agent.destroy()
    },
  }
}

function hook(token: string): Readonly<Record<string, string>> {
  return {
    'client-token': token,
    'x-original-uri': '/',
    'x-original-method': 'GET',
    'x-original-host': 'app',
    'x-original-scheme': 'http',
  }
}
