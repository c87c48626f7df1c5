// Before a new key signs, everybody who verifies has to know it. It is published as `next`; once every verifier has
// applied that revision it becomes active, be it in the answer to who asked for it or some time after.

import { setTimeout as pause } from 'node:timers/promises'
import type { Store } from '../store/store.ts'
import type { Clock } from '../system/clock.ts'
import type { Log } from '../telemetry/log.ts'
import { failure } from '../telemetry/safe-text.ts'
import type { Fleet } from './fleet.ts'
import type { SigningKeys } from './signing-keys.ts'

/** Activates keys once they are known everywhere. */
export interface KeyRotation {
  /** Waits as long as an answer may; says whether the key is active then. It will be later otherwise. Never rejects. */
  readonly activate: (kid: string, revision: number) => Promise<boolean>
  /** Goes on with what a former process has left. */
  readonly resume: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface KeyRotationParts {
  readonly store: Store
  readonly clock: Clock
  readonly fleet: Fleet
  readonly keys: SigningKeys
  readonly log: Log
  readonly waitMs: number
}

const retryMs = 1000

/** Creates the rotation. */
export function createKeyRotation(parts: KeyRotationParts): KeyRotation {
  const { store, fleet, log, waitMs } = parts
  const stop = new AbortController()
  const pending = new Set<Promise<void>>()

  const attempt = async (kid: string, revision: number): Promise<boolean> => {
    try {
      const { missing } = await fleet.applied(revision, undefined, waitMs)
      if (missing.length > 0) return false
      await activateNow(parts, kid)
      return true
    } catch (error) {
      log.warn('a key could not be activated yet', { why: failure(error) })
      return false
    }
  }
  const goOn = async (kid: string, revision: number) => {
    while (!stop.signal.aborted) {
      await pause(retryMs, undefined, { signal: stop.signal }).catch(() => undefined)
      if (stop.signal.aborted || (await attempt(kid, revision))) return
    }
  }
  const activate: KeyRotation['activate'] = async (kid, revision) => {
    if (await attempt(kid, revision)) return true
    const going = goOn(kid, revision).finally(() => pending.delete(going))
    pending.add(going)
    return false
  }

  return {
    activate,
    async resume() {
      const { left, revision } = await store.read(async (db) => ({
        left: await db
          .selectFrom('signingKeys')
          .select('kid')
          .where('state', '=', 'next')
          .execute(),
        revision: (await db.selectFrom('counters').select('revision').executeTakeFirstOrThrow())
          .revision,
      }))
      for (const { kid } of left) await activate(kid, revision)
    },
    async close() {
      stop.abort()
      await Promise.all(pending)
    },
  }
}

async function activateNow({ store, clock, keys }: KeyRotationParts, kid: string): Promise<void> {
  await store.write(async (tx) => {
    const at = clock.wall()
    const key = tx.db.updateTable('signingKeys').set({ state: 'active', activatedAt: at })
    const { numUpdatedRows } = await key
      .where('kid', '=', kid)
      .where('state', '=', 'next')
      .executeTakeFirst()
    if (numUpdatedRows === 0n) return
    tx.appendAudit({
      at,
      organizationId: null,
      environmentId: null,
      actor: 'warder',
      action: 'key.activate',
      target: kid,
      outcome: 'done',
      revision: null,
      details: {},
    })
  })
  await keys.reload()
}
