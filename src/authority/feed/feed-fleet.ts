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
  /** Whether what it reported is to be written down, and when that was done last. */
  reported: boolean
  reportSavedAt: number
}

/** Somebody who waits for a revision to be applied, and whom they wait for. */
interface Waiting {
  readonly revision: number
  readonly environmentId: string | undefined
  readonly behind: Set<Member>
  readonly finish: () => void
}

/** How far clocks may run apart within a lease. */
const driftMs = 5000
/** A lease is written down ahead, so that it need not be written with each heartbeat. */
const aheadMs = 60_000
const usualLeaseMs = 3_600_000
/** What verifiers report is kept for who looks at it after a restart, and need not be of this second. */
const reportSavedEachMs = 30_000
const reportsAtOnce = 50
const idsAtOnce = 500

/** Opens the fleet with the leases that were written down before. */
export async function openFeedFleet(store: Store, clock: Clock): Promise<FeedFleet> {
  return new FeedFleet(store, clock, await readMembers(store, 0))
}

/** The verifiers that follow over the network. */
export class FeedFleet implements Fleet {
  readonly #store: Store
  readonly #clock: Clock
  readonly #members: Map<string, Member>
  readonly #waiting = new Set<Waiting>()
  #saving: Promise<void> = Promise.resolve()

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
    for (const waiting of this.#waiting) notice(waiting, member)
  }

  report(verifier: FleetVerifier, { revision, version, freshness, leaseMs }: Report): void {
    const member = this.#memberOf(verifier)
    const lastSeenAt = this.#clock.wall()
    Object.assign(member, { revision, version, freshness, leaseMs, lastSeenAt })
    member.reported = true
    this.#extend(member)
    for (const waiting of this.#waiting) notice(waiting, member)
  }

  async applied(
    revision: number,
    environmentId: string | undefined,
    waitMs: number,
  ): Promise<Applied> {
    // Without it, those whom this process knows are counted, which are all where there is no other.
    await this.#hearOfOthers().catch(() => undefined)
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer)
        this.#waiting.delete(waiting)
        resolve(this.#standOf(revision, environmentId))
      }
      const behind = new Set(this.#behind(this.#counted(environmentId), revision))
      const waiting = { revision, environmentId, behind, finish }
      const timer = setTimeout(finish, waitMs)
      this.#waiting.add(waiting)
      if (behind.size === 0) finish()
    })
  }

  list(): readonly FleetMember[] {
    return [...this.#members.values()].map(
      ({ id, name, environmentIds, version, revision, freshness, lastSeenAt }) => {
        return { id, name, environmentIds, version, revision, freshness, lastSeenAt }
      },
    )
  }

  /** Writes down leases that run longer than was written, and some of what was reported. */
  async save(): Promise<void> {
    // One after the other: what one has written, the next need not.
    const saving = this.#saving.then(() => this.#saveNow())
    this.#saving = saving.catch(() => undefined)
    await saving
  }

  async #saveNow(): Promise<void> {
    const now = this.#clock.wall()
    const all = [...this.#members.values()]
    const extended = all.filter(({ leaseEndsAt, savedUntil }) => leaseEndsAt > savedUntil)
    const reported = all
      .filter((member) => member.reported && now - member.reportSavedAt > reportSavedEachMs)
      .slice(0, reportsAtOnce)
    if (extended.length + reported.length === 0) return
    for (const member of reported) Object.assign(member, { reported: false, reportSavedAt: now })
    const groups = [...Map.groupBy(extended, ({ leaseMs }) => leaseMs).values()].map(leaseOf)
    await saveMembers(this.#store, groups, reported)
    for (const { members, leaseEndsAt } of groups) {
      for (const member of members) member.savedUntil = leaseEndsAt
    }
  }

  /** A lease that is longer than what this process has written was written by another one that the verifier follows. */
  async #hearOfOthers(): Promise<void> {
    const since = this.#clock.wall()
    for (const read of await readMembers(this.#store, since)) {
      const known = this.#members.get(read.id)
      if (!known) this.#members.set(read.id, read)
      else if (read.leaseEndsAt > Math.max(known.savedUntil, known.leaseEndsAt + aheadMs)) {
        const { leaseMs, leaseEndsAt, savedUntil } = read
        Object.assign(known, { leaseMs, leaseEndsAt, savedUntil })
      }
    }
  }

  #memberOf(verifier: FleetVerifier): Member {
    const known = this.#members.get(verifier.id)
    const member = Object.assign(known ?? newMember(verifier), verifier)
    this.#members.set(verifier.id, member)
    return member
  }

  #extend(member: Member): void {
    member.leaseEndsAt = this.#clock.wall() + member.leaseMs + driftMs
  }

  /** The verifiers of an environment that may go on judging by what they know. */
  #counted(environmentId: string | undefined): readonly Member[] {
    const now = this.#clock.wall()
    return [...this.#members.values()].filter(
      (member) => member.leaseEndsAt > now && isFor(member, environmentId),
    )
  }

  #behind(members: readonly Member[], revision: number): readonly Member[] {
    return members.filter((member) => (member.revision ?? -1) < revision)
  }

  #standOf(revision: number, environmentId: string | undefined): Applied {
    const all = this.#counted(environmentId)
    const behind = this.#behind(all, revision)
    const ends = behind.map(({ leaseEndsAt }) => leaseEndsAt)
    return {
      applied: all.length - behind.length,
      verifiers: all.length,
      missing: behind.map(({ name }) => name),
      fencedAt: ends.length === 0 ? undefined : Math.max(...ends),
    }
  }
}

