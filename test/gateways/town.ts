import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { startApplication, type Application } from './application.ts'
import { openAuthority, type RunningAuthority } from './authority.ts'
import { client, say } from './client.ts'
import type { DoorPorts, Gateway } from './gateway.ts'
import { freePorts } from '../free-ports.ts'
import { repository, startProgram, until, type Program } from './program.ts'
import { relayTo, type Relay } from './relay.ts'

// A verifier as a process of its own, an authority with one of its own, an application that shows what it was sent, and
// gateways between them and clients.

const issuer = 'https://issuer.test'
const audience = 'https://warder.test'

export interface Town {
  readonly application: Application
  readonly authority: RunningAuthority
  readonly token: (claims?: Readonly<Record<string, unknown>>) => string
  /** Revokes ids, in addition to what was revoked before. */
  readonly revoke: (jti: string) => void
  /** Starts a gateway that presents a credential; gives the port where it listens. */
  readonly start: (gateway: Gateway, credential: string, doors?: DoorPorts) => Promise<number>
  /** A relay before the door that a gateway asks, and the doors with it in its place. */
  readonly relay: (gateway: Gateway) => Promise<{ relay: Relay; doors: DoorPorts }>
  /** Ends all gateways that were started. */
  readonly clear: () => Promise<void>
  readonly stopVerifier: (signal: NodeJS.Signals) => Promise<void>
  readonly startVerifier: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Builds it all. */
export async function openTown(): Promise<Town> {
  const folder = mkdtempSync(join(tmpdir(), 'warder-gateways-'))
  // Some gateways give up root before they read.
  chmodSync(folder, 0o755)
  const issued = outsideIssuer(folder)
  const [application, authority] = await Promise.all([
    startApplication(),
    openAuthority(join(folder, 'authority')),
  ])
  const verifier = await openVerifier(folder)
  const open: { gateways: Promise<Program>[]; relays: Relay[] } = { gateways: [], relays: [] }

  const clear = async () => {
    for (const relay of open.relays.splice(0)) relay.close()
    const started = await Promise.allSettled(open.gateways.splice(0))
    await Promise.all(
      started.map(async (each) => (each.status === 'fulfilled' ? each.value.stop() : undefined)),
    )
  }
  return {
    application,
    authority,
    ...issued,
    async start(gateway, credential, doors = verifier.doors) {
      const [port = 0] = await freePorts(1)
      const own = { gateway: port, application: application.port, credential }
      const site = { ...doors, ...own, folder: join(folder, `${gateway.program}-${port}`) }
      const { arguments: args, env = {} } = gateway.start(site)
      const program = startProgram([gateway.program, ...args], env, port)
      open.gateways.push(program)
      await program
      const { unsettled } = gateway
      if (unsettled !== undefined) {
        const settled = async () => (await say(port, client('GET / HTTP/1.1'))).status !== unsettled
        await until(settled, `${gateway.name} has read its configuration`)
      }
      return port
    },
    async relay({ door }) {
      const relay = await relayTo(verifier.doors[door])
      open.relays.push(relay)
      return { relay, doors: { ...verifier.doors, [door]: relay.port } }
    },
    clear,
    stopVerifier: verifier.stop,
    startVerifier: verifier.start,
    async close() {
      await clear()
      await Promise.all([verifier.stop('SIGKILL'), authority.close()])
      application.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** An issuer whose keys and revocations are files. */
function outsideIssuer(folder: string): Pick<Town, 'token' | 'revoke'> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const put = (name: string, content: string) => {
    writeFileSync(join(folder, `${name}.new`), content)
    renameSync(join(folder, `${name}.new`), join(folder, name))
  }
  put('keys.json', JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k' }] }))
  put('revoked.txt', '# none\n')
  const trust = { issuer, audience, jwks: join(folder, 'keys.json') }
  const revokedFile = join(folder, 'revoked.txt')
  put('warder.yaml', JSON.stringify({ trust: [{ ...trust, revoked: revokedFile }] }))
  let revoked = ''
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
  }
}

interface RunningVerifier {
  readonly doors: DoorPorts
  readonly start: () => Promise<void>
  readonly stop: (signal: NodeJS.Signals) => Promise<void>
}

async function openVerifier(folder: string): Promise<RunningVerifier> {
  const [http = 0, grpc = 0, spoe = 0, ops = 0] = await freePorts(4)
  const file = join(folder, 'warder.yaml')
  const command = [process.execPath, join(repository, 'src/start.js'), 'verifier', '--config', file]
  const env = {
    WARDER_LISTEN_HTTP: `127.0.0.1:${http}`,
    WARDER_LISTEN_GRPC: `127.0.0.1:${grpc}`,
    WARDER_LISTEN_SPOE: `127.0.0.1:${spoe}`,
    WARDER_LISTEN_OPS: `127.0.0.1:${ops}`,
    WARDER_WORKERS: '2',
  }
  let program: Program | undefined
  const start = async () => {
    program = await startProgram(command, env, ops)
    const ready = async () => (await fetch(`http://127.0.0.1:${ops}/readyz`)).status === 200
    await until(ready, 'the verifier is ready')
  }
  await start()
  return {
    doors: { http, grpc, spoe },
    start,
    async stop(signal) {
      await program?.stop(signal)
      program = undefined
    },
  }
}
