// The verifiers that follow over the network, with the lease that each has: the time for which it may go on judging by
// what it knows, counted from the last moment at which it can have heard from us. Who is cut off counts until then. One
// enrolment may be in use by several processes: each has a lease, and counts, by itself.

import type { Clock } from '../../system/clock.ts'
import type { Store } from '../../store/store.ts'
import type { Applied, Fleet, FleetMember } from '../fleet.ts'
import {
  keptAfterMs,
  readInstances,
  readStrangersUntil,
  writeInstances,
  type InstanceRow,
} from './instance-rows.ts'
import { endOf, leaseFromNow, leaseUntil, never, usualLeaseMs, type LeaseEnd } from './lease.ts'

/** What a verifier says of itself. */
export interface Report {
  readonly revision: number
  /** Whether that is a revision of this very history. */
  readonly isOurs: boolean
  readonly version: string
  readonly freshness: 'fresh' | 'stale' | 'expired'
  readonly leaseMs: number
}

/** A process that follows under an enrolment. */
export interface FleetVerifier {
  readonly id: string
  readonly name: string
  readonly environmentIds: readonly string[]
  /** Tells apart who uses the same enrolment. */
  readonly instance: string
}

interface Member extends FleetVerifier {
  /** What it has applied of this history, as it said to this process. */
  applied: number | undefined
  revision: number | undefined
  version: string | undefined
  freshness: FleetMember['freshness']
  lastSeenAt: number | undefined
  leaseMs: number
  lease: LeaseEnd
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

/** A lease is written down ahead, so that it need not be written with each heartbeat. */
const aheadMs = 60_000
/** What verifiers report is kept for who looks at it after a restart, and need not be of this second. */
const reportSavedEachMs = 30_000
const reportsAtOnce = 50
const instancesMax = 1000

type FleetStore = Pick<Store, 'read' | 'write'>

/** Opens the fleet with the leases that were written down before. */
export async function openFeedFleet(store: FleetStore, clock: Clock): Promise<FeedFleet> {
  const rows = await readInstances(store, 0)
  return new FeedFleet({ store, clock, rows, strangersUntil: await readStrangersUntil(store) })
}

interface FleetParts {
  readonly store: FleetStore
  readonly clock: Clock
  readonly rows: readonly InstanceRow[]
  /** Until when there may be verifiers of which nothing is known. */
  readonly strangersUntil: number
}

/** The verifiers that follow over the network. */
export class FeedFleet implements Fleet {
  readonly #store: FleetStore
  readonly #clock: Clock
  readonly #strangersUntil: number
  readonly #members: Map<string, Member>
  readonly #waiting = new Set<Waiting>()
  #saving: Promise<void> = Promise.resolve()

  constructor({ store, clock, rows, strangersUntil }: FleetParts) {
    this.#store = store
    this.#clock = clock
    this.#strangersUntil = strangersUntil
    this.#members = new Map(rows.map((row) => [keyOf(row), memberOfRow(row, clock)]))
    // Those who followed when something was last written may have heard from the process before until it ended.
    const last = Math.max(...rows.map(writtenAt))
    for (const row of rows.filter((each) => writtenAt(each) > last - 2 * aheadMs)) {
      const member = this.#members.get(keyOf(row))
      if (member) this.#extend(member)
    }
  }