function isFor({ environmentIds }: Member, environmentId: string | undefined): boolean {
  return environmentId === undefined || environmentIds.includes(environmentId)
}

/** A verifier that has been heard of counts from now on; one that has come far enough is waited for no longer. */
function notice({ revision, environmentId, behind, finish }: Waiting, member: Member): void {
  if ((member.revision ?? -1) < revision) {
    if (isFor(member, environmentId)) behind.add(member)
    return
  }
  if (behind.delete(member) && behind.size === 0) finish()
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
    reported: false,
    reportSavedAt: 0,
  }
}

/** Those whose lease ran at a time or later; all, where that is the beginning. */
async function readMembers(store: Store, since: number): Promise<readonly Member[]> {
  const [rows, bounds] = await store.read((db) =>
    Promise.all([
      (since === 0
        ? db.selectFrom('verifiers')
        : db.selectFrom('verifiers').where('leaseEndsAt', '>', since)
      )
        .selectAll()
        .execute(),
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
    reported: false,
    reportSavedAt: 0,
  }))
}

/** A lease of many, as it is written. */
interface Lease {
  readonly members: readonly Member[]
  readonly leaseMs: number
  readonly leaseEndsAt: number
}

/** Leases that are written longer than they are do no harm, so that those of many go into one statement. */
function leaseOf(members: readonly Member[]): Lease {
  const leaseMs = members[0]?.leaseMs ?? usualLeaseMs
  const leaseEndsAt = Math.max(...members.map((member) => member.leaseEndsAt)) + aheadMs
  return { members, leaseMs, leaseEndsAt }
}

function saveMembers(
  store: Store,
  groups: readonly Lease[],
  reported: readonly Member[],
): Promise<void> {
  return store.write(async ({ db }) => {
    for (const { members, leaseMs, leaseEndsAt } of groups) {
      for (let from = 0; from < members.length; from += idsAtOnce) {
        const ids = members.slice(from, from + idsAtOnce).map(({ id }) => id)
        await db
          .updateTable('verifiers')
          .set({ leaseMs, leaseEndsAt })
          .where('id', 'in', ids)
          .execute()
      }
    }
    for (const { id, version, revision, freshness, lastSeenAt } of reported) {
      await db
        .updateTable('verifiers')
        .set({
          version: version ?? null,
          revision: revision ?? null,
          freshness: freshness ?? null,
          lastSeenAt: lastSeenAt ?? null,
        })
        .where('id', '=', id)
        .execute()
    }
  })
}
