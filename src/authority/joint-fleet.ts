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
  const late = [one, other].filter(({ missing }) => missing.length > 0)
  const ends = late.map(({ fencedAt }) => fencedAt).filter((end) => end !== undefined)
  return {
    applied: one.applied + other.applied,
    verifiers: one.verifiers + other.verifiers,
    missing: [...one.missing, ...other.missing],
    // One of which nobody can say when it ends leaves the end of all open.
    fencedAt: ends.length === 0 || ends.length < late.length ? undefined : Math.max(...ends),
  }
}
