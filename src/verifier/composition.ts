// One standing of several sources: what the authority says, and the outside issuers that the configuration names.
// Nothing is in force before the authority has been heard, or without one before one of the outside issuers has; of each of
// these nothing is said before it was read. A name that the authority issues under is its own: an outside issuer of that
// name does not count.

import type { Issuer } from '../credential/key-ring.ts'
import type { Revision, StandingFacts } from '../standing/standing.ts'
import type { StandingUpdate } from './publication.ts'

export interface CompositionParts {
  /** Puts an update in force; resolves when every thread judges by it. */
  readonly publish: (update: StandingUpdate) => Promise<void>
  readonly expects: { readonly authority: boolean; readonly outside: boolean }
  /** Told why tokens of an outside issuer are not judged, `undefined` when they are. */
  readonly onLeftOut: (issuer: string, why: LeftOut | undefined) => void
}

/** The authority issues under the name, or what the issuer says was not read yet. */
type LeftOut = 'overruled' | 'unread'

export interface Composition {
  readonly authority: (facts: StandingFacts) => Promise<void>
  readonly outside: (facts: StandingFacts) => Promise<void>
}

/** Makes a composition that has heard nothing yet. */
export function createComposition(parts: CompositionParts): Composition {
  const { publish, expects, onLeftOut } = parts
  let authority: StandingFacts | undefined
  let outside: StandingFacts | undefined
  let published: StandingFacts | undefined
  const leftOut = new Map<string, LeftOut | undefined>()

  const tellLeftOut = () => {
    const taken = namesOf(authority)
    for (const issuer of outside?.issuers ?? []) {
      const { name } = issuer
      const unread = isRead(issuer) ? undefined : 'unread'
      const why = taken.has(name) ? 'overruled' : unread
      if (leftOut.get(name) === why) continue
      leftOut.set(name, why)
      onLeftOut(name, why)
    }
  }
  const compose = async () => {
    if (expects.outside && !outside) return
    if (expects.authority ? !authority : !outside?.issuers.some(isRead)) return
    const facts = joined(authority, outside, published)
    if (!facts) return
    tellLeftOut()
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

const isRead = ({ isUnread }: Issuer) => isUnread !== true

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
