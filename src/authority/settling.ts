import type { Clock } from '../system/clock.ts'
import type { Background } from './background.ts'
import type { Fleet } from './fleet.ts'
import type { Wait } from './outcome.ts'

/** Waits for verifiers to have applied a change and gives the headers that say which have. */
export type Settle = (
  wait: Wait,
  by: { readonly actor: string; readonly organizationId: string },
) => Promise<Readonly<Record<string, string>>>

export interface SettleParts {
  readonly fleet: Fleet
  readonly clock: Clock
  readonly waitMs: number
  readonly background: Background
  /** Told how long all verifiers together took. */
  readonly onApplied: (seconds: number) => void
}

/** Creates what answers wait by. */
export function createSettle({ fleet, clock, waitMs, background, onApplied }: SettleParts): Settle {
  return async ({ revision, environmentId, target }, { actor, organizationId }) => {
    const start = clock.monotonic()
    const { applied, verifiers, missing, fencedAt } = await fleet.applied(
      revision,
      environmentId,
      waitMs,
    )
    if (verifiers > 0 && missing.length === 0) onApplied((clock.monotonic() - start) / 1000)
    const fenced = fencedAt === undefined ? undefined : new Date(fencedAt).toISOString()
    background.enter({
      at: clock.wall(),
      organizationId,
      environmentId: environmentId ?? null,
      actor,
      action: 'revision.applied',
      target,
      outcome: missing.length === 0 ? 'done' : 'waiting',
      revision,
      details: { applied, verifiers, missing, fencedAt: fenced },
    })
    return {
      'warder-applied': `${applied}/${verifiers}`,
      ...(fenced === undefined ? {} : { 'warder-fenced-at': fenced }),
    }
  }
}
