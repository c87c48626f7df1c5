// Heartbeats tell verifiers where the audit ends, and a verifier that follows anew tells where it ended when it was last
// heard. What it names and the audit does not hold, somebody has cut off; but a restore may rightly have lost what was
// seen in the epoch before. Whoever has an enrolment can name what never was, and so is told of once an hour only.

import type { Store } from '../../store/store.ts'
import type { Clock } from '../../system/clock.ts'
import type { Log } from '../../telemetry/log.ts'
import { identifier } from '../../telemetry/safe-text.ts'
import type { Background } from '../background.ts'
import type { FleetVerifier } from './feed-fleet.ts'

export interface AuditWatchParts {
  readonly epoch: string
  readonly store: Pick<Store, 'read'>
  readonly clock: Clock
  readonly log: Log
  readonly background: Pick<Background, 'enter'>
}

/** Where the audit ended once, and in which epoch that was; `undefined` where the verifier does not say. */
interface Seen {
  readonly head: string
  readonly epoch: string | undefined
}

/** Looks a head up that a verifier has seen, and raises an alarm where the audit lacks it. */
export type AuditWatch = (seen: Seen, verifier: FleetVerifier) => Promise<void>

const toldEachMs = 3_600_000

/** Creates the watch. */
export function createAuditWatch(parts: AuditWatchParts): AuditWatch {
  const { store, clock, log, background } = parts
  const told = new Map<string, number>()
  const wasTold = (id: string) => {
    const before = told.get(id)
    return before !== undefined && clock.monotonic() - before < toldEachMs
  }
  return async ({ head, epoch = parts.epoch }, { id, name }) => {
    if (epoch !== parts.epoch || (await isHeld(store, head)) || wasTold(id)) return
    told.set(id, clock.monotonic())
    log.error('the audit lacks what a verifier has seen of it: its end was cut off', {
      verifier: identifier(name),
    })
    background.enter({
      at: clock.wall(),
      organizationId: null,
      environmentId: null,
      actor: name,
      action: 'audit.end-missing',
      target: head,
      outcome: 'missing',
      revision: null,
      details: { verifier: name },
    })
  }
}

async function isHeld(store: Pick<Store, 'read'>, head: string): Promise<boolean> {
  const found = await store.read((db) =>
    db.selectFrom('audit').select('sequence').where('hash', '=', head).executeTakeFirst(),
  )
  return found !== undefined
}
