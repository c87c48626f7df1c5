import { setFlagsFromString } from 'node:v8'
import packageJson from '../../package.json' with { type: 'json' }
import type { Config } from '../config/schema.ts'
import { systemClock } from '../system/clock.ts'
import { systemRandom } from '../system/random.ts'
import type { Log } from '../telemetry/log.ts'
import { startVerifier } from '../verifier/verifier.ts'
import { authorityLink } from './authority-link.ts'
import { claimAll } from './listeners.ts'
import type { Order } from './command.ts'
import { tellOfSockets } from './open-sockets.ts'
import { runProcess, type Up } from './process-run.ts'
import {
  boundFiles,
  healthSettings,
  listenerSettings,
  threadListeners,
  trustSettings,
  verifierSettings,
} from './verifier-settings.ts'

/** Runs a verifier until it is told to stop. */
export function run({ rest }: Order): Promise<number> {
  return runProcess(rest, 'verifier', start)
}

async function start(config: Config, log: Log): Promise<Up> {
  // The main thread waits for news. Lists and reports that it reads now and then would have V8 give it ever more room to leave
  // garbage in, up to 64 MB and the buffers that wait there. Threads that answer have all of theirs from the start.
  setFlagsFromString('--semi-space-growth-factor=1')
  const listeners = threadListeners(config)
  const ops = listenerSettings(config.listen.ops)
  await claimAll({ ...listeners, ops })
  const settings = verifierSettings(config)
  tellOfSockets(log, config, settings.limits.sockets)
  const verifier = await startVerifier({
    settings,
    health: healthSettings(config, packageJson.version),
    ...listeners,
    bound: boundFiles(config),
    ops,
    trust: trustSettings(config),
    authority: await authorityLink(config, log),
    clock: systemClock,
    random: systemRandom,
    log,
  })
  log.info('verifier listens', { ...verifier.ports })
  return { stop: verifier.stop }
}
