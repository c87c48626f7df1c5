import { readFile } from 'node:fs/promises'
import type { Address } from '../config/address.ts'
import type { Config } from '../config/schema.ts'
import type { HealthSettings } from '../verifier/health.ts'
import type {
  DoorSettingsByName,
  ListenAt,
  TlsMaterial,
  VerifierSettings,
} from '../verifier/thread-setup.ts'
import type { TrustSettings } from '../verifier/trust-source.ts'

/** What the configuration says to the verifier. */
export async function verifierSettings(config: Config): Promise<VerifierSettings> {
  const { http } = config.listen
  const at = listenAt(http.address)
  return {
    http: at && { at, tls: await readTls(http.tls) },
    doors: doorSettings(config),
    limits: { headerBytes: config.limits.headerBytes, sockets: config.limits.sockets },
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

/** Where to listen, if at all. */
export function listenAt(address: Address): ListenAt | undefined {
  return address.kind === 'off' ? undefined : address
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

async function readTls(tls: Config['listen']['http']['tls']): Promise<TlsMaterial | undefined> {
  const { cert, key, clientCa } = tls
  if (cert === undefined || key === undefined) return undefined
  return {
    cert: await readFile(cert),
    key: await readFile(key),
    clientCa: clientCa === undefined ? undefined : await readFile(clientCa),
  }
}
