// HTTP as commands speak it. Node's own client: it is there before a command has begun, and undici takes as long to load
// as everything else together.

import type { IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { Agent as HttpAgent, request as requestHttp } from '../system/http.ts'
import type { Access } from './access.ts'

export interface Sent {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** What follows the address of the server. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
}

interface Called {
  readonly status: number
  readonly header: (name: string) => string | undefined
  readonly text: string
}

/** A server that is called, over connections that are kept. */
export interface Caller {
  readonly call: (sent: Sent) => Promise<Called>
  readonly close: () => void
}

const connectMs = 5000
// Longer than the longest revocation.wait.
const deadlineMs = 90_000

/** What calls a server, whose certificate one of these CAs has signed where some are named. */
export function createCaller({ url, ca }: Pick<Access, 'url' | 'ca'>): Caller {
  const isSecure = url.startsWith('https:')
  const request = isSecure ? requestHttps : requestHttp
  const agent = isSecure
    ? new HttpsAgent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) })
    : new HttpAgent({ keepAlive: true })
  const answerTo = ({ method, path, headers, body }: Sent) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const signal = AbortSignal.timeout(deadlineMs)
      const asked = request(`${url}${path}`, { method, headers, agent, signal }, resolve)
      asked.on('error', reject)
      asked.on('socket', (socket) => boundConnecting(socket, (late) => asked.destroy(late)))
      asked.end(body)
    })
  return {
    async call(sent) {
      const answer = await answerTo(sent)
      const said = await text(answer)
      const header = (name: string) => {
        const value = answer.headers[name]
        return typeof value === 'string' ? value : value?.[0]
      }
      return { status: answer.statusCode ?? 0, header, text: said }
    },
    close: () => agent.destroy(),
  }
}

function boundConnecting(socket: Socket, end: (late: Error) => void): void {
  if (!socket.connecting) return
  const late = Object.assign(new Error('no connection'), { code: 'ETIMEDOUT' })
  const timer = setTimeout(() => end(late), connectMs)
  for (const event of ['connect', 'close']) socket.once(event, () => clearTimeout(timer))
}
