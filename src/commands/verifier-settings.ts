import { randomBytes } from 'node:crypto'
import type { Config } from '../config/schema.ts'
import { socketsMax } from './open-sockets.ts'
import type { BoundFiles } from '../verifier/bound-credentials.ts'
import type { HealthSettings } from '../verifier/health.ts'
import type { DoorSettingsByName } from '../verifier/thread-setup.ts'
import type { TrustSettings } from '../verifier/trust-source.ts'
import type { ListenerSettings, ThreadListenerParts, VerifierParts } from '../verifier/verifier.ts'

/** What the configuration says to a verifier, in a process that has so many other listeners. */
export function verifierSettings(config: Config, others = 0): VerifierParts['settings'] {
  const { workers } = config
  const each = Object.values(threadListeners(config)).filter((one) => one !== undefined).length
  const sockets = socketsMax(config, { workers, each, others })
  return {
    doors: doorSettings(config),
    sideband: sidebandSettings(config),
    authzen: { identifier: config.authzen.identifier, batch: config.limits.batch },
    limits: { ...config.limits, sockets },
    leeway: { exp: config.leeway.exp / 1000, nbf: config.leeway.nbf / 1000 },
    outage: config.outage,
    proofCacheMax: config.proofCache.max,
  }
}

/** What a verifier says of itself. */
export function healthSettings(config: Config, version: string): HealthSettings {
  return {
    version,
    workers: config.workers,
    proofCacheMax: config.proofCache.max,
    staleAfterMs: config.freshness.staleAfter,
    expireAfterMs: config.freshness.expireAfter,
  }
}

/** The outside issuers. */
export function trustSettings({ trust }: Config): readonly TrustSettings[] {
  return trust.map((entry) => ({
    ...entry,
    algorithms: entry.algorithms.map((name) => (name === 'Ed25519' ? 'EdDSA' : name)),
  }))
}

/** Where threads listen: for all doors, for those with a protocol of their own, and for doors that have it alone. */
export function threadListeners({ listen, doors }: Config): ThreadListenerParts {
  const own = Object.entries(doors).map(
    ([
      name,
      {
        enabled,
        listen: { address, tls },
      },
    ]) => [
      `doors.${name}`,
      enabled && address !== undefined ? listenerSettings({ address, tls }) : undefined,
    ],
  )
  return {
    ...Object.fromEntries(own),
    http: listenerSettings(listen.http),
    grpc: doors.grpc.enabled ? listenerSettings(listen.grpc) : undefined,
    spoe: doors.spoe.enabled ? listenerSettings(listen.spoe) : undefined,
  }
}

/** The files with the credentials of doors that stand for one gateway. */
export function boundFiles({ doors }: Config): BoundFiles {
  const files = Object.entries(doors).flatMap(([name, { enabled, boundCredential: file }]) =>
    enabled && file !== undefined ? [[name, file] as const] : [],
  )
  return Object.fromEntries(files)
}

function sidebandSettings({ doors }: Config): VerifierParts['settings']['sideband'] {
  const { gatewayTypes, requestsPerSecond, stateKey: shared } = doors.sideband
  const stateKey = shared ? Buffer.from(shared.reveal(), 'base64url') : randomBytes(32)
  return { gatewayTypes, perSecond: requestsPerSecond, stateKey }
}

/** Where to listen and with which certificate, if at all. */
export function listenerSettings({
  address,
  tls: { cert, key, clientCa },
}: Config['listen']['http']): ListenerSettings | undefined {
  if (address.kind === 'off') return undefined
  const tls = cert === undefined || key === undefined ? undefined : { cert, key, clientCa }
  return { at: address, tls }
}

function doorSettings({ doors }: Config): DoorSettingsByName {
  const entries = Object.entries(doors)
    .filter(([, { enabled }]) => enabled)
    .map(([name, { carrier, headers, require, environment }]) => [
      name,
      { carrier: { kind: carrier, headers }, require, environment },
    ])
  return Object.fromEntries(entries)
}