  /** Whether a process may use an enrolment: so many may at a time, and who may go on judging unheard is one of them. */
  admits({ id, instance }: FleetVerifier): boolean {
    if (this.#members.has(keyOf({ id, instance }))) return true
    let others = 0
    for (const member of this.#members.values()) {
      if (member.id === id && this.#runs(member)) others++
    }
    return others < instancesMax
  }

  /** A verifier follows from now on, with a lease that is to be written down before it is told anything. */
  join(verifier: FleetVerifier, leaseMs: number | undefined): void {
    const member = this.#memberOf(verifier)
    if (leaseMs !== undefined) member.leaseMs = leaseMs
    member.savedUntil = 0
    this.touch(verifier)
  }

  /** A verifier heard from us, or we from it: its lease runs anew from now on. */
  touch(verifier: FleetVerifier): void {
    const member = this.#memberOf(verifier)
    this.#extend(member)
    for (const waiting of this.#waiting) notice(waiting, member)
  }

  report(verifier: FleetVerifier, { isOurs, revision, ...said }: Report): void {
    const member = this.#memberOf(verifier)
    const applied = isOurs ? revision : undefined
    Object.assign(member, said, { revision, applied, lastSeenAt: this.#clock.wall() })
    member.reported = true
    this.#extend(member)
    for (const waiting of this.#waiting) notice(waiting, member)
  }

  async applied(
    revision: number,
    environmentId: string | undefined,
    waitMs: number,
  ): Promise<Applied> {
    const heard = await this.#hearOfOthers().then(
      () => true,
      () => false,
    )
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer)
        this.#waiting.delete(waiting)
        const known = this.#standOf(revision, environmentId)
        // Whoever follows another process may be any number; one more keeps anybody from taking it for all.
        const whole = heard ? known : withOneMore(known, unheard, undefined)
        resolve(this.#withStrangers(whole))
      }
      const behind = new Set(behindOf(this.#counted(environmentId), revision))
      const waiting = { revision, environmentId, behind, finish }
      const timer = setTimeout(finish, waitMs)
      this.#waiting.add(waiting)
      if (behind.size === 0) finish()
    })
  }

  list(): readonly FleetMember[] {
    return [...this.#members.values()].map((member) => {
      const { id, name, instance, environmentIds, version, revision } = member
      const { freshness, lastSeenAt } = member
      const counts = this.#runs(member)
      return {
        id,
        name,
        instance,
        environmentIds,
        version,
        revision,
        freshness,
        lastSeenAt,
        counts,
      }
    })
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
    this.#forgetGone(now - keptAfterMs)
    const all = [...this.#members.values()]
    const reported = all
      .filter((member) => member.reported && now - member.reportSavedAt > reportSavedEachMs)
      .slice(0, reportsAtOnce)
    const extended = all.filter(({ lease, savedUntil }) => lease.wall > savedUntil)
    const some = [...new Set([...extended, ...reported])]
    if (some.length === 0) return
    for (const member of reported) Object.assign(member, { reported: false, reportSavedAt: now })
    const written = some.map((member) => ({ member, leaseEndsAt: aheadOf(member) }))
    const rows = written.map(({ member, leaseEndsAt }) => rowOf(member, leaseEndsAt))
    await writeInstances(this.#store, rows, now)
    for (const { member, leaseEndsAt } of written) member.savedUntil = leaseEndsAt
  }

  #forgetGone(since: number): void {
    for (const [key, { lease }] of this.#members) {
      if (endOf(lease, this.#clock) < since) this.#members.delete(key)
    }
  }

  /** A lease that is longer than what this process has written was written by another one that the verifier follows. */
  async #hearOfOthers(): Promise<void> {
    for (const row of await readInstances(this.#store, this.#clock.wall())) {
      const known = this.#members.get(keyOf(row))
      if (!known) this.#members.set(keyOf(row), memberOfRow(row, this.#clock))
      else if (row.leaseEndsAt > Math.max(known.savedUntil, known.lease.wall + aheadMs)) {
        known.leaseMs = row.leaseMs
        known.lease = leaseUntil(this.#clock, row.leaseEndsAt)
        known.savedUntil = row.leaseEndsAt
      }
    }
  }

  #memberOf(verifier: FleetVerifier): Member {
    const known = this.#members.get(keyOf(verifier))
    const member = Object.assign(known ?? newMember(verifier, this.#clock), verifier)
    this.#members.set(keyOf(verifier), member)
    return member
  }

  #extend(member: Member): void {
    member.lease = leaseFromNow(this.#clock, member.leaseMs)
  }

  #runs({ lease }: Member): boolean {
    return endOf(lease, this.#clock) > this.#clock.wall()
  }

  /** The verifiers of an environment that may go on judging by what they know. */
  #counted(environmentId: string | undefined): readonly Member[] {
    return [...this.#members.values()].filter(
      (member) => this.#runs(member) && isFor(member, environmentId),
    )
  }

  #standOf(revision: number, environmentId: string | undefined): Applied {
    const all = this.#counted(environmentId)
    const behind = behindOf(all, revision)
    const ends = behind.map(({ lease }) => endOf(lease, this.#clock))
    const isBounded = ends.length > 0 && ends.every((end) => end < never)
    return {
      applied: all.length - behind.length,
      verifiers: all.length,
      missing: behind.map(({ name }) => name),
      fencedAt: isBounded ? Math.max(...ends) : undefined,
    }
  }

  #withStrangers(known: Applied): Applied {
    const until = this.#strangersUntil
    return until > this.#clock.wall() ? withOneMore(known, strangers, until) : known
  }
}

const strangers = 'any that followed between the backup and the restore'
const unheard = 'any that follow another authority'

function withOneMore(known: Applied, name: string, end: number | undefined): Applied {
  const { applied, verifiers, missing, fencedAt } = known
  const isBounded = end !== undefined && (missing.length === 0 || fencedAt !== undefined)
  return {
    applied,
    verifiers: verifiers + 1,
    missing: [...missing, name],
    fencedAt: isBounded ? Math.max(end, fencedAt ?? 0) : undefined,
  }
}

/** When a row was written, but for what all rows are written ahead. */
function writtenAt({ leaseEndsAt, leaseMs }: InstanceRow): number {
  return leaseEndsAt - leaseMs
}

function keyOf({ id, instance }: Pick<FleetVerifier, 'id' | 'instance'>): string {
  return `${id} ${instance}`
}

function behindOf(members: readonly Member[], revision: number): readonly Member[] {
  return members.filter((member) => (member.applied ?? -1) < revision)
}

function isFor({ environmentIds }: Member, environmentId: string | undefined): boolean {
  return environmentId === undefined || environmentIds.includes(environmentId)
}

/** A verifier that has been heard of counts from now on; one that has come far enough is waited for no longer. */
function notice({ revision, environmentId, behind, finish }: Waiting, member: Member): void {
  if ((member.applied ?? -1) < revision) {
    if (isFor(member, environmentId)) behind.add(member)
    return
  }
  if (behind.delete(member) && behind.size === 0) finish()
}

function newMember(verifier: FleetVerifier, clock: Clock): Member {
  return {
    ...verifier,
    applied: undefined,
    revision: undefined,
    version: undefined,
    freshness: undefined,
    lastSeenAt: undefined,
    leaseMs: usualLeaseMs,
    lease: leaseUntil(clock, 0),
    savedUntil: 0,
    reported: false,
    reportSavedAt: 0,
  }
}

/** What it has applied it will say again; until then nobody may count on it. */
function memberOfRow(row: InstanceRow, clock: Clock): Member {
  const { id, name, instance, environmentIds, version, revision, lastSeenAt, leaseMs } = row
  return {
    ...newMember({ id, name, instance, environmentIds }, clock),
    version,
    revision,
    lastSeenAt,
    leaseMs,
    lease: leaseUntil(clock, row.leaseEndsAt),
    savedUntil: row.leaseEndsAt,
  }
}

/** A lease that is written longer than it is does no harm. */
function aheadOf({ lease }: Member): number {
  return lease.wall >= never ? never : lease.wall + aheadMs
}

function rowOf(member: Member, leaseEndsAt: number) {
  const { id, instance, version, revision, freshness, lastSeenAt, leaseMs } = member
  return { id, instance, version, revision, freshness, lastSeenAt, leaseMs, leaseEndsAt }
}
