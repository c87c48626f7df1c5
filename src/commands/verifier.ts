import process from 'node:process'
import packageJson from '../../package.json' with { type: 'json' }
import { printAddress } from '../config/address.ts'
import type { Config } from '../config/schema.ts'
import { systemClock } from '../system/clock.ts'
import { systemRandom } from '../system/random.ts'
import { onStopSignal } from '../system/signals.ts'
import { createLog, type RootLog } from '../telemetry/log.ts'
import { identifier } from '../telemetry/safe-text.ts'
import { TlsFilesError } from '../verifier/tls-files.ts'
import { startVerifier, type Verifier } from '../verifier/verifier.ts'
import { authorityLink, EnrolmentError } from './authority-link.ts'
import { readStartConfig } from './start-config.ts'
import {
  healthSettings,
  listenerSettings,
  trustSettings,
  verifierSettings,
} from './verifier-settings.ts'

const usage = `warder verifier [--config FILE] [FLAGS]

  answers gateways: from an authority's feed, or, without one, by the issuers under "trust"

  example: warder verifier --config /etc/warder/warder.yaml
`

/** Runs a verifier until it is told to stop. */
export async function run(words: readonly string[]): Promise<number> {
  if (words.includes('--help')) {
    process.stdout.write(usage)
    return 0
  }
  const config = readStartConfig(words, 'verifier')
  if (!config) return 1
  const log = createLog({ level: config.log.level, fd: 2, now: systemClock.wall })
  // Heard from the start: a signal that comes while threads begin to answer must not cut them off.
  const stopped = new Promise<string>((resolve) => onStopSignal(resolve))
  const verifier = await start(config, log)
  if (!verifier) {
    await log.close()
    return 1
  }
  log.info('verifier listens', { ...verifier.ports })
  log.info('verifier stops', { signal: identifier(await stopped) })
  await verifier.stop()
  await log.close()
  return 0
}

async function start(config: Config, log: RootLog): Promise<Verifier | undefined> {
  try {
    return await startVerifier({
      settings: verifierSettings(config),
      health: healthSettings(config, packageJson.version),
      http: listenerSettings(config.listen.http),
      grpc: config.doors.grpc.enabled ? listenerSettings(config.listen.grpc) : undefined,
      ops: listenerSettings(config.listen.ops),
      trust: trustSettings(config),
      authority: await authorityLink(config, log),
      clock: systemClock,
      random: systemRandom,
      log,
    })
  } catch (error) {
    if (error instanceof TlsFilesError || error instanceof EnrolmentError) {
      process.stderr.write(`warder: cannot start: ${error.message}\n`)
      return undefined
    }
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const { http, grpc, ops } = config.listen
    const places = [http, grpc, ops].map(({ address }) => printAddress(address))
    process.stderr.write(
      `warder: cannot listen (${code}) at ${places.join(' or ')}: ` +
        'free it, or set --listen-http, --listen-grpc or --listen-ops to another address\n',
    )
    return undefined
  }
}
