import {
  createHash,
  generateKeyPairSync,
  randomBytes,
  randomUUID,
  sign,
  type KeyObject,
} from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { feedType } from '../../src/standing/feed-line.ts'
import { audience, gatewayClaims, issuerKey, issuerName, signToken } from '../verifier/issuer.ts'

// An authority of our own making, which holds the keys and says whatever it is told to: signed rightly, wrongly or not
// at all. It shares no code with Warder's but the name of the type that is signed.

export interface FeedKey {
  readonly kid: string
  readonly jwk: Readonly<Record<string, unknown>>
  readonly privateKey: KeyObject
}

/** Makes a key for a feed; its name is its thumbprint. */
export function feedKey(): FeedKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const { crv, kty, x } = publicKey.export({ format: 'jwk' })
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url')
  return { kid, jwk: { crv, kty, x, kid, alg: 'EdDSA', use: 'sig' }, privateKey }
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Signs a payload as a line of a feed. */
export function signLine(key: FeedKey, payload: object, header: object = {}): string {
  const signed = `${encode({ alg: 'EdDSA', kid: key.kid, typ: feedType, ...header })}.${encode(payload)}`
  return `${signed}.${sign(null, Buffer.from(signed), key.privateKey).toString('base64url')}`
}

export interface SnapshotSaid {
  readonly revision: number
  /** The ids of revoked credentials. */
  readonly revoked?: readonly string[]
  /** So many further revoked ids of nobody. */
  readonly more?: number
  readonly at?: number
  readonly key?: FeedKey
  /** Changes what the manifest says. */
  readonly manifest?: object
}

export interface StubAuthority {
  readonly enrolment: string
  readonly key: FeedKey
  readonly url: string
  revision: number
  /** What the snapshot is; bytes as they go over the wire. */
  snapshot: Buffer
  /** Whether everybody is too far behind until the snapshot was asked for. */
  gone: boolean
  /** Answers in another way. */
  answer: ((path: string, response: ServerResponse) => boolean) | undefined
  readonly asked: { readonly path: string; readonly at: number }[]
  readonly encode: (said: SnapshotSaid) => Buffer
  /** Ends all feeds and says that everybody is too far behind, once each. */
  readonly offer: (snapshot: Buffer, revision: number) => void
  readonly issue: () => { readonly id: string; readonly token: string; readonly gateway: string }
  readonly close: () => void
}

const chain = 'a'.repeat(43)

/** Starts a stub with a standing of one issuer. */
export async function openStub(): Promise<StubAuthority> {
  const key = feedKey()
  const issuer = issuerKey('key-1')
  const epoch = randomUUID()
  const environment = randomUUID()
  const feeds = new Set<ServerResponse>()

  const encodeSnapshot = ({
    revision,
    revoked = [],
    more = 0,
    at = Date.now(),
    ...said
  }: SnapshotSaid) => {
    const ids = [
      ...revoked.map((jti) => idOf(issuerName, jti)),
      ...(more > 0 ? [randomBytes(16 * more)] : []),
    ]
    const count = revoked.length + more
    const head = {
      issuers: [
        {
          name: issuerName,
          jwks: { keys: [issuer.jwk] },
          gatewayAudiences: [audience],
          clientAudiences: [],
        },
      ],
      gateways: [],
      environments: [],
      clients: [],
      marks: [],
      segments: count === 0 ? [] : [{ name: `${issuerName}\nkey-1\nnever`, count }],
    }
    const body = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), ...ids])
    const manifest = signLine(said.key ?? key, {
      kind: 'snapshot',
      epoch,
      revision,
      chain,
      at,
      organization: randomUUID(),
      environments: [environment],
      counts: { revoked: count },
      bytes: body.length,
      sha256: createHash('sha256').update(body).digest('base64url'),
      ...said.manifest,
    })
    return gzipSync(Buffer.concat([Buffer.from(`${manifest}\n`), body]), { level: 1 })
  }
  const heartbeat = () =>
    signLine(key, {
      kind: 'heartbeat',
      epoch,
      revision: stub.revision,
      chain,
      at: Date.now(),
      environments: [environment],
      auditHead: '',
    })
  const server = createServer((request, response) => {
    request.resume()
    const [path = ''] = (request.url ?? '').split('?')
    stub.asked.push({ path, at: performance.now() })
    if (stub.answer?.(path, response)) return
    if (path === '/feed/keys') {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ first: key.jwk, announcements: [] }))
    } else if (path === '/feed/snapshot') {
      stub.gone = false
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(stub.snapshot)
    } else if (path === '/feed' && stub.gone) {
      response.writeHead(410).end()
    } else if (path === '/feed') {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      response.write(`${heartbeat()}\n`)
      feeds.add(response)
      response.on('close', () => feeds.delete(response))
    } else response.writeHead(204).end()
  })
  const timer = setInterval(() => feeds.forEach((feed) => feed.write(`${heartbeat()}\n`)), 1000)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const secret = randomBytes(32).toString('base64url')
  const enrolment = { authority: url, id: randomUUID(), secret, feedKey: key.kid }
  const stub: StubAuthority = {
    url,
    key,
    enrolment: `wv1.${Buffer.from(JSON.stringify(enrolment)).toString('base64url')}`,
    revision: 1,
    snapshot: Buffer.alloc(0),
    gone: false,
    answer: undefined,
    asked: [],
    encode: encodeSnapshot,
    offer(snapshot, revision) {
      Object.assign(stub, { snapshot, revision })
      stub.gone = true
      feeds.forEach((feed) => feed.destroy())
    },
    issue() {
      const [id, gateway] = [randomUUID(), randomUUID()]
      const claims = {
        jti: id,
        gatewayId: gateway,
        gatewayName: 'Edge',
        gatewayType: 'API_GATEWAY_INTEGRATION',
        environmentId: environment,
        organizationId: randomUUID(),
        ...otherClaims,
      }
      const token = signToken(issuer, gatewayClaims(claims), { typ: 'gateway-credential+jwt' })
      return { id, token, gateway }
    },
    close() {
      clearInterval(timer)
      server.close()
      server.closeAllConnections()
    },
  }
  stub.snapshot = encodeSnapshot({ revision: 1 })
  return stub
}

const otherClaims = {
  authUrl: 'http://a.test',
  consoleUrl: 'http://a.test',
  apiUrl: 'http://a.test',
  httpAccessApiUrl: 'http://a.test',
  environmentName: 'environment',
  organizationName: 'organization',
  region: 'local',
  targetClusterEnvironment: 'default',
  targetGeography: 'NA',
}

function idOf(issuer: string, jti: string): Buffer {
  return createHash('sha256').update(`${issuer}\n${jti}`).digest().subarray(0, 16)
}
