import type { Decision } from '../decision/decision.ts'

/** That a credential was used from somewhere, since it was last told. */
export interface Use {
  readonly jti: string
  /** The address that the gateway asked from. */
  readonly source: string
  readonly count: number
  /** The last time, in milliseconds since 1970. */
  readonly at: number
}

/** Gathers which credentials were used; what there is no room for is dropped and counted. */
export interface Usage {
  readonly add: (decision: Decision, source: string, at: number) => void
  /** What has gathered since the last time, and how much of it was dropped. */
  readonly take: () => { readonly uses: readonly Use[]; readonly dropped: number }
}

interface Gathered {
  count: number
  at: number
}

const entriesMax = 10_000

/** Makes an empty gathering. */
export function createUsage(): Usage {
  // By credential first: nearly always it is asked from one place.
  let gathered = new Map<string, Map<string, Gathered>>()
  let entries = 0
  let dropped = 0

  const sourcesOf = (jti: string) => {
    const known = gathered.get(jti)
    if (known) return known
    const sources = new Map<string, Gathered>()
    gathered.set(jti, sources)
    return sources
  }
  return {
    add({ findings }, source, at) {
      const { gateway } = findings
      // Another issuer's ids mean nothing to the authority, even if they are spelled like its own.
      if (!gateway?.profile.own) return
      const sources = sourcesOf(gateway.jti)
      const known = sources.get(source)
      if (known) {
        known.count++
        known.at = at
      } else if (entries < entriesMax) {
        entries++
        sources.set(source, { count: 1, at })
      } else dropped++
    },
    take() {
      const uses = [...gathered].flatMap(([jti, sources]) =>
        [...sources].map(([source, { count, at }]) => ({ jti, source, count, at })),
      )
      const taken = { uses, dropped }
      gathered = new Map()
      entries = 0
      dropped = 0
      return taken
    },
  }
}
