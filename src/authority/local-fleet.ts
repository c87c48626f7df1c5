import type { Clock } from '../system/clock.ts'
import type { Applied, Fleet, FleetMember } from './fleet.ts'

/** A verifier in this process, as far as it has come. */
export interface LocalMember {
  readonly name: string
  readonly version: string
  revision: number | undefined
  lastSeenAt: number
}

/** The verifiers in this process. */
export interface LocalFleet extends Fleet {
  readonly join: (name: string, version: string) => LocalMember
  readonly acknowledge: (member: LocalMember, revision: number) => void
  readonly leave: (member: LocalMember) => void
}

/** Creates a fleet without members; `newest` is the revision that there is to apply. */
export function createLocalFleet(clock: Clock, newest: () => number): LocalFleet {
  const members = new Set<LocalMember>()
  const waiting = new Set<() => void>()
  const lookAgain = () => {
    for (const look of waiting) look()
  }
  return {
    join(name, version) {
      const member = { name, version, revision: undefined, lastSeenAt: clock.wall() }
      members.add(member)
      return member
    },
    acknowledge(member, revision) {
      member.revision = revision
      member.lastSeenAt = clock.wall()
      lookAgain()
    },
    leave(member) {
      members.delete(member)
      lookAgain()
    },
    // A verifier in this process judges for all environments.
    applied: (revision, _environmentId, waitMs) =>
      new Promise((resolve) => {
        const finish = () => {
          clearTimeout(timer)
          waiting.delete(look)
          resolve(standOf(members, revision))
        }
        const look = () => {
          if (standOf(members, revision).missing.length === 0) finish()
        }
        const timer = setTimeout(finish, waitMs)
        waiting.add(look)
        look()
      }),
    list: () => [...members].map((member) => memberOf(member, newest())),
  }
}

function standOf(members: ReadonlySet<LocalMember>, revision: number): Applied {
  const behind = [...members].filter((member) => (member.revision ?? -1) < revision)
  return {
    applied: members.size - behind.length,
    verifiers: members.size,
    missing: behind.map(({ name }) => name),
    fencedAt: undefined,
  }
}

function memberOf(member: LocalMember, newest: number): FleetMember {
  const { name, version, revision, lastSeenAt } = member
  const current = revision !== undefined && revision >= newest
  const freshness = current ? 'fresh' : 'stale'
  const facts = { version, revision, freshness, lastSeenAt } as const
  return { id: name, name, instance: undefined, environmentIds: undefined, ...facts, counts: true }
}
