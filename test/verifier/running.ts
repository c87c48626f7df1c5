import { closeSync, openSync, readFileSync } from 'node:fs'
import { mkdtempSync, rmSync, writeFileSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../src/system/clock.ts'
import { createLog } from '../../src/telemetry/log.ts'
import type { TrustSettings } from '../../src/verifier/trust-source.ts'
import { startVerifier, type VerifierParts } from '../../src/verifier/verifier.ts'
import {
  audience,
  clientAudience,
  gatewayClaims,
  issuerKey,
  issuerName,
  keySet,
  signToken,
  type Claims,
  type IssuerKey,
} from './issuer.ts'
import { ask, request, type Answer, type Place } from './wire.ts'

// A verifier of the real kind, threads and sockets and files, beside the test.

export interface Made {
  readonly settings?: Partial<VerifierParts['settings']>
  readonly workers?: number
  readonly trust?: (folder: string) => readonly TrustSettings[]
  readonly parts?: Partial<VerifierParts>
}

export interface Running {
  readonly place: Place
  readonly opsPlace: Place
  /** Where gRPC is spoken, in a verifier that was made so. */
  readonly grpcPlace: { readonly port: number }
  readonly folder: string
  readonly key: IssuerKey
  /** A credential that is in order, but for the changes. */
  readonly token: (changes?: Claims) => string
  /** Puts a file in the place of another, as a whole. */
  readonly put: (name: string, content: string | Buffer) => void
  readonly page: (path: string) => Promise<Answer>
  readonly metric: (line: string) => Promise<number>
  /** The lines that were logged. */
  readonly log: () => string
  readonly stop: () => Promise<void>
}

const carrier = { kind: 'client-token', headers: ['CLIENT-TOKEN', 'PDG-TOKEN'] } as const
export const gatewayDoor = { carrier, require: 'gateway', environment: undefined } as const

/** The usual entry of `trust`, with changes. */
export function trustEntry(folder: string, changes: Partial<TrustSettings> = {}): TrustSettings {
  return {
    issuer: issuerName,
    kind: 'gateway',
    jwks: join(folder, 'keys.json'),
    audience: [audience],
    algorithms: ['RS256', 'ES256', 'EdDSA'],
    revoked: join(folder, 'revoked.txt'),
    typ: undefined,
    gatewayClaim: undefined,
    ...changes,
  }
}

/** The entry for the access tokens of clients. */
export function clientEntry(folder: string): TrustSettings {
  return trustEntry(folder, { kind: 'client', audience: [clientAudience] })
}

export const anyPort = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const

export const usualOutage = {
  noState: 'unavailable',
  expired: 'unavailable',
  internalError: 'unavailable',
} as const

export const usualSettings: VerifierParts['settings'] = {
  doors: { nginx: gatewayDoor, forward: gatewayDoor },
  sideband: {
    gatewayTypes: ['API_GATEWAY_INTEGRATION'],
    perSecond: undefined,
    stateKey: Buffer.alloc(32),
  },
  authzen: { identifier: 'https://warder.test', batch: 100 },
  limits: { headerBytes: 64 * 1024, bodyBytes: 1024 * 1024, sockets: 10_000 },
  leeway: { exp: 0, nbf: 60 },
  outage: usualOutage,
  proofCacheMax: 10_000,
}

/** Starts a verifier that trusts one issuer. */
export async function runVerifier(made: Made = {}): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'warder-verifier-'))
  const key = issuerKey('key-1')
  const put = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, `${name}.new`), content)
    renameSync(join(folder, `${name}.new`), join(folder, name))
  }
  put('keys.json', keySet(key))
  put('revoked.txt', '# nothing yet\n')
  const fd = openSync(join(folder, 'log'), 'a')
  const log = createLog({ level: 'debug', fd, now: Date.now })
  const workers = made.workers ?? 1
  const verifier = await startVerifier({
    settings: { ...usualSettings, ...made.settings },
    http: { at: anyPort, tls: undefined },
    health: {
      version: '0.0.0',
      workers,
      proofCacheMax: 10_000,
      staleAfterMs: 15_000,
      expireAfterMs: 3_600_000,
    },
    ops: { at: anyPort, tls: undefined },
    trust: made.trust?.(folder) ?? [trustEntry(folder)],
    clock: systemClock,
    random: () => 0.5,
    farewellMs: 50,
    log,
    ...made.parts,
  })
  const opsPlace = { port: verifier.ports.ops ?? 0 }
  const page = (path: string) => ask(opsPlace, request(`GET ${path} HTTP/1.1`, 'Host: ops'))
  return {
    place: { port: verifier.ports.http ?? 0 },
    opsPlace,
    grpcPlace: { port: verifier.ports.grpc ?? 0 },
    folder,
    key,
    put,
    page,
    token: (changes) => signToken(key, gatewayClaims(changes)),
    metric: async (line) => metricOf((await page('/metrics')).body, line),
    log: () => readFileSync(join(folder, 'log'), 'utf8'),
    async stop() {
      await verifier.stop()
      await log.close()
      closeSync(fd)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The sum of the samples that begin so. */
function metricOf(text: string, start: string): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(start))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

/** A hook of nginx for a token, with further header lines. */
export function nginxHook(token: string | undefined, ...more: readonly string[]): string {
  return request(
    'GET /auth/nginx HTTP/1.1',
    'Host: warder.internal',
    ...(token === undefined ? [] : [`CLIENT-TOKEN: ${token}`]),
    'X-Original-URI: /app/hello?q=1',
    'X-Original-Method: GET',
    'X-Original-Host: app.example.test:8080',
    'X-Original-Scheme: http',
    'X-Real-IP: 127.0.0.1',
    ...more,
  )
}

/** A hook of forward authentication for a token, with further header lines. */
export function forwardHook(token: string | undefined, ...more: readonly string[]): string {
  return request(
    'GET /auth/forward HTTP/1.1',
    'Host: app.example.test',
    ...(token === undefined ? [] : [`Client-Token: ${token}`]),
    'X-Forwarded-For: 127.0.0.1',
    'X-Forwarded-Host: app.example.test',
    'X-Forwarded-Method: GET',
    'X-Forwarded-Proto: http',
    'X-Forwarded-Uri: /app/hello?q=1',
    ...more,
  )
}

/** An answer without what is another one each time: the decision's id, the date, and how long strangers are kept. */
export function sameEachTime(answer: Answer): string {
  return [/^X-Warder-Decision-Id: .*$/m, /^Date: .*$/m, /^Keep-Alive: .*\r\n/m].reduce(
    (text, line) => text.replace(line, ''),
    answer.text,
  )
}

export const identityHeaders = [
  'X-Warder-Gateway-Id',
  'X-Warder-Gateway-Name',
  'X-Warder-Environment-Id',
  'X-Warder-Credential-Id',
  'X-Warder-Subject',
  'X-Warder-Scope',
  'X-Warder-Decision-Id',
  'X-Warder-Revision',
] as const

/** The status of a hook. */
export async function statusOf(place: Place, hook: string): Promise<number> {
  return (await ask(place, hook)).status
}

/** Asks until something holds, for ten seconds if not told. */
export async function until(
  holds: () => Promise<boolean> | boolean,
  withinMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('what was waited for did not come')
    await delay(10)
  }
}
