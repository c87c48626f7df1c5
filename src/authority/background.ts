import type { NewAuditEntry, Store, WriteTransaction } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import { failure } from '../telemetry/safe-text.ts'

/** Writes that nobody waits for. */
export interface Background {
  /** Writes soon; when too many are waiting, it is left out. */
  readonly write: (work: (tx: WriteTransaction) => Promise<unknown>) => void
  /** Adds an audit entry soon. */
  readonly enter: (entry: NewAuditEntry) => void
  /** Waits for what is being written. */
  readonly close: () => Promise<void>
}

const waitingMax = 1000

/** Creates the line of writes. */
export function createBackground(store: Store, log: Log): Background {
  const waiting = new Set<Promise<void>>()
  const write: Background['write'] = (work) => {
    if (waiting.size >= waitingMax) {
      log.warn('a write in the background was left out: too many are waiting')
      return
    }
    const written = attempt(work).finally(() => waiting.delete(written))
    waiting.add(written)
  }
  const attempt = async (work: (tx: WriteTransaction) => Promise<unknown>) => {
    try {
      await store.write(work)
    } catch (error) {
      log.warn('a write in the background failed', { why: failure(error) })
    }
  }
  return {
    write,
    enter: (entry) => write(async (tx) => tx.appendAudit(entry)),
    async close() {
      await Promise.all(waiting)
    },
  }
}
