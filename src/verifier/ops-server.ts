// Health, status and metrics, on a listener of their own that gateways and clients have no business with.

import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import { createServer } from '../system/http.ts'
import type { Explaining } from './explaining.ts'
import type { TlsMaterial } from './thread-setup.ts'
import { secureContext } from './tls-files.ts'
import { tlsRenewal } from './tls-renewal.ts'

/** Whether questions are answered as they should be, and what keeps them from it. */
export type Readiness =
  | { readonly state: 'ready' }
  | { readonly state: 'degraded' | 'not-ready'; readonly reasons: readonly string[] }

export interface OpsParts {
  readonly readiness: () => Readiness
  readonly status: () => object
  readonly metrics: { readonly render: () => Promise<string>; readonly contentType: string }
  readonly tls: TlsMaterial | undefined
  /** Explains decisions, where there are any. */
  readonly explain?: Explaining
}

const deadlineMs = 5000
/** For who asks and does not read what is answered. */
const idleMs = 60_000
/** Enough for whatever watches a process; they are among what the process keeps apart from its listeners. */
const socketsMax = 64

export interface OpsServer {
  readonly server: Server | TlsServer
  /** Goes on with another certificate. */
  readonly useTls: (tls: TlsMaterial) => void
  readonly close: () => Promise<void>
}

/** Makes the server; it does not listen yet. */
export function createOpsServer(parts: OpsParts): OpsServer {
  const pages: Readonly<Record<string, (response: ServerResponse) => void>> = {
    '/livez': (response) => send(response, 200, JSON.stringify({ state: 'live' })),
    '/readyz': (response) => {
      const readiness = parts.readiness()
      send(response, readiness.state === 'not-ready' ? 503 : 200, JSON.stringify(readiness))
    },
    '/status': (response) => send(response, 200, JSON.stringify(parts.status())),
    '/metrics': (response) => {
      parts.metrics.render().then(
        (text) => send(response, 200, text, parts.metrics.contentType),
        () => send(response, 500, JSON.stringify({ message: 'metrics cannot be rendered' })),
      )
    },
  }
  const byPath = new Map(Object.entries(pages))
  const options = {
    headersTimeout: deadlineMs,
    requestTimeout: deadlineMs,
    connectionsCheckingInterval: 1000,
  }
  const answer: RequestListener = (request, response) => {
    const { method, url = '' } = request
    const path = url.split('?', 1)[0] ?? ''
    const page = byPath.get(path)
    if (path === '/explain' && parts.explain) sendExplained(parts.explain, request, response)
    else if (!page) send(response, 404, JSON.stringify({ message: 'there is no such page' }))
    else if (method === 'GET' || method === 'HEAD') page(response)
    else {
      response.setHeader('Allow', 'GET, HEAD')
      send(response, 405, JSON.stringify({ message: 'this page can only be read' }))
    }
  }
  const { tls } = parts
  const server = tls
    ? createTlsServer({ ...options, ...secureContext(tls), handshakeTimeout: deadlineMs }, answer)
    : createServer(options, answer)
  server.maxConnections = socketsMax
  server.timeout = idleMs
  return opsServer(server, tls)
}

function sendExplained(
  explain: Explaining,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.method !== 'POST') {
    response.setHeader('Allow', 'POST')
    send(response, 405, JSON.stringify({ message: 'what is to be explained is posted' }))
    return
  }
  explain(request).then(
    ({ status, body }) => send(response, status, JSON.stringify(body)),
    () => response.destroy(),
  )
}

function opsServer(server: Server | TlsServer, tls: TlsMaterial | undefined): OpsServer {
  return {
    server,
    useTls: tlsRenewal(server, tls),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  type = 'application/json; charset=utf-8',
): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  })
  response.end(body)
}
