import type { Applied, Fleet } from './fleet.ts'

/** One fleet of several: verifiers in this process, and those that follow over the network. */
export function joinFleets(fleets: readonly Fleet[]): Fleet {
  return {
    async applied(revision, environmentId, waitMs) {
      const all = await Promise.all(
        fleets.map((fleet) => fleet.applied(revision, environmentId, waitMs)),
      )
      return all.reduce(together)
    },
    list: () => fleets.flatMap((fleet) => fleet.list()),
  }
}

function together(one: Applied, other: Applied): Applied {
  const ends = [one.fencedAt, other.fencedAt].filter((end) => end !== undefined)
  return {
    applied: one.applied + other.applied,
    verifiers: one.verifiers + other.verifiers,
    missing: [...one.missing, ...other.missing],
    fencedAt: ends.length === 0 ? undefined : Math.max(...ends),
  }
}
