import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort, launchServer } from '../launch.ts'
import type { Running } from '../target.ts'

export interface BenchVerifier {
  readonly port: number
  readonly pid: number
  readonly status: () => Promise<VerifierStatus>
  readonly close: () => Promise<void>
}

interface VerifierStatus {
  readonly revision?: number
  readonly revoked: { readonly entries: number; readonly bytes: number }
  readonly feed: { readonly connected: boolean }
}

const startFile = join(import.meta.dirname, '../../src/start.js')
const patienceMs = 30_000

/** Starts a real verifier with one thread and waits until it follows. */
export async function startBenchVerifier(
  folder: string,
  enrolment: string,
): Promise<BenchVerifier> {
  const { ops, ...launched } = await launchBenchVerifier(folder, enrolment)
  const status = () => readStatus(ops)
  await untilConnected(status, launched)
  return { port: launched.port, pid: launched.pid, status, close: launched.close }
}

/** Starts a real verifier with one thread and waits until it listens. */
export async function launchBenchVerifier(
  folder: string,
  enrolment: string,
): Promise<Running & { readonly ops: number }> {
  mkdirSync(folder, { recursive: true })
  const [port, ops] = [await freePort(), await freePort()]
  const launched = await launchServer([process.execPath, startFile, 'verifier'], port, {
    cwd: folder,
    env: {
      WARDER_ENROLMENT: enrolment,
      WARDER_STATE_FILE: join(folder, 'state'),
      WARDER_LISTEN_HTTP: `127.0.0.1:${port}`,
      WARDER_LISTEN_OPS: `127.0.0.1:${ops}`,
      WARDER_LISTEN_GRPC: 'off',
      WARDER_LISTEN_SPOE: 'off',
      WARDER_WORKERS: '1',
    },
  })
  if (launched.kind !== 'running') throw new Error(launched.reason)
  return { ...launched, ops }
}

async function readStatus(ops: number): Promise<VerifierStatus> {
  const answer = await fetch(`http://127.0.0.1:${ops}/status`)
  return (await answer.json()) as VerifierStatus
}

async function untilConnected(
  status: () => Promise<VerifierStatus>,
  { close }: Running,
): Promise<void> {
  const end = Date.now() + patienceMs
  // Its pages may come a moment after its doors.
  const follows = async () => (await status().catch(() => undefined))?.feed.connected === true
  while (!(await follows())) {
    if (Date.now() > end) {
      await close()
      throw new Error('a verifier does not follow')
    }
    await delay(50)
  }
}
