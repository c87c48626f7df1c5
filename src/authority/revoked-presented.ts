// That a revoked credential is still presented is an alarm: a gateway was forgotten, or somebody has what they should
// not have. It is told at once, counted, and entered into the audit now and then.

import type { Store } from '../store/store.ts'
import type { Clock } from '../system/clock.ts'
import type { Log } from '../telemetry/log.ts'
import { failure, identifier } from '../telemetry/safe-text.ts'
import type { Background } from './background.ts'

/** That a revoked credential was presented so many times. */
export interface RevokedPresented {
  readonly jti: string
  readonly count: number
}

/** The verifier that saw it. */
interface PresentedTo {
  readonly name: string
  /** The environments that it may speak of; `undefined` for all. */
  readonly environmentIds: readonly string[] | undefined
}

/** Takes what verifiers report; never rejects. */
export type RevokedAlarm = (
  presented: readonly RevokedPresented[],
  verifier: PresentedTo,
) => Promise<void>

export interface RevokedAlarmParts {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly background: Pick<Background, 'enter'>
  readonly onPresented: (count: number) => void
}

const atOnceMax = 1000
const enteredEachMs = 3_600_000
const rememberedMax = 10_000
const id = /^[0-9a-f-]{36}$/

/** Creates the alarm. */
export function createRevokedAlarm(parts: RevokedAlarmParts): RevokedAlarm {
  const { clock, log, background, onPresented } = parts
  const entered = new Map<string, number>()
  const isDue = (credentialId: string, now: number) => {
    const before = entered.get(credentialId)
    if (before !== undefined && now - before < enteredEachMs) return false
    entered.delete(credentialId)
    entered.set(credentialId, now)
    const [oldest = ''] = entered.keys()
    if (entered.size > rememberedMax) entered.delete(oldest)
    return true
  }
  const tell = async (presented: readonly RevokedPresented[], verifier: PresentedTo) => {
    const counts = new Map(presented.slice(0, atOnceMax).map(({ jti, count }) => [jti, count]))
    const ids = [...counts.keys()].filter((jti) => id.test(jti))
    for (const row of ids.length === 0 ? [] : await readRevoked(parts.store, ids, verifier)) {
      const count = counts.get(row.id) ?? 0
      onPresented(count)
      log.warn('revoked credential still presented', {
        by: identifier(row.gatewayId),
        credentialId: identifier(row.id),
        environmentId: identifier(row.environmentId),
        verifier: identifier(verifier.name),
        count,
      })
      const { organizationId, environmentId, gatewayId } = row
      if (!isDue(row.id, clock.monotonic())) continue
      background.enter({
        at: clock.wall(),
        organizationId,
        environmentId,
        actor: verifier.name,
        action: 'credential.presented-revoked',
        target: row.id,
        outcome: 'refused',
        revision: null,
        details: { gatewayId, verifier: verifier.name, count },
      })
    }
  }
  return async (presented, verifier) => {
    try {
      await tell(presented, verifier)
    } catch (error) {
      log.warn('what was said of revoked credentials could not be looked up', {
        why: failure(error),
      })
    }
  }
}

function readRevoked(store: Store, ids: readonly string[], { environmentIds }: PresentedTo) {
  return store.read((db) => {
    const all = db
      .selectFrom('credentials')
      .innerJoin('environments', 'environments.id', 'credentials.environmentId')
    const some = environmentIds ? all.where('environments.id', 'in', environmentIds) : all
    return some
      .select([
        'credentials.id',
        'credentials.gatewayId',
        'credentials.environmentId',
        'environments.organizationId',
      ])
      .where('credentials.id', 'in', ids)
      .where('credentials.revokedAt', 'is not', null)
      .execute()
  })
}
