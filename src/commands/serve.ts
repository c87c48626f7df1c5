import process from 'node:process'
import packageJson from '../../package.json' with { type: 'json' }
import type { Config } from '../config/schema.ts'
import { systemClock } from '../system/clock.ts'
import { systemRandom } from '../system/random.ts'
import type { Log } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { failure } from '../telemetry/safe-text.ts'
import { explainNote } from '../verifier/explaining.ts'
import { createLocalLink } from '../verifier/local-link.ts'
import { createRecentRefusals } from '../verifier/recent-refusals.ts'
import { startVerifier } from '../verifier/verifier.ts'
import { openAuthority, type OpenedAuthority } from './authority-process.ts'
import type { Order } from './command.ts'
import { tellOfSockets } from './open-sockets.ts'
import { runProcess, type Up } from './process-run.ts'
import { print } from './terminal.ts'
import {
  boundFiles,
  healthSettings,
  listenerSettings,
  threadListeners,
  trustSettings,
  verifierSettings,
} from './verifier-settings.ts'
import { welcome } from './welcome.ts'

const { version } = packageJson

/** Runs authority and verifier in one process until it is told to stop. */
export function run({ rest }: Order): Promise<number> {
  return runProcess(rest, 'serve', start)
}

async function start(config: Config, log: Log): Promise<Up> {
  const metrics = createMetrics()
  const recent = createRecentRefusals()
  const settings = verifierSettings(config, 1)
  const { sockets } = settings.limits
  const listeners = threadListeners(config)
  const ops = listenerSettings(config.listen.ops)
  const opened = await openAuthority({
    config,
    others: { ...listeners, ops },
    sockets,
    log,
    metrics,
    async recall(decisionId) {
      const note = await recent.find(decisionId)
      return note && explainNote(note)
    },
  })
  const { authority } = opened
  const link = createLocalLink({
    feed: authority.feed,
    authority: config.publicUrl,
    name: 'serve',
    version,
    recordUsage: authority.recordUsage,
    revokedPresented: authority.revokedPresented,
    onUsageLost: (error) => log.warn('uses of credentials were lost', { why: failure(error) }),
  })
  const ending = [opened.close, opened.stop]
  const stop = async () => {
    for (const end of ending.splice(0).toReversed()) await end()
  }
  tellOfSockets(log, config, sockets)
  try {
    const verifier = await startVerifier({
      settings,
      health: healthSettings(config, version),
      ...listeners,
      bound: boundFiles(config),
      ops,
      trust: trustSettings(config),
      authority: link,
      clock: systemClock,
      random: systemRandom,
      log,
      metrics,
      recent,
    })
    // Management ends first: what is revoked while the verifier lets go of its feed would reach nobody.
    ending.splice(1, 0, link.settled, verifier.stop)
    await opened.listen()
    greet(config, log, { opened, http: verifier.ports.http })
    return { stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function greet(
  config: Config,
  log: Log,
  { opened, http }: { readonly opened: OpenedAuthority; readonly http: number | undefined },
): void {
  if (process.stdout.isTTY) print(welcome(config, { version, first: opened.first }))
  else log.info('authority and verifier listen', { http, first: opened.first })
}
