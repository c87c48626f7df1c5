import type { Algorithm } from './algorithm.ts'
import { canonicalType, type TokenKind } from './claims.ts'
import type { KeyObject } from 'node:crypto'
import type { EpochSeconds } from './time.ts'

/** A public key that may sign for one issuer, with its one algorithm. */
export interface TrustedKey {
  readonly kid: string | undefined
  readonly algorithm: Algorithm
  readonly publicKey: KeyObject
  /** RFC 7638: the same key has the same thumbprint wherever it was read. */
  readonly thumbprint: string
  /** What it has signed later than this does not count; `undefined` where there is no such end. */
  readonly issuedUntil?: EpochSeconds
}

/** What an issuer's tokens of one kind must look like. */
export interface Profile extends ProfileFacts {
  /** Two profiles that accept the same claims have the same, wherever they were made and whichever keys sign. */
  readonly fingerprint: string
}

export interface ProfileFacts {
  readonly kind: TokenKind
  /** The `typ` that the token must have; `undefined` takes any that is not a kind of Warder's own. */
  readonly typ: string | undefined
  /** The token's `aud` must contain one of these. */
  readonly audiences: ReadonlySet<string>
  /** Which claim names the gateway, where `kind` is `gateway` and the issuer is an outside one. */
  readonly gatewayClaim: string | undefined
  /** Whether the issuer is this installation, whose tokens carry every documented claim. */
  readonly own: boolean
  /** The thumbprints of the keys that may sign such tokens; `undefined` for every key of the issuer. */
  readonly signers?: ReadonlySet<string>
  /** Whether the keys were confirmed too long ago to judge by. */
  readonly isOutdated?: boolean
}

/** Makes a profile of what it accepts. */
export function createProfile(facts: ProfileFacts): Profile {
  const { kind, audiences, gatewayClaim, own } = facts
  const typ = canonicalType(facts.typ)
  const parts = [kind, typ, [...audiences].toSorted(), gatewayClaim, own]
  return Object.freeze({ ...facts, typ, fingerprint: JSON.stringify(parts) })
}

/** One issuer: what it may say, and the keys that it says it with. */
export interface Issuer {
  readonly name: string
  readonly profiles: readonly Profile[]
  readonly keys: readonly TrustedKey[]
  /** Whether its keys, or who it has revoked, were never read: nothing can be said of its tokens. */
  readonly isUnread?: boolean
}

/** Every key that is trusted, by issuer and `kid`. A ring never changes: another one takes its place. */
export interface KeyRing {
  readonly generation: number
  readonly issuer: (name: string) => Trust | undefined
}

/** What a ring knows of one issuer. */
export interface Trust {
  readonly name: string
  readonly profiles: readonly Profile[]
  readonly isUnread: boolean
  readonly key: (kid: string | undefined) => TrustedKey | undefined
}

/** Makes a ring; an issuer that is named twice, or a `kid` that is twice an issuer's, is a mistake of the caller. */
export function createKeyRing(generation: number, issuers: readonly Issuer[]): KeyRing {
  const trusted = new Map<string, Trust>()
  for (const issuer of issuers) {
    if (trusted.has(issuer.name)) throw new TypeError('an issuer stands twice in a key ring')
    trusted.set(issuer.name, createTrust(issuer))
  }
  return Object.freeze({ generation, issuer: (name: string) => trusted.get(name) })
}

function createTrust({ name, profiles, keys, isUnread = false }: Issuer): Trust {
  const byKid = new Map<string | undefined, TrustedKey>()
  for (const key of isUnread ? [] : keys) {
    if (byKid.has(key.kid)) throw new TypeError('a kid stands twice in a key ring')
    byKid.set(key.kid, key)
  }
  // Only a token without `kid` asks for a key without one, and only where there is no other to choose from.
  if (byKid.size > 1) byKid.delete(undefined)
  return Object.freeze({
    name,
    profiles,
    isUnread,
    key: (kid: string | undefined) => byKid.get(kid),
  })
}

/** Whether a key may sign tokens of a profile. */
export function signsFor({ thumbprint }: TrustedKey, { signers }: Profile): boolean {
  return signers === undefined || signers.has(thumbprint)
}

interface Proved {
  readonly issuer: string
  readonly key: TrustedKey
  readonly profile: Profile
}

/** Whether the ring still trusts a key, and still takes tokens of the profile, that a proof was made with. */
export function stillTrusts(ring: KeyRing, proof: Proved): boolean {
  return profileOfNow(ring, proof) !== undefined
}

/** Whether what the ring knows of the keys of a proof is too old to judge by. */
export function isOutdated(ring: KeyRing, proof: Proved): boolean {
  return profileOfNow(ring, proof)?.isOutdated === true
}

function profileOfNow(ring: KeyRing, proof: Proved): Profile | undefined {
  const trust = ring.issuer(proof.issuer)
  const key = trust?.key(proof.key.kid)
  if (
    key?.thumbprint !== proof.key.thumbprint ||
    key.algorithm !== proof.key.algorithm ||
    key.issuedUntil !== proof.key.issuedUntil
  ) {
    return undefined
  }
  const { fingerprint } = proof.profile
  return trust?.profiles.find(
    (profile) => profile.fingerprint === fingerprint && signsFor(key, profile),
  )
}
