import packageJson from '../../package.json' with { type: 'json' }
import type { Config } from '../config/schema.ts'
import { systemClock } from '../system/clock.ts'
import { systemRandom } from '../system/random.ts'
import type { Log } from '../telemetry/log.ts'
import { startVerifier } from '../verifier/verifier.ts'
import { claimAll } from './listeners.ts'
import type { Order } from './command.ts'
import { runProcess, type Up } from './process-run.ts'
import {
  healthSettings,
  listenerSettings,
  trustSettings,
  verifierSettings,
} from './verifier-settings.ts'

/** Runs a verifier until it is told to stop. */
export function run({ rest }: Order): Promise<number> {
  return runProcess(rest, 'verifier', start)
}

async function start(config: Config, log: Log): Promise<Up> {
  await claimAll(config, ['http', 'ops'])
  const verifier = await startVerifier({
    settings: verifierSettings(config),
    health: healthSettings(config, packageJson.version),
    http: listenerSettings(config.listen.http),
    ops: listenerSettings(config.listen.ops),
    trust: trustSettings(config),
    clock: systemClock,
    random: systemRandom,
    log,
  })
  log.info('verifier listens', { http: verifier.ports.http, ops: verifier.ports.ops })
  return { stop: verifier.stop }
}
