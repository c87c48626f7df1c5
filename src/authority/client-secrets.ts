import { createHmac, randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto'
import type { Roots } from './roots.ts'
import { AuthorityRefused } from './settings.ts'

/** A secret as it is kept. */
interface SecretHash {
  readonly secretHash: string
  /** The root that it was hashed with. */
  readonly pepper: string
}

/** Makes and compares the secrets of clients. */
export interface ClientSecrets {
  readonly create: () => SecretHash & { readonly secret: string }
  readonly hash: (secret: string) => SecretHash
  /** Whether this is the secret; who is not there is compared with all the same. */
  readonly matches: (kept: SecretHash | undefined, secret: string) => boolean
}

const secretBytes = 32

/** Hashes with what is derived from the roots. */
export function createClientSecrets(roots: Roots): ClientSecrets {
  const pepperOf = (name: string) => roots.derive(name, 'hash client secrets')
  const current = pepperOf(roots.current)
  if (!current) throw new AuthorityRefused('there is no key to hash client secrets with')
  // Nothing has this hash: it stands in for clients that are not there.
  const nobody = {
    secretHash: digest(current, randomBytes(secretBytes).toString('hex')),
    pepper: roots.current,
  }
  const hash = (secret: string) => ({
    secretHash: digest(current, secret),
    pepper: roots.current,
  })
  return {
    create() {
      const secret = randomBytes(secretBytes).toString('base64url')
      return { secret, ...hash(secret) }
    },
    hash,
    matches(kept, secret) {
      const { secretHash, pepper } = kept ?? nobody
      const key = pepperOf(pepper)
      const presented = Buffer.from(digest(key ?? current, secret))
      const wanted = Buffer.from(secretHash)
      const same = presented.length === wanted.length && timingSafeEqual(presented, wanted)
      return same && kept !== undefined && key !== undefined
    },
  }
}

function digest(pepper: KeyObject, secret: string): string {
  return createHmac('sha256', pepper).update(secret).digest('base64url')
}
