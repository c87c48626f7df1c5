import type { Config } from '../config/schema.ts'
import { openFilesMax } from '../system/open-files.ts'
import type { Log } from '../telemetry/log.ts'
import type { ThreadListenerParts } from '../verifier/verifier.ts'

/** What is left for health, feed and files when all listeners are full. */
const filesApart = 128
const filesPerWorker = 16

/** The connections of one listener of a thread: never so many that the process could open nothing else. */
export function socketsMax({ workers, limits }: Config, listeners: ThreadListenerParts): number {
  const count = Object.values(listeners).filter((each) => each !== undefined).length
  const room = openFilesMax() - filesApart - filesPerWorker * workers
  const share = Math.floor(room / (workers * Math.max(1, count)))
  return Math.max(1, Math.min(limits.sockets, share))
}

/** Says so where the system allows fewer connections than the configuration. */
export function tellOfSockets(log: Log, config: Config, sockets: number): void {
  const { sockets: configured } = config.limits
  if (sockets === configured) return
  log.info('the system allows fewer open files than limits.sockets needs', { sockets, configured })
}
