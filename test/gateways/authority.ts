import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { ask, buyToken } from '../authority/house.ts'
import type { DoorPorts } from './gateway.ts'
import { freePorts } from '../free-ports.ts'
import { repository, startProgram, until } from './program.ts'

/** A credential that the authority has issued. */
interface Issued {
  readonly token: string
  /** Resolves when the revocation has been answered with 204. */
  readonly revoke: () => Promise<void>
}

/** Warder as `serve` runs it: an authority with a verifier of its own. */
export interface RunningAuthority {
  readonly doors: DoorPorts
  readonly issue: () => Promise<Issued>
  readonly close: () => Promise<void>
}

/** Starts it in a folder. */
export async function openAuthority(folder: string): Promise<RunningAuthority> {
  mkdirSync(folder)
  const [http = 0, grpc = 0, spoe = 0, port = 0, ops = 0] = await freePorts(5)
  const env = {
    WARDER_DATA: join(folder, 'data'),
    WARDER_LISTEN_HTTP: `127.0.0.1:${http}`,
    WARDER_LISTEN_GRPC: `127.0.0.1:${grpc}`,
    WARDER_LISTEN_SPOE: `127.0.0.1:${spoe}`,
    WARDER_LISTEN_AUTHORITY: `127.0.0.1:${port}`,
    WARDER_LISTEN_OPS: `127.0.0.1:${ops}`,
    WARDER_CREDENTIALS_ALGORITHM: 'ES256',
    WARDER_WORKERS: '2',
  }
  const command = [process.execPath, join(repository, 'src/start.js'), 'serve']
  const program = await startProgram(command, env, port)
  const ready = async () => {
    const answer = await fetch(`http://127.0.0.1:${ops}/readyz`).catch(() => undefined)
    return answer?.status === 200
  }
  await until(ready, 'what serves is ready')
  const base = `http://127.0.0.1:${port}`
  const admin = readAdmin(join(folder, 'data/admin.json'))
  const token = await buyToken(base, admin)
  const manage = async (method: string, path: string, body?: unknown) =>
    ask(base, method, path, { token, body })
  return {
    doors: { http, grpc, spoe },
    async issue() {
      const gateways = `/v1/environments/${admin.environmentId}/gateways`
      const wanted = { name: `gateway ${performance.now()}`, type: 'API_GATEWAY_INTEGRATION' }
      const gateway = await manage('POST', gateways, { ...wanted, createCredential: false })
      assert.equal(gateway.status, 201, gateway.text)
      const credentials = `${gateways}/${gateway.body['id']}/credentials`
      const made = await manage('POST', credentials)
      assert.equal(made.status, 201)
      return {
        token: String(made.body['credential']),
        async revoke() {
          const { status } = await manage('DELETE', `${credentials}/${made.body['id']}`)
          assert.equal(status, 204)
        },
      }
    },
    close: () => program.stop('SIGKILL'),
  }
}

interface Admin {
  readonly environmentId: string
  readonly clientId: string
  readonly clientSecret: string
}

function readAdmin(file: string): Admin {
  const admin: Admin = JSON.parse(readFileSync(file, 'utf8'))
  return admin
}
