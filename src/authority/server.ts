import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { SecureContextOptions } from 'node:tls'
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { StoreUnavailable } from '../store/errors.ts'
import { createServer } from '../system/http.ts'
import type { Log } from '../telemetry/log.ts'
import { failure, identifier } from '../telemetry/safe-text.ts'
import {
  errorBody,
  refusalOfError,
  type Admitted,
  type Dispatch,
  type Incoming,
} from './dispatch.ts'
import { closeBroken } from './broken-request.ts'
import type { RawBody } from './body.ts'
import type { Method, Operation } from './operation.ts'
import {
  methodNotAllowed,
  notFound,
  tooLarge,
  unreadable,
  unsupportedType,
  type Outcome,
  type Plain,
  type Refusal,
} from './outcome.ts'
import type { Route } from './route.ts'
import type { AuthoritySettings } from './settings.ts'

/** Certificates of the listener; `ca` asks clients for theirs. */
export interface AuthorityTls extends Pick<SecureContextOptions, 'cert' | 'key' | 'ca'> {
  readonly requestCert?: boolean
}

export interface ServerParts {
  readonly routes: readonly Route[]
  readonly dispatch: Dispatch
  readonly log: Log
  readonly limits: AuthoritySettings['limits']
  readonly tls: AuthorityTls | undefined
  /** Answers what is no request of the API; false for what is. */
  readonly aside: (request: IncomingMessage, response: ServerResponse) => boolean
  /** Told of every answer. */
  readonly onAnswer: (route: string, status: number) => void
}

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: Operation
  }
  interface FastifyRequest {
    admitted: Admitted | undefined
  }
}

const unmatched = 'unmatched'

/** Creates the HTTP server of the authority; it does not listen yet. */
export function createServerOf(parts: ServerParts): FastifyInstance {
  const { routes, log, limits, onAnswer } = parts
  const app = fastify({
    bodyLimit: limits.bodyBytes,
    serverFactory: (handler) => createHttpServer(parts, handler),
    routerOptions: { maxParamLength: 256 },
    // While it closes, requests that have come are still answered.
    return503OnClosing: false,
    frameworkErrors(_error, _request, reply) {
      void refuse(reply, unreadable(400), log)
    },
  })
  app.decorateRequest('admitted', undefined)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, bytes, done) => {
    done(null, { contentType: request.headers['content-type'], bytes })
  })
  // A handler without a declared access would stand open.
  app.addHook('onRoute', ({ config }) => {
    if (!config?.operation) throw new TypeError('a route has no declared access')
  })
  app.addHook('onResponse', async (request, reply) => onAnswer(nameOf(request), reply.statusCode))
  for (const route of routes) addRoute(app, route, parts)
  app.setNotFoundHandler((request, reply) => refuse(reply, missing(routes, request), log))
  app.setErrorHandler((error, { routeOptions }, reply) => {
    const refusal =
      refusalOfFramework(error) ?? refusalOfError(error, routeOptions.config.operation)
    void refuse(reply, refusal, log, error)
  })
  return app
}

const headersDeadlineMs = 15_000

function createHttpServer({ limits, tls, aside }: ServerParts, api: RequestListener): Server {
  const handler: RequestListener = (request, response) => {
    response.on('close', () => {
      // Who was being answered when the end began would keep it waiting for as long as a connection may be idle.
      if (!server.listening) setImmediate(() => server.closeIdleConnections())
    })
    if (!aside(request, response)) api(request, response)
  }
  const options = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: headersDeadlineMs,
    requestTimeout: 60_000,
    connectionsCheckingInterval: 1000,
    keepAliveTimeout: 65_000,
  }
  const server = tls
    ? createTlsServer(
        { ...options, ...tls, minVersion: 'TLSv1.2', handshakeTimeout: headersDeadlineMs },
        handler,
      )
    : createServer(options, handler)
  server.maxConnections = limits.sockets
  server.on('clientError', closeBroken)
  return server
}

/** Where everybody may ask, a body holds a token at the most; to read a long one would hold up everybody else. */
const openBodyBytesMax = 16 * 1024

function addRoute(
  app: FastifyInstance,
  route: Route,
  { dispatch, log, limits }: ServerParts,
): void {
  const { operation } = route
  const isOpen = operation.access.kind === 'public'
  app.route({
    method: operation.method,
    url: operation.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    config: { operation },
    bodyLimit: Math.min(limits.bodyBytes, isOpen ? openBodyBytesMax : Infinity),
    // Before the body is read: who may not ask must not make anybody read it.
    async onRequest(request, reply) {
      const admitted = await dispatch.admit(operation, incomingOf(request))
      if (admitted.kind === 'refusal') return refuse(reply, admitted, log)
      request.admitted = admitted
    },
    async handler(request, reply) {
      const { admitted } = request
      if (!admitted) throw new TypeError('a request came past its guard')
      const idempotencyKey = request.headers['idempotency-key']
      const outcome = await dispatch.run(route, admitted.caller, {
        ...incomingOf(request),
        query: request.query,
        body: bodyOf(request.body),
        idempotencyKey: typeof idempotencyKey === 'string' ? idempotencyKey : undefined,
      })
      return answer(reply, outcome, log)
    },
  })
}

