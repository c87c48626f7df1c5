import { setTimeout as pause } from 'node:timers/promises'
import type { Store } from '../store/store.ts'
import type { Log } from '../telemetry/log.ts'
import { failure } from '../telemetry/safe-text.ts'
import type { SigningKeys } from './signing-keys.ts'

/** Reads the keys again whenever a change says that they are others now, whichever process has made it. */
export interface KeyWatch {
  readonly close: () => Promise<void>
}

const retryMs = 1000

/** Begins to watch. */
export function watchKeys(store: Store, keys: SigningKeys, log: Log): KeyWatch {
  const stop = new AbortController()
  let seen = 0
  let newest = 0
  let looking: Promise<void> | undefined

  const look = async () => {
    const until = newest
    const changed = await store.read((db) =>
      db
        .selectFrom('changes')
        .select('revision')
        .where('revision', '>', seen)
        .where('kind', 'in', ['key-added', 'key-retired'])
        .limit(1)
        .executeTakeFirst(),
    )
    if (changed) await keys.reload()
    seen = until
  }
  const behind = () => seen < newest && !stop.signal.aborted
  const catchUp = async () => {
    while (behind()) {
      try {
        await look()
      } catch (error) {
        log.warn('the signing keys could not be read again', { why: failure(error) })
        await pause(retryMs, undefined, { signal: stop.signal }).catch(() => undefined)
      }
    }
    looking = undefined
  }
  const stopNews = store.onRevision((revision) => {
    newest = revision
    looking ??= catchUp()
  })
  return {
    async close() {
      stop.abort()
      stopNews()
      await looking
    },
  }
}
