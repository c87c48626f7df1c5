import type { Role } from '../config/checks.ts'
import type { Config } from '../config/schema.ts'
import { systemClock } from '../system/clock.ts'
import { onStopSignal } from '../system/signals.ts'
import { createLog, type Log } from '../telemetry/log.ts'
import { identifier } from '../telemetry/safe-text.ts'
import { readStartConfig } from './start-config.ts'
import { startProblem } from './start-problem.ts'
import { tell } from './terminal.ts'

/** A process that is up. */
export interface Up {
  /** Ends what is under way, and then everything. */
  readonly stop: () => Promise<void>
}

/** Runs a process by its configuration until it is told to stop; resolves to the exit code. */
export async function runProcess(
  words: readonly string[],
  role: Role,
  start: (config: Config, log: Log) => Promise<Up>,
): Promise<number> {
  const config = readStartConfig(words, role)
  if (typeof config === 'number') return config
  const log = createLog({ level: config.log.level, fd: 2, now: systemClock.wall })
  // Heard from the start: a signal that comes while it begins to answer must not cut it off.
  const stopped = new Promise<string>((resolve) => onStopSignal(resolve))
  try {
    const up = await begin(config, () => start(config, log))
    if (!up) return 1
    log.info('stops', { signal: identifier(await stopped) })
    await up.stop()
    return 0
  } finally {
    await log.close()
  }
}

async function begin(config: Config, start: () => Promise<Up>): Promise<Up | undefined> {
  try {
    return await start()
  } catch (error) {
    tell(`warder: ${startProblem(error, config)}`)
    return undefined
  }
}