function incomingOf(request: FastifyRequest): Incoming {
  const { params, raw, socket, url } = request
  const given = typeof params === 'object' && params !== null ? Object.entries(params) : []
  return {
    parameters: new Map(given.map(([name, value]) => [name, String(value)])),
    authorization: raw.headersDistinct['authorization'] ?? [],
    source: socket.remoteAddress ?? 'local',
    path: url.split('?')[0] ?? url,
  }
}

function bodyOf(body: unknown): RawBody | undefined {
  if (typeof body !== 'object' || body === null || !('bytes' in body)) return undefined
  const { bytes } = body
  const contentType =
    'contentType' in body && typeof body.contentType === 'string' ? body.contentType : undefined
  return Buffer.isBuffer(bytes) ? { contentType, bytes } : undefined
}

function nameOf({ routeOptions, is404 }: FastifyRequest): string {
  const { operation } = routeOptions.config
  return is404 || !operation ? unmatched : `${operation.method} ${operation.path}`
}

function answer(reply: FastifyReply, outcome: Outcome | Plain, log: Log): FastifyReply {
  if (outcome.kind === 'refusal') return refuse(reply, outcome, log)
  if (outcome.kind === 'plain') return answerPlainly(reply, outcome)
  const { status, headers, facts, shownOnce } = outcome
  const shown = shownOnce ?? facts
  void reply.code(status).headers({ ...headers, 'cache-control': 'no-store' })
  if (status === 200 && 'access_token' in (facts ?? {})) void reply.header('pragma', 'no-cache')
  return shown === undefined ? reply.send() : sendJson(reply, shown)
}

function answerPlainly(reply: FastifyReply, plain: Plain): FastifyReply {
  const { status, headers, contentType, text } = plain
  void reply.code(status).headers({ ...headers, 'cache-control': 'no-store' })
  if (contentType === undefined) return reply.send()
  return reply.header('content-type', contentType).send(Buffer.from(text))
}

function sendJson(reply: FastifyReply, body: object): FastifyReply {
  // Of text, the framework would name the character set; some clients want the bare type.
  return reply.header('content-type', 'application/json').send(Buffer.from(JSON.stringify(body)))
}

function refuse(reply: FastifyReply, refusal: Refusal, log: Log, error?: unknown): FastifyReply {
  const { request } = reply
  const { id, body } = errorBodyOf(refusal, request.routeOptions.config.operation)
  const { status, headers } = refusal
  const fields = { id: identifier(id), route: identifier(nameOf(request)), status }
  const isFault = status >= 500 || error instanceof StoreUnavailable
  if (isFault) log.error('a request failed', { ...fields, why: failure(error) })
  else log.info('a request was refused', fields)
  void reply.code(status).headers({ ...headers, 'cache-control': 'no-store' })
  return sendJson(reply, body)
}

/** Beside our own members stands what an OAuth client looks for; where it was so before us, that alone. */
function errorBodyOf(refusal: Refusal, operation: Operation | undefined) {
  switch (operation?.accepts) {
    case 'form':
      return errorBody(asOauth(refusal))
    case 'form-or-json':
      return { id: errorBody(refusal).id, body: asOauth(refusal).members }
    case 'nothing':
    case 'json':
    case undefined:
      return errorBody(refusal)
  }
}

/** What an OAuth client looks for beside our own members. */
function asOauth(refusal: Refusal): Refusal {
  if ('error' in refusal.members) return refusal
  const { status, message } = refusal
  const busy = status === 429 || status === 503 ? 'temporarily_unavailable' : 'invalid_request'
  const error = status === 500 ? 'server_error' : busy
  return { ...refusal, members: { error, error_description: message } }
}

function missing(routes: readonly Route[], { url }: FastifyRequest): Refusal {
  const path = url.split('?')[0] ?? url
  const methods = routes
    .filter(({ operation }) => patternOf(operation.path).test(path))
    .flatMap(({ operation }) => allowedBy(operation.method))
  return methods.length === 0 ? notFound() : methodNotAllowed([...new Set(methods)])
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`)
}

function allowedBy(method: Method): readonly string[] {
  return method === 'GET' ? ['GET', 'HEAD'] : [method]
}

const byFrameworkCode: ReadonlyMap<unknown, () => Refusal> = new Map([
  ['FST_ERR_CTP_BODY_TOO_LARGE', tooLarge],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', unsupportedType],
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', () => unreadable(400)],
])

function refusalOfFramework(error: unknown): Refusal | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  const known = byFrameworkCode.get(error.code)?.()
  const status = 'statusCode' in error ? Number(error.statusCode) : 500
  return known ?? (status >= 400 && status < 500 ? unreadable(400) : undefined)
}
