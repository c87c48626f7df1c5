// One standing of several sources: what the authority says, and the outside issuers that the configuration names.
// Nothing is in force before each source that is expected has been heard. A name that the authority issues under is its
// own: an outside issuer of that name does not count.

import type { Revision, StandingFacts } from '../standing/standing.ts'
import type { StandingUpdate } from './publication.ts'

export interface CompositionParts {
  /** Puts an update in force; resolves when every thread judges by it. */
  readonly publish: (update: StandingUpdate) => Promise<void>
  readonly expects: { readonly authority: boolean; readonly outside: boolean }
  /** Told when an outside issuer ceases to count because the authority has its name, and when it counts again. */
  readonly onOverruled: (issuer: string, isOverruled: boolean) => void
}

export interface Composition {
  readonly authority: (facts: StandingFacts) => Promise<void>
  readonly outside: (facts: StandingFacts) => Promise<void>
}

/** Makes a composition that has heard nothing yet. */
export function createComposition(parts: CompositionParts): Composition {
  const { publish, expects, onOverruled } = parts
  let authority: StandingFacts | undefined
  let outside: StandingFacts | undefined
  let published: StandingFacts | undefined
  const overruled = new Set<string>()

  const tellOverruled = () => {
    const taken = namesOf(authority)
    for (const name of namesOf(outside)) {
      if (taken.has(name) === overruled.has(name)) continue
      if (taken.has(name)) overruled.add(name)
      else overruled.delete(name)
      onOverruled(name, taken.has(name))
    }
  }
  const compose = async () => {
    if ((expects.authority && !authority) || (expects.outside && !outside)) return
    const facts = joined(authority, outside, published)
    if (!facts) return
    tellOverruled()
    const before = published
    published = facts
    try {
      await publish(
        before ? { kind: 'patch', patch: difference(before, facts) } : { kind: 'whole', facts },
      )
    } catch (error) {
      // What a patch said that did not arrive, no later one would say again.
      published = undefined
      throw error
    }
  }
  return {
    authority(facts) {
      authority = facts
      return compose()
    },
    outside(facts) {
      outside = facts
      return compose()
    },
  }
}

function joined(
  authority: StandingFacts | undefined,
  outside: StandingFacts | undefined,
  published: StandingFacts | undefined,
): StandingFacts | undefined {
  if (!authority || !outside) return authority ?? outside
  const taken = namesOf(authority)
  const others = outside.issuers.filter(({ name }) => !taken.has(name))
  return {
    ...authority,
    issuers: kept(published?.issuers, [...authority.issuers, ...others]),
    revokedTables: kept(published?.revokedTables, [
      ...authority.revokedTables,
      ...outside.revokedTables,
    ]),
  }
}

function namesOf(facts: StandingFacts | undefined): ReadonlySet<string> {
  return new Set(facts?.issuers.map(({ name }) => name))
}

/** The list of before, where the new one has the same members: what did not change need not be said again. */
function kept<T>(before: readonly T[] | undefined, after: readonly T[]): readonly T[] {
  const same = before?.length === after.length && before.every((item, at) => item === after[at])
  return same ? before : after
}

function difference(
  before: StandingFacts,
  after: StandingFacts,
): Partial<StandingFacts> & { readonly revision: Revision } {
  const { revision, issuers, revokedTables, accepted, gateways, environments, clients, marks } =
    after
  return {
    revision,
    ...(issuers === before.issuers ? {} : { issuers }),
    ...(revokedTables === before.revokedTables ? {} : { revokedTables }),
    ...(accepted === before.accepted ? {} : { accepted }),
    ...(gateways === before.gateways ? {} : { gateways }),
    ...(environments === before.environments ? {} : { environments }),
    ...(clients === before.clients ? {} : { clients }),
    ...(marks === before.marks ? {} : { marks }),
  }
}
