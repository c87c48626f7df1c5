// The verifiers that follow over the network, with the lease that each has: the time for which it may go on judging by
// what it knows, counted from the last moment at which it can have heard from us. Who is cut off counts until then.

import type { Clock } from '../../system/clock.ts'
import type { Store } from '../../store/store.ts'
import type { Applied, Fleet, FleetMember } from '../fleet.ts'

/** What a verifier says of itself. */
export interface Report {
  readonly revision: number
  readonly version: string
  readonly freshness: 'fresh' | 'stale' | 'expired'
  readonly leaseMs: number
}

/** An enrolled verifier. */
export interface FleetVerifier {
  readonly id: string
  readonly name: string
  readonly environmentIds: readonly string[]
}

interface Member extends FleetVerifier {
  revision: number | undefined
  version: string | undefined
  freshness: FleetMember['freshness']
  lastSeenAt: number | undefined
  leaseMs: number
  leaseEndsAt: number
  savedUntil: number
}

/** How far clocks may run apart within a lease. */
const driftMs = 5000
/** A lease is written down ahead, so that it need not be written with each heartbeat. */
const aheadMs = 60_000
const usualLeaseMs = 3_600_000

/** Opens the fleet with the leases that were written down before. */
export async function openFeedFleet(store: Store, clock: Clock): Promise<FeedFleet> {
  return new FeedFleet(store, clock, await readMembers(store))
}

/** The verifiers that follow over the network. */
export class FeedFleet implements Fleet {
  readonly #store: Store
  readonly #clock: Clock
  readonly #members: Map<string, Member>
  readonly #waiting = new Set<() => void>()
  readonly #changed = new Set<Member>()

  constructor(store: Store, clock: Clock, members: readonly Member[]) {
    this.#store = store
    this.#clock = clock
    this.#members = new Map(members.map((member) => [member.id, member]))
  }

  /** A verifier heard from us, or we from it: its lease runs anew from now on. */
  touch(verifier: FleetVerifier, leaseMs: number | undefined): void {
    const member = this.#memberOf(verifier)
    if (leaseMs !== undefined) member.leaseMs = leaseMs
    this.#extend(member)
  }

  report(verifier: FleetVerifier, { revision, version, freshness, leaseMs }: Report): void {
    const member = this.#memberOf(verifier)
    const lastSeenAt = this.#clock.wall()
    Object.assign(member, { revision, version, freshness, leaseMs, lastSeenAt })
    this.#extend(member)
    this.#changed.add(member)
    for (const look of this.#waiting) look()
  }

  applied(revision: number, environmentId: string | undefined, waitMs: number): Promise<Applied> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        resolve(this.#standOf(revision, environmentId))
      }
      const look = () => {
        if (this.#standOf(revision, environmentId).missing.length === 0) finish()
      }
      const timer = setTimeout(finish, waitMs)
      this.#waiting.add(look)
      look()
    })
  }

  list(): readonly FleetMember[] {
    return [...this.#members.values()].map(
      ({ id, name, environmentIds, version, revision, freshness, lastSeenAt }) => {
        return { id, name, environmentIds, version, revision, freshness, lastSeenAt }
      },
    )
  }

  /** Writes down what has changed of leases and reports. */
  async save(): Promise<void> {
    const some = [...this.#changed]
    this.#changed.clear()
    for (const member of some) member.savedUntil = member.leaseEndsAt + aheadMs
    if (some.length > 0) await saveMembers(this.#store, some)
  }

  #memberOf(verifier: FleetVerifier): Member {
    const known = this.#members.get(verifier.id)
    const member = Object.assign(known ?? newMember(verifier), verifier)
    this.#members.set(verifier.id, member)
    return member
  }

  #extend(member: Member): void {
    member.leaseEndsAt = this.#clock.wall() + member.leaseMs + driftMs
    if (member.leaseEndsAt > member.savedUntil) this.#changed.add(member)
  }

  #standOf(revision: number, environmentId: string | undefined): Applied {
    const now = this.#clock.wall()
    const all = [...this.#members.values()].filter(
      ({ leaseEndsAt, environmentIds }) =>
        leaseEndsAt > now &&
        (environmentId === undefined || environmentIds.includes(environmentId)),
    )
    const behind = all.filter((member) => (member.revision ?? -1) < revision)
    const ends = behind.map(({ leaseEndsAt }) => leaseEndsAt)
    return {
      applied: all.length - behind.length,
      verifiers: all.length,
      missing: behind.map(({ name }) => name),
      fencedAt: ends.length === 0 ? undefined : Math.max(...ends),
    }
  }
}

function newMember(verifier: FleetVerifier): Member {
  return {
    ...verifier,
    revision: undefined,
    version: undefined,
    freshness: undefined,
    lastSeenAt: undefined,
    leaseMs: usualLeaseMs,
    leaseEndsAt: 0,
    savedUntil: 0,
  }
}

async function readMembers(store: Store): Promise<readonly Member[]> {
  const [rows, bounds] = await store.read((db) =>
    Promise.all([
      db.selectFrom('verifiers').selectAll().execute(),
      db.selectFrom('verifierEnvironments').selectAll().execute(),
    ]),
  )
  const environments = Map.groupBy(bounds, ({ verifierId }) => verifierId)
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    environmentIds: (environments.get(row.id) ?? []).map(({ environmentId }) => environmentId),
    // What it has applied it will say again; until then nobody may count on it.
    revision: undefined,
    version: row.version ?? undefined,
    freshness: undefined,
    lastSeenAt: row.lastSeenAt ?? undefined,
    leaseMs: row.leaseMs ?? usualLeaseMs,
    leaseEndsAt: row.leaseEndsAt ?? 0,
    savedUntil: row.leaseEndsAt ?? 0,
  }))
}

function saveMembers(store: Store, members: readonly Member[]): Promise<void> {
  return store.write(async ({ db }) => {
    for (const { id, version, revision, freshness, lastSeenAt, leaseMs, savedUntil } of members) {
      await db
        .updateTable('verifiers')
        .set({
          version: version ?? null,
          revision: revision ?? null,
          freshness: freshness ?? null,
          lastSeenAt: lastSeenAt ?? null,
          leaseMs,
          leaseEndsAt: savedUntil,
        })
        .where('id', '=', id)
        .execute()
    }
  })
}
