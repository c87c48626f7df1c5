import { createAuthority, type Authority, type AuthorityParts } from '../authority/authority.ts'
import { openStore } from '../authority/database.ts'
import { ensureFirstStart } from '../authority/first-start.ts'
import type { Config } from '../config/schema.ts'
import { systemClock } from '../system/clock.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { identifier } from '../telemetry/safe-text.ts'
import { listenRefused } from '../verifier/listen-refused.ts'
import { secureContext, watchTlsFiles } from '../verifier/tls-files.ts'
import { authoritySettings, databaseUrl } from './authority-settings.ts'
import { codeOf } from '../system/error-code.ts'
import { claimAll, type Listeners } from './listeners.ts'
import { listenerSettings } from './verifier-settings.ts'

/** An authority that is ready to listen. */
export interface OpenedAuthority {
  readonly authority: Authority
  /** Whether this start has made the first administrator. */
  readonly first: boolean
  readonly listen: () => Promise<void>
  /** Stops answering; the database stays open for what others still have to write. */
  readonly stop: () => Promise<void>
  /** Lets go of the database. */
  readonly close: () => Promise<void>
}

export interface OpenAuthorityParts {
  readonly config: Config
  /** The other listeners of the process: all have to be free before anything is made. */
  readonly others: Listeners
  /** How many connections the authority may have. */
  readonly sockets: number
  readonly log: Log
  readonly metrics: Metrics
  /** Asks a verifier in this process about a refusal. */
  readonly recall?: AuthorityParts['recall']
}

/** Opens the database, makes what a first start has to make, and assembles the authority. */
export async function openAuthority(parts: OpenAuthorityParts): Promise<OpenedAuthority> {
  const { config, others } = parts
  const store = await openStore({ url: databaseUrl(config) })
  try {
    await claimAll({ ...others, authority: listenerSettings(config.listen.authority) })
    return await assemble(parts, store)
  } catch (error) {
    await store.close()
    throw error
  }
}

async function assemble(
  { config, sockets, log, metrics, recall }: OpenAuthorityParts,
  store: Awaited<ReturnType<typeof openStore>>,
): Promise<OpenedAuthority> {
  const settings = authoritySettings(config, sockets)
  const common = { store, settings, clock: systemClock }
  const installation = await ensureFirstStart({
    ...common,
    dataFolder: config.data,
    keyEncryptionKey: config.keyEncryptionKey?.reveal(),
  })
  const listener = listenerSettings(config.listen.authority)
  const watch =
    listener?.tls &&
    (await watchTlsFiles({
      files: listener.tls,
      onChange: (tls) => authority.setTls(secureContext(tls)),
      onProblem(problem) {
        if (problem !== undefined) {
          log.warn('the TLS files of the authority are not in order', {
            problem: identifier(problem),
          })
        }
      },
    }))
  const tls = watch && secureContext(watch.first)
  const asked = recall && { recall }
  const authority = await createAuthority({ ...common, installation, log, metrics, tls, ...asked })
  return {
    authority,
    first: installation.first,
    async listen() {
      if (!listener) return
      try {
        await authority.listen(listener.at)
      } catch (error) {
        throw listenRefused('listen.authority', listener.at, codeOf(error))
      }
    },
    async stop() {
      watch?.close()
      await authority.close()
    },
    close: () => store.close(),
  }
}
