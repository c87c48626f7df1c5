// One enrolment may be in use by several processes. What is shown of it is what an operator has to worry about: the one
// that is furthest behind of those that may go on judging, else the one that was seen last.

import type { Schema } from '../store/schema.ts'
import type { FleetMember } from './fleet.ts'
import type { Members } from './outcome.ts'
import { isoTimeOrAbsent } from './shown.ts'

type InstanceRow = Schema['verifierInstances']

interface Process {
  readonly version: string | undefined
  readonly revision: number | undefined
  readonly freshness: string | undefined
  readonly lastSeenAt: number | undefined
  /** Whether it may go on judging by what it knows. */
  readonly counts: boolean
}

/** The processes by enrolment: as they were written down, and as they are known here where they have been heard of. */
export function instancesOf(
  rows: readonly InstanceRow[],
  members: readonly FleetMember[],
  now: number,
): ReadonlyMap<string, readonly Process[]> {
  const known = new Map(members.map((member) => [`${member.id} ${member.instance}`, member]))
  const written = rows.map((row) => {
    const member = known.get(`${row.verifierId} ${row.instance}`)
    return { id: row.verifierId, process: laterOf(processOf(row, now), member) }
  })
  const groups = Map.groupBy(written, ({ id }) => id)
  return new Map([...groups].map(([id, some]) => [id, some.map(({ process }) => process)]))
}

function processOf(row: InstanceRow, now: number): Process {
  return {
    version: row.version ?? undefined,
    revision: row.revision ?? undefined,
    freshness: row.freshness ?? undefined,
    lastSeenAt: row.lastSeenAt ?? undefined,
    counts: row.leaseEndsAt > now,
  }
}

function laterOf(written: Process, member: FleetMember | undefined): Process {
  if (!member || (member.lastSeenAt ?? 0) < (written.lastSeenAt ?? 0)) return written
  return { ...member, freshness: member.freshness ?? written.freshness }
}

/** What is shown of an enrolment. */
export function showInstances(processes: readonly Process[]): Members {
  const counted = processes.filter(({ counts }) => counts)
  const shown = worstOf(counted) ?? latestOf(processes)
  if (!shown) return {}
  const { version, revision, freshness, lastSeenAt } = shown
  return {
    version,
    revision,
    freshness,
    lastSeenAt: isoTimeOrAbsent(lastSeenAt ?? null),
    instances: counted.length > 1 ? counted.length : undefined,
  }
}

function worstOf(processes: readonly Process[]): Process | undefined {
  return processes.toSorted((a, b) => (a.revision ?? -1) - (b.revision ?? -1))[0]
}

function latestOf(processes: readonly Process[]): Process | undefined {
  return processes.toSorted((a, b) => (b.lastSeenAt ?? 0) - (a.lastSeenAt ?? 0))[0]
}
