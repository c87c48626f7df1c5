// One standing of several sources: what the authority says, and the outside issuers that the configuration names.
// Nothing is in force before each source that is expected has been heard.

import type { Revision, StandingFacts } from '../standing/standing.ts'
import type { StandingUpdate } from './publication.ts'

export interface CompositionParts {
  /** Puts an update in force; resolves when every thread judges by it. */
  readonly publish: (update: StandingUpdate) => Promise<void>
  readonly expects: { readonly authority: boolean; readonly outside: boolean }
}

export interface Composition {
  readonly authority: (facts: StandingFacts) => Promise<void>
  readonly outside: (facts: StandingFacts) => Promise<void>
}

/** Makes a composition that has heard nothing yet. */
export function createComposition({ publish, expects }: CompositionParts): Composition {
  let authority: StandingFacts | undefined
  let outside: StandingFacts | undefined
  let published: StandingFacts | undefined

  const compose = async () => {
    if ((expects.authority && !authority) || (expects.outside && !outside)) return
    const facts = joined(authority, outside, published)
    if (!facts) return
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
  return {
    ...authority,
    issuers: kept(published?.issuers, [...authority.issuers, ...outside.issuers]),
    revokedTables: kept(published?.revokedTables, [
      ...authority.revokedTables,
      ...outside.revokedTables,
    ]),
  }
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
