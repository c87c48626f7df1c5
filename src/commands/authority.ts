import packageJson from '../../package.json' with { type: 'json' }
import { migrateStore, moveToPostgres } from '../authority/database.ts'
import type { Config } from '../config/schema.ts'
import { systemClock } from '../system/clock.ts'
import type { Log } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { startAuthorityOps } from './authority-ops.ts'
import { openAuthority } from './authority-process.ts'
import { databaseUrl } from './authority-settings.ts'
import type { Order } from './command.ts'
import { socketsMax, tellOfSockets } from './open-sockets.ts'
import { runProcess, type Up } from './process-run.ts'
import { readStartConfig } from './start-config.ts'
import { problemText, startProblem } from './start-problem.ts'
import { tell } from './terminal.ts'
import { listenerSettings } from './verifier-settings.ts'

/** Runs an authority without a verifier until it is told to stop. */
export function run({ rest }: Order): Promise<number> {
  return runProcess(rest, 'authority', start)
}

async function start(config: Config, log: Log): Promise<Up> {
  const metrics = createMetrics()
  const sockets = socketsMax(config, { workers: 0, each: 0, others: 1 })
  tellOfSockets(log, config, sockets)
  const others = { ops: listenerSettings(config.listen.ops) }
  const opened = await openAuthority({ config, others, sockets, log, metrics })
  const ending = [opened.close, opened.stop]
  const stop = async () => {
    for (const end of ending.splice(0).toReversed()) await end()
  }
  try {
    const { version } = packageJson
    const { trouble } = opened.authority
    const common = { config, metrics, version, clock: systemClock, log }
    const ops = await startAuthorityOps({ ...common, trouble })
    ending.unshift(ops.close)
    ending.push(async () => ops.draining())
    await opened.listen()
    log.info('authority listens', { first: opened.first })
    return { stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Brings the database forward to this program's schema. */
export async function migrate({ rest }: Order): Promise<number> {
  const config = readStartConfig(rest, 'authority')
  if (typeof config === 'number') return config
  try {
    await migrateStore(databaseUrl(config))
    tell('the database has the schema of this program')
    return 0
  } catch (error) {
    tell(`warder: ${startProblem(error, config)}`)
    return 1
  }
}

/** Moves a SQLite database into the Postgres database of the configuration. */
export async function move(order: Order): Promise<number> {
  const from = order.value('from')
  if (from === undefined) {
    tell('warder: --from is missing: the SQLite database, usually data/warder.db')
    return 2
  }
  const config = readStartConfig(order.rest, 'authority')
  if (typeof config === 'number') return config
  if (config.database.kind !== 'postgres') {
    tell('warder: the database to move to is not on Postgres: set WARDER_DATABASE=postgres://…')
    return 1
  }
  try {
    const { gateways, credentials, audit } = await moveToPostgres(from, databaseUrl(config))
    tell(`moved ${gateways} gateways, ${credentials} credentials and ${audit} entries of the audit`)
    return 0
  } catch (error) {
    tell(`warder: ${problemText(error, config)}`)
    return 1
  }
}
