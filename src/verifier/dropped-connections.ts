import type { Log } from '../telemetry/log.ts'
import { identifier } from '../telemetry/safe-text.ts'
import type { DroppedConnections } from './thread-setup.ts'

const warnEveryMs = 60_000

/** Warns of connections for which listeners had no room: of the first at once, of what follows once a minute at the most. */
export function createDropWarning(
  log: Log,
  monotonic: () => number,
): (dropped: DroppedConnections) => void {
  const listeners = new Set<string>()
  let count = 0
  let warnedAt = Number.NEGATIVE_INFINITY
  return (dropped) => {
    for (const [listener, more] of Object.entries(dropped)) {
      listeners.add(listener)
      count += more
    }
    const now = monotonic()
    if (now - warnedAt < warnEveryMs) return
    const names = identifier([...listeners].join(' '))
    log.warn('connections are dropped, more came than limits.sockets allows', {
      listeners: names,
      count,
    })
    warnedAt = now
    listeners.clear()
    count = 0
  }
}
