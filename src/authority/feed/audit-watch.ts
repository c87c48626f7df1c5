// Heartbeats tell verifiers where the audit ends, and a verifier that follows anew tells where it ended when it was last
// heard. What it names and the audit does not hold, somebody has cut off.

import type { Store } from '../../store/store.ts'
import type { Clock } from '../../system/clock.ts'
import type { Log } from '../../telemetry/log.ts'
import { identifier } from '../../telemetry/safe-text.ts'
import type { Background } from '../background.ts'
import type { FleetVerifier } from './feed-fleet.ts'

export interface AuditWatchParts {
  readonly store: Pick<Store, 'read'>
  readonly clock: Clock
  readonly log: Log
  readonly background: Pick<Background, 'enter'>
}

/** Looks a head up that a verifier has seen, and raises an alarm where the audit lacks it. */
export type AuditWatch = (head: string, verifier: FleetVerifier) => Promise<void>

const toldMax = 1000

/** Creates the watch. */
export function createAuditWatch({ store, clock, log, background }: AuditWatchParts): AuditWatch {
  const told = new Set<string>()
  return async (head, { name }) => {
    if (told.has(head) || (await isHeld(store, head))) return
    if (told.size < toldMax) told.add(head)
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
