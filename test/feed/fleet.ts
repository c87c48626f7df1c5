import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/system/clock.ts'
import { readEnrolment } from '../../src/verifier/feed/enrolment.ts'
import { createFeedLink } from '../../src/verifier/feed/link.ts'
import type { TrustSettings } from '../../src/verifier/trust-source.ts'
import {
  startVerifier,
  type ThreadListenerParts,
  type Verifier,
} from '../../src/verifier/verifier.ts'
import type { House } from '../authority/house.ts'
import { anyPort, usualSettings } from '../verifier/running.ts'
import { ask, request, type Answer, type Place } from '../verifier/wire.ts'

// Verifiers that follow a real authority over real sockets.

export interface FeedVerifier {
  readonly verifier: Verifier
  /** Where it is asked over HTTP. */
  readonly place: Place
  /** Asks with a credential, as nginx would. */
  readonly ask: (credential: string) => Promise<Answer>
  readonly status: () => Promise<Record<string, unknown>>
  readonly page: (path: string) => Promise<Answer>
  readonly stop: () => Promise<void>
}

export interface FeedVerifierOptions {
  readonly stateFolder: string
  readonly enrolment: string
  readonly authority?: string
  readonly doors?: typeof usualSettings.doors
  /** Listeners besides those of HTTP and operations. */
  readonly listeners?: ThreadListenerParts
  readonly staleAfterMs?: number
  readonly expireAfterMs?: number
  readonly trust?: readonly TrustSettings[]
}

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => silent,
}

/** Enrols a verifier and gives what it needs to follow. */
export async function enrol(house: House, name: string): Promise<string> {
  const path = `/v1/organizations/${house.organizationId}/verifiers`
  const { status, body } = await house.ask('POST', path, { body: { name } })
  assert.equal(status, 201)
  return String(body['enrolment'])
}

/** A folder that is gone with the test file. */
export function stateFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'warder-state-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Starts a verifier that follows an authority, and waits until it knows what is in force. */
export async function startFeedVerifier(options: FeedVerifierOptions): Promise<FeedVerifier> {
  const read = readEnrolment(options.enrolment)
  assert.ok(read)
  const { staleAfterMs = 15_000, expireAfterMs = 3_600_000 } = options
  const verifier = await startVerifier({
    settings: { ...usualSettings, doors: options.doors ?? usualSettings.doors },
    http: { at: anyPort, tls: undefined },
    ...options.listeners,
    ops: { at: anyPort, tls: undefined },
    health: { version: '0.0.0', workers: 1, proofCacheMax: 1000, staleAfterMs, expireAfterMs },
    trust: options.trust ?? [],
    authority: createFeedLink({
      enrolment: { ...read, authority: options.authority ?? read.authority },
      ca: undefined,
      stateFile: join(options.stateFolder, 'state'),
      limits: { staleAfterMs, expireAfterMs, leewayMs: 60_000 },
      neverEnds: false,
      version: '0.0.0',
      clock: systemClock,
      random: () => 0.5,
      log: silent,
    }),
    clock: systemClock,
    random: () => 0.5,
    farewellMs: 10,
    log: silent,
  })
  const place = { port: verifier.ports.http ?? 0 }
  const ops = { port: verifier.ports.ops ?? 0 }
  const page = (path: string) => ask(ops, request(`GET ${path} HTTP/1.1`, 'Host: ops'))
  await until(async () => (await page('/readyz')).status === 200, 20_000)
  return {
    verifier,
    place,
    page,
    ask: (credential) =>
      ask(
        place,
        request(
          'GET /auth/nginx HTTP/1.1',
          'Host: warder',
          `CLIENT-TOKEN: ${credential}`,
          'X-Original-URI: /',
          'X-Original-Method: GET',
          'X-Original-Host: app',
          'X-Original-Scheme: http',
        ),
      ),
    status: async () => JSON.parse((await page('/status')).body) as Record<string, unknown>,
    stop: () => verifier.stop(),
  }
}

/** Looks until something is so, for a while at most. */
export async function until(holds: () => Promise<boolean>, withinMs = 5000): Promise<void> {
  const end = performance.now() + withinMs
  while (!(await holds())) {
    assert.ok(performance.now() < end, 'it did not come to be in time')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
