// What is told of outside issuers: to the log, to readiness and to metrics.

import type { KeySet } from '../credential/key-set.ts'
import type { Log } from '../telemetry/log.ts'
import { logLeftOut, logLetGo, logList, logUnusableKeys } from './logging.ts'

/** Told what is wrong with something by name, `undefined` when it is right again. */
export type Note = (name: string, problem: string | undefined) => void

/** Told what becomes of the sources of outside issuers. */
export interface TrustReports {
  /** A source cannot be gone by, or can be again. */
  readonly onSource: Note
  /** Whether a reading of a key set gave one to go by. */
  readonly onKeysRead: (good: boolean) => void
  /** Keys that were left out of a set that is otherwise good. */
  readonly onUnusableKeys: (source: string, unusable: KeySet['unusable']) => void
  /** A key set names no key any more, or names some again. */
  readonly onEmpty: (source: string, isEmpty: boolean) => void
  /** A key set has become too old for its tokens to be judged by, or is new again. */
  readonly onOutdated: (source: string, isOutdated: boolean) => void
  /** A list names so many ids; so many are gone from it, and count for a little longer. */
  readonly onList: (source: string, ids: number, gone: number) => void
  /** So many ids that were gone from a list count no more. */
  readonly onLetGo: (source: string, gone: number) => void
}

export interface TrustReportsParts extends Pick<TrustReports, 'onSource' | 'onKeysRead'> {
  readonly log: Log
  /** Told why tokens of an outside issuer do not count though its files are in order, `undefined` when they do. */
  readonly say: Note
}

/** The reports, and who else leaves an issuer out. */
export interface ReportedTrust extends TrustReports {
  readonly leaveOut: Note
}

/** Makes the reports. */
export function createTrustReports(parts: TrustReportsParts): ReportedTrust {
  const { log, say, onSource, onKeysRead } = parts
  const leaveOut: Note = (name, why) => {
    say(name, why)
    if (why !== undefined) logLeftOut(log, name, why)
  }
  return {
    onSource,
    onKeysRead,
    leaveOut,
    onUnusableKeys: (name, unusable) => logUnusableKeys(log, name, unusable),
    onEmpty(source, isEmpty) {
      leaveOut(`keys of ${source}`, isEmpty ? 'there are none, every token is refused' : undefined)
    },
    onOutdated(source, isOutdated) {
      const why = isOutdated ? 'too old, tokens are answered as outage.expired says' : undefined
      leaveOut(`age of ${source}`, why)
    },
    onList: (name, ids, gone) => logList(log, name, ids, gone),
    onLetGo: (name, gone) => logLetGo(log, name, gone),
  }
}
