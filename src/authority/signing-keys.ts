// The keys that sign credentials and administrators' tokens:
//
//   next ── every verifier has it ──▶ active ── retired by hand ──▶ retired
//
// Verifiers trust next and active keys. Of the active ones the one that was activated last signs. The private half of
// a retired key is erased.

import { createKeyRing, createProfile, type KeyRing } from '../credential/key-ring.ts'
import { importKeySet } from '../credential/key-set.ts'
import { algorithms } from '../credential/algorithm.ts'
import { ownTypes } from '../credential/claims.ts'
import type { SigningKey } from '../credential/mint.ts'
import { parseJsonObject, type JsonObject } from '../credential/strict-json.ts'
import type { Store } from '../store/store.ts'
import { openKeyRow, type KeyRow } from './key-pair.ts'
import type { Roots } from './roots.ts'
import { AuthorityRefused, managementAudience, type AuthoritySettings } from './settings.ts'

/** The keys as they are now. */
export interface SigningKeys {
  /** Signs what is issued now. */
  readonly signer: () => SigningKey
  /** Verifies administrators' tokens, and nothing else. */
  readonly ring: () => KeyRing
  /** The public halves of all keys that are trusted. */
  readonly jwks: () => JsonObject
  /** Reads the keys again; whoever asks while they are being read waits for a reading that begins after. */
  readonly reload: () => Promise<void>
}

interface Loaded {
  readonly signer: SigningKey
  readonly ring: KeyRing
  readonly jwks: JsonObject
}

export interface SigningKeysParts {
  readonly store: Store
  readonly roots: Roots
  readonly settings: AuthoritySettings
}

/** Reads the keys from the database. */
export async function openSigningKeys(parts: SigningKeysParts): Promise<SigningKeys> {
  let generation = 0
  let loaded = await load(parts, generation)
  let reading: Promise<void> = Promise.resolve()
  const readAgain = async () => {
    generation += 1
    loaded = await load(parts, generation)
  }
  return {
    signer: () => loaded.signer,
    ring: () => loaded.ring,
    jwks: () => loaded.jwks,
    async reload() {
      reading = reading.then(readAgain, readAgain)
      await reading
    },
  }
}

async function load(parts: SigningKeysParts, generation: number): Promise<Loaded> {
  const { store, roots, settings } = parts
  const rows = await store.read((db) =>
    db
      .selectFrom('signingKeys')
      .selectAll()
      .where('state', '!=', 'retired')
      .orderBy('createdAt')
      .orderBy('kid')
      .execute(),
  )
  const jwks = { keys: rows.map(({ publicJwk }) => readJwk(publicJwk)) }
  const { keys = [] } = (await importKeySet(jwks, algorithms)) ?? {}
  const audiences = new Set([managementAudience(settings)])
  const profile = createProfile({
    kind: 'administrator',
    typ: ownTypes.administrator,
    audiences,
    gatewayClaim: undefined,
    own: true,
  })
  const ring = createKeyRing(generation, [
    { name: settings.credentials.issuer, profiles: [profile], keys },
  ])
  return { signer: signerOf(rows, roots), ring, jwks }
}

function signerOf(rows: readonly KeyRow[], roots: Roots): SigningKey {
  const active = rows.filter(({ state }) => state === 'active')
  const [newest] = active.toSorted((a, b) => (b.activatedAt ?? 0) - (a.activatedAt ?? 0))
  const signer = newest && openKeyRow('signingKeys', newest, roots)
  if (!signer) throw new AuthorityRefused('no signing key can be decrypted')
  return signer
}

/** Reads a public key as it is kept. */
export function readJwk(text: string): JsonObject {
  const jwk = parseJsonObject(Buffer.from(text))
  if (!jwk) throw new TypeError('a public key is not kept as JSON')
  return jwk
}
