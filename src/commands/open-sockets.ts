import type { Config } from '../config/schema.ts'
import { openFilesMax } from '../system/open-files.ts'
import type { Log } from '../telemetry/log.ts'

/** What is left for health, feed and files when all listeners are full. */
const filesApart = 128
const filesPerWorker = 16

export interface ListenerCounts {
  /** How many threads answer gateways. */
  readonly workers: number
  /** How many listeners each of them has. */
  readonly each: number
  /** How many others the process has whose connections are many: that of the authority. */
  readonly others: number
}

/** The connections of one listener of a thread, or another one: never so many that the process could open nothing else. */
export function socketsMax({ limits }: Config, { workers, each, others }: ListenerCounts): number {
  const room = openFilesMax() - filesApart - filesPerWorker * workers
  const share = Math.floor(room / Math.max(1, workers * each + others))
  return Math.max(1, Math.min(limits.sockets, share))
}

/** Says so where the system allows fewer connections than the configuration. */
export function tellOfSockets(log: Log, config: Config, sockets: number): void {
  const { sockets: configured } = config.limits
  if (sockets === configured) return
  log.info('the system allows fewer open files than limits.sockets needs', { sockets, configured })
}
