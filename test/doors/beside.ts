import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { openSync, closeSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { systemClock } from '../../src/system/clock.ts'
import { createLog } from '../../src/telemetry/log.ts'
import type { BoundFiles } from '../../src/verifier/bound-credentials.ts'
import {
  startVerifier,
  type ThreadListenerParts,
  type VerifierParts,
} from '../../src/verifier/verifier.ts'
import { gatewayDoor } from './live-view.ts'

// A verifier of the real kind beside the test, which trusts one issuer, signs tokens for it, and asks over real sockets.

export const environmentId = 'env-1'
const issuer = 'https://issuer.test'
const audience = 'https://warder.test'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  readonly socketPath?: string
  readonly port?: number
}

export interface Beside {
  readonly ports: Awaited<ReturnType<typeof startVerifier>>['ports']
  readonly folder: string
  readonly token: (claims?: Readonly<Record<string, unknown>>) => string
  /** Writes a file as a whole. */
  readonly put: (name: string, content: string) => void
  readonly ask: (path: string, ask?: Ask) => Promise<Answer>
}

export const anyPort = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const
const listener = { at: anyPort, tls: undefined } as const
const outage = {
  noState: 'unavailable',
  expired: 'unavailable',
  internalError: 'unavailable',
} as const

export const usualSettings: VerifierParts['settings'] = {
  doors: {
    nginx: gatewayDoor,
    forward: gatewayDoor,
    sideband: gatewayDoor,
    authzen: gatewayDoor,
    spoe: gatewayDoor,
  },
  sideband: {
    gatewayTypes: ['API_GATEWAY_INTEGRATION'],
    perSecond: undefined,
    stateKey: Buffer.alloc(32, 7),
  },
  authzen: { identifier: 'https://pdp.example/tenant1', batch: 5 },
  limits: { headerBytes: 65_536, bodyBytes: 65_536, sockets: 1000 },
  leeway: { exp: 0, nbf: 60 },
  outage,
  proofCacheMax: 1000,
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** What a test may have otherwise. */
export interface Otherwise {
  readonly settings?: Partial<VerifierParts['settings']>
  readonly files?: (folder: string) => Readonly<Record<string, string>>
  readonly bound?: (folder: string) => BoundFiles
  readonly own?: (folder: string) => ThreadListenerParts
  readonly workers?: number
}

/** Starts a verifier that ends with the test. */
export async function verifierBeside(t: TestContext, otherwise: Otherwise = {}): Promise<Beside> {
  const folder = mkdtempSync(join(tmpdir(), 'warder-doors-'))
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const put = (name: string, content: string) => {
    writeFileSync(join(folder, `${name}.new`), content)
    renameSync(join(folder, `${name}.new`), join(folder, name))
  }
  put(
    'keys.json',
    JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1' }] }),
  )
  put('revoked.txt', '# none\n')
  const token: Beside['token'] = (claims = {}) => {
    const iat = Math.floor(Date.now() / 1000) - 60
    const usual = { iss: issuer, aud: audience, sub: 'gw-1', jti: randomUUID(), iat, environmentId }
    const text = `${part({ alg: 'EdDSA', kid: 'k1' })}.${part({ ...usual, ...claims })}`
    return `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`
  }
  for (const [name, content] of Object.entries(otherwise.files?.(folder) ?? {})) put(name, content)
  const fd = openSync(join(folder, 'log'), 'a')
  const log = createLog({ level: 'debug', fd, now: Date.now })
  const workers = otherwise.workers ?? 1
  const settings = { ...usualSettings, ...otherwise.settings }
  const health = { version: '0', workers, proofCacheMax: 1000, staleAfterMs: 1, expireAfterMs: 2 }
  const verifier = await startVerifier({
    settings,
    health,
    http: listener,
    spoe: listener,
    ...otherwise.own?.(folder),
    ops: listener,
    farewellMs: 20,
    trust: [
      {
        issuer,
        kind: 'gateway',
        jwks: join(folder, 'keys.json'),
        audience: [audience],
        algorithms: ['EdDSA'],
        revoked: join(folder, 'revoked.txt'),
        typ: undefined,
        gatewayClaim: undefined,
      },
    ],
    bound: otherwise.bound?.(folder) ?? {},
    clock: systemClock,
    random: () => 0.5,
    log,
  })
  t.after(async () => {
    await verifier.stop()
    await log.close()
    closeSync(fd)
    rmSync(folder, { recursive: true, force: true })
  })
  const { ports } = verifier
  return { ports, folder, token, put, ask: (path, ask = {}) => askAt(ports.http ?? 0, path, ask) }
}

function askAt(port: number, path: string, ask: Ask): Promise<Answer> {
  const { method = 'POST', headers = {}, body = '', socketPath } = ask
  const at =
    socketPath === undefined ? { host: '127.0.0.1', port: ask.port ?? port } : { socketPath }
  const length = method === 'GET' ? {} : { 'Content-Length': `${Buffer.byteLength(body)}` }
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      { ...at, path, method, agent: false, headers: { ...length, ...headers } },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const { statusCode = 0, headers: got } = response
          resolve({ status: statusCode, headers: got, body: Buffer.concat(chunks) })
        })
      },
    )
    sent.on('error', reject)
    sent.end(method === 'GET' ? undefined : body)
  })
}

/** Asks until something holds, for five seconds. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('what was waited for did not come')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
