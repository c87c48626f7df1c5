import { backUp } from '../authority/backup.ts'
import { openStore } from '../authority/database.ts'
import { renew } from '../authority/renewal.ts'
import { restore } from '../authority/restore.ts'
import { join } from 'node:path'
import packageJson from '../../package.json' with { type: 'json' }
import type { Config } from '../config/schema.ts'
import { systemClock } from '../system/clock.ts'
import { databaseUrl } from './authority-settings.ts'
import type { Order } from './command.ts'
import { CommandFailed, reported } from './failed.ts'
import { readStartConfig } from './start-config.ts'
import { problemText } from './start-problem.ts'
import { show, tell } from './terminal.ts'

/** Copies database and keys of an authority that may be running. */
export function makeBackup(order: Order): Promise<number> {
  const to = order.arg(0)
  return onInstallation(order, async (config) => {
    const facts = await backUp({
      databaseUrl: databaseUrl(config),
      dataFolder: config.data,
      to,
      version: packageJson.version,
      clock: systemClock,
    })
    const { takenAt, revision, holdsKey } = facts
    const shown = { takenAt: new Date(takenAt).toISOString(), revision, holdsKey }
    show(
      order,
      shown,
      () => `${to} holds everything as of ${shown.takenAt}, revision ${revision}\n`,
    )
    if (holdsKey) tell('it holds the keys too: who can read it can issue credentials')
    else tell('it does not hold WARDER_KEY_ENCRYPTION_KEY, without which it cannot be used')
  })
}

/** Puts a backup back, or begins a new epoch where the database was put back by other means. */
export function restoreBackup(order: Order): Promise<number> {
  const [from, given] = [order.argIfAny(0), order.value('taken-at')]
  const takenAt = given === undefined ? undefined : timeOf(given)
  if ((from === undefined) === (given === undefined) || Number.isNaN(takenAt)) {
    tell(
      'warder: name the backup, or, for a database that was put back by other means, --taken-at with its time: 2026-11-21T04:00:00Z',
    )
    return Promise.resolve(2)
  }
  return onInstallation(order, async (config) => {
    const restored =
      takenAt === undefined
        ? await restoreFolder(config, from ?? '')
        : await restoreInPlace(config, takenAt)
    const at = new Date(restored.takenAt).toISOString()
    const { epoch, revision, revoked } = restored
    show(
      order,
      { takenAt: at, epoch, revision, revoked },
      () => `restored as of ${at}, revision ${revision}\n`,
    )
    tell('what was issued since then is refused; new credentials are signed with a new key')
    if (revoked.length > 0) tell(`of the very second, and so revoked: ${revoked.join(', ')}`)
    tell(
      `what was revoked, disabled or deleted since ${at} counts again: end it anew before anybody asks`,
    )
  })
}

/** A time without a zone would be this machine's, and what was issued in the hours between would count, unknown. */
function timeOf(text: string): number {
  const isWhole = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(text)
  return isWhole ? Date.parse(text) : Number.NaN
}

function restoreFolder(config: Config, from: string) {
  if (config.database.kind !== 'sqlite') {
    throw new CommandFailed(
      'a backup goes into SQLite: for Postgres see "Postgres" in docs/guides/backup.md',
    )
  }
  return restore({
    from,
    databasePath: config.database.path,
    dataFolder: config.data,
    keyEncryptionKey: config.keyEncryptionKey?.reveal(),
    clock: systemClock,
  })
}

async function restoreInPlace(config: Config, takenAt: number) {
  if (takenAt > systemClock.wall()) throw new CommandFailed('--taken-at is in the future')
  const store = await openStore({ url: databaseUrl(config) })
  try {
    const renewal = await renew({
      store,
      keysFolder: join(config.data, 'keys'),
      keyEncryptionKey: config.keyEncryptionKey?.reveal(),
      clock: systemClock,
      takenAt,
    })
    return { ...renewal, takenAt }
  } finally {
    await store.close()
  }
}

async function onInstallation(
  order: Order,
  work: (config: Config) => Promise<void>,
): Promise<number> {
  const flags = ['data', 'config'].flatMap((name) => {
    const value = order.value(name)
    return value === undefined ? [] : [`--${name}=${value}`]
  })
  const config = readStartConfig(flags)
  if (typeof config === 'number') return config
  return reported(async () => {
    try {
      await work(config)
    } catch (error) {
      throw error instanceof CommandFailed
        ? error
        : new CommandFailed(problemText(error, config), { cause: error })
    }
  })
}
