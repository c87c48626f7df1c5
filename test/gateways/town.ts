import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { TestContext } from 'node:test'
import { freePorts, repository, startProgram, type Gateway, type Program } from './gateway.ts'

// A verifier as a process of its own, an application that shows what it was sent, and a gateway between it and clients.

const issuer = 'https://issuer.test'
const audience = 'https://warder.test'

export interface Town {
  readonly token: (claims?: Readonly<Record<string, unknown>>) => string
  /** Revokes ids, in addition to what was revoked before. */
  readonly revoke: (jti: string) => void
  /** Starts a gateway that presents a credential. */
  readonly gateway: (credential: string) => Promise<number>
  readonly stopVerifier: (signal: NodeJS.Signals) => Promise<void>
  readonly startVerifier: () => Promise<void>
}

/** Builds it all around one gateway; everything ends with the test. */
export async function build(t: TestContext, gateway: Gateway): Promise<Town> {
  const folder = mkdtempSync(join(tmpdir(), 'warder-gateway-'))
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const put = (name: string, content: string) => {
    writeFileSync(join(folder, `${name}.new`), content)
    renameSync(join(folder, `${name}.new`), join(folder, name))
  }
  put('keys.json', JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k' }] }))
  put('revoked.txt', '')
  const trust = { issuer, audience, jwks: join(folder, 'keys.json') }
  put(
    'warder.yaml',
    JSON.stringify({ trust: [{ ...trust, revoked: join(folder, 'revoked.txt') }] }),
  )
  const [httpPort = 0, spoePort = 0, opsPort = 0] = await freePorts(3)
  const applicationPort = await startApplication(t)
  const programs: Program[] = []
  let verifier: Program | undefined
  let revoked = ''

  const startVerifier = async () => {
    const file = join(folder, 'warder.yaml')
    const command = [
      process.execPath,
      join(repository, 'src/start.js'),
      'verifier',
      '--config',
      file,
    ]
    const env = {
      WARDER_LISTEN_HTTP: `127.0.0.1:${httpPort}`,
      WARDER_LISTEN_SPOE: `127.0.0.1:${spoePort}`,
      WARDER_LISTEN_OPS: `127.0.0.1:${opsPort}`,
      WARDER_LISTEN_GRPC: 'off',
      WARDER_WORKERS: '2',
    }
    verifier = await startProgram(command, env, spoePort)
  }
  await startVerifier()
  t.after(async () => {
    await Promise.all(programs.map((program) => program.stop()))
    await verifier?.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    token(claims = {}) {
      const iat = Math.floor(Date.now() / 1000) - 60
      const usual = { iss: issuer, aud: audience, sub: 'gw-1', jti: randomUUID(), iat }
      const text = `${part({ alg: 'EdDSA', kid: 'k' })}.${part({ ...usual, ...claims })}`
      return `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`
    },
    revoke(jti) {
      revoked += `${jti}\n`
      put('revoked.txt', revoked)
    },
    async gateway(credential) {
      const [gatewayPort = 0] = await freePorts(1)
      const site = { gatewayPort, applicationPort, httpPort, spoePort, credential, folder }
      const { arguments: args, env } = gateway.start(site)
      programs.push(await startProgram([gateway.program, ...args], env, gatewayPort))
      return gatewayPort
    },
    async stopVerifier(signal) {
      await verifier?.stop(signal)
      verifier = undefined
    },
    startVerifier,
  }
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** An application that answers with the head that it was sent. */
async function startApplication(t: TestContext): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let received = ''
    socket.setEncoding('latin1').on('error', () => socket.destroy())
    socket.on('data', (text: string) => {
      received += text
      const end = received.indexOf('\r\n\r\n')
      if (end === -1) return
      const head = received.slice(0, end)
      received = ''
      socket.end(
        `HTTP/1.1 200 OK\r\nContent-Length: ${head.length}\r\nConnection: close\r\n\r\n${head}`,
      )
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** What a client got: the status, and the head as the application saw it. */
export interface Seen {
  readonly status: number
  readonly headers: string
  readonly body: string
}

/** Says some bytes to a gateway, and more a while later, and reads the answer. */
export async function say(port: number, text: string, later = ''): Promise<Seen> {
  const socket = connect(port, '127.0.0.1')
  socket.setEncoding('latin1').setTimeout(10_000, () => socket.destroy())
  let received = ''
  socket.on('data', (more: string) => {
    received += more
    if (isWhole(received)) socket.destroy()
  })
  socket.on('error', () => socket.destroy())
  socket.write(text, 'latin1')
  const late = setTimeout(() => later !== '' && socket.write(later), 100)
  await once(socket, 'close')
  clearTimeout(late)
  const end = received.indexOf('\r\n\r\n')
  const headers = received.slice(0, end)
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(received)?.[1] ?? 0),
    headers,
    body: received.slice(end + 4),
  }
}

/** Whether an answer that says how long it is has come to its end. */
function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  const length = /^content-length: (\d+)\r$/im.exec(text.slice(0, end + 1))?.[1]
  return length !== undefined && text.length >= end + 4 + Number(length)
}

/** A request of a client, with further header lines. */
export function client(line: string, ...headers: readonly string[]): string {
  return [line, 'Host: app.example.test', ...headers, 'Connection: close', '', ''].join('\r\n')
}
