import { algorithms } from '../credential/algorithm.ts'
import { createKeyRing, type KeyRing } from '../credential/key-ring.ts'
import { importKeySet } from '../credential/key-set.ts'
import { profilesOf, type SnapshotIssuer } from '../standing/snapshot-issuer.ts'

/** Makes the keys and profiles that verifiers know of what was read of them. */
export type ImportRing = (issuers: readonly SnapshotIssuer[]) => Promise<KeyRing>

/**
 * Creates what imports keys, and keeps the ring for as long as the same is read: to import a key costs more than to check
 * a signature with it. What is read tells, and no count of this process: another one may have rotated or retired.
 */
export function createRingImport(): ImportRing {
  let kept: { readonly text: string; readonly ring: KeyRing } | undefined
  return async (issuers) => {
    const text = JSON.stringify(issuers)
    if (kept?.text === text) return kept.ring
    const ring = await importRing(issuers)
    kept = { text, ring }
    return ring
  }
}

const importRing: ImportRing = async (issuers) => {
  const all = await Promise.all(
    issuers.map(async (issuer) => {
      const { keys = [] } = (await importKeySet(issuer.jwks, algorithms)) ?? {}
      return { name: issuer.name, profiles: profilesOf(issuer), keys }
    }),
  )
  return createKeyRing(0, all)
}
