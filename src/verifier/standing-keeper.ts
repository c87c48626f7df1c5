// What an authority says is in force, kept by the verifier's main thread: snapshots and changes in, standings for the
// threads out. Changes that come together become one standing; it is in force when `apply` resolves.

import type { Issuer } from '../credential/key-ring.ts'
import { revocationId } from '../credential/revocation-id.ts'
import type { Step } from '../standing/change.ts'
import { advance, type KnownStanding } from '../standing/known-standing.ts'
import { createRevokedSet, type RevokedSet } from '../standing/revoked-set.ts'
import { importIssuers } from '../standing/snapshot-issuer.ts'
import { PackedIds } from '../standing/packed-ids.ts'
import { packSegments, unpackSegments, type LoadableStanding } from '../standing/snapshot-body.ts'
import type { Revision, StandingFacts } from '../standing/standing.ts'
import { isOfKey, isOver, segmentOf } from '../standing/revoked-segments.ts'

export interface StandingKeeperParts {
  /** Puts facts in force; resolves when every thread judges by them. */
  readonly publish: (facts: StandingFacts) => Promise<void>
  /** Whether nothing may be in force before it is released. */
  readonly held: boolean
  /** This machine's own time, in milliseconds since 1970. */
  readonly wall: () => number
}

export interface StandingKeeper {
  readonly revision: Revision | undefined
  readonly revoked: () => { readonly entries: number; readonly bytes: number }
  /** Lets what is known be in force, from now on. */
  readonly release: () => Promise<void>
  /**
   * Puts a whole standing in force in the place of what was known. The revoked ids of another epoch are kept: that
   * they are revoked was true, and the new epoch may not know.
   */
  readonly load: (standing: LoadableStanding) => Promise<void>
  /** Who was revoked in former epochs, to be kept. */
  readonly former: () => Buffer
  /** Takes what was kept of former epochs; false when it cannot be read. */
  readonly remember: (former: Buffer) => Promise<boolean>
  /** Puts steps in force that follow one another and what is known. */
  readonly apply: (steps: readonly Step[]) => Promise<void>
}

/** Makes a keeper that knows nothing yet. */
export function createStandingKeeper(parts: StandingKeeperParts): StandingKeeper {
  const { publish, held, wall } = parts
  let revoked = createRevokedSet()
  const former = createRevokedSet()
  let known: KnownStanding | undefined
  let issuers: readonly Issuer[] = []
  let accepted: ReadonlySet<string> | undefined
  let isHeld = held

  const inForce = async () => {
    if (!known || isHeld) return
    const { revision, gateways, environments, clients, marks } = known
    const revokedTables = [...revoked.tables, ...former.tables]
    const facts = { revision, issuers, revokedTables, accepted }
    await publish({ ...facts, gateways, environments, clients, marks })
  }

  return {
    get revision() {
      return known?.revision
    },
    revoked: () => ({
      entries: revoked.entries + former.entries,
      bytes: revoked.bytes + former.bytes,
    }),
    async release() {
      // Each heartbeat says so; what is in force already need not be published again.
      if (!isHeld) return
      isHeld = false
      await inForce()
    },
    async load({ known: next, segments, accepted: environments }) {
      issuers = await importIssuers(next.issuers.values())
      accepted = environments
      if (known && known.epoch !== next.epoch) addAll(former, revoked)
      // The threads go on judging by the tables of before until the new standing is whole.
      revoked = createRevokedSet()
      for (const { name, ids, count } of segments) revoked.replace(name, ids, count)
      known = next
      await inForce()
    },
    former: () => packRevoked(former),
    async remember(bytes) {
      const segments = unpackSegments(bytes)
      for (const { name, ids } of segments ?? []) for (const id of ids) former.add(id, name)
      await inForce()
      return segments !== undefined
    },
    async apply(steps) {
      if (!known) throw new TypeError('a step came before any standing')
      let next = known
      for (const step of steps) {
        if (step.previous !== next.revision) throw new TypeError('a step is missing')
        next = advance(next, step)
      }
      if (next.issuers !== known.issuers) issuers = await importIssuers(next.issuers.values())
      for (const step of steps) takeRevoked(revoked, former, step, wall())
      known = next
      await inForce()
    },
  }
}

function takeRevoked(revoked: RevokedSet, former: RevokedSet, step: Step, now: number): void {
  if (step.kind === 'credential-revoked' || step.kind === 'token-revoked') {
    revoked.add(revocationId(step.issuer, step.jti), segmentOf(step))
  }
  dropGone(revoked, step, now)
  dropGone(former, step, now)
}

function addAll(into: RevokedSet, revoked: RevokedSet): void {
  for (const name of revoked.segments()) {
    for (const id of revoked.ids(name)) into.add(id, name)
  }
}

function packRevoked(revoked: RevokedSet): Buffer {
  const packed = new PackedIds()
  for (const name of revoked.segments()) {
    for (const id of revoked.ids(name)) packed.add(name, id)
  }
  return packSegments(packed)
}

/** What is gone by only one of the two clocks is not gone: what is let go does not come back. */
function dropGone(revoked: RevokedSet, step: Step, now: number): void {
  for (const segment of revoked.segments()) {
    const keyIsGone = step.kind === 'key-retired' && isOfKey(segment, step.issuer, step.kid)
    if (keyIsGone || isOver(segment, Math.min(step.at, now))) revoked.drop(segment)
  }
}
