import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { parseJsonObject, isJsonObject } from '../credential/strict-json.ts'
import { holdDatabase, openStore } from '../store/open.ts'
import { verifyAudit } from '../store/verify.ts'
import type { Clock } from '../system/clock.ts'
import { backupFile, copyPrivate, hashOfFile, isThere, keyNames } from './backup.ts'
import { renew, type Renewal } from './renewal.ts'
import { AuthorityRefused } from './settings.ts'

export interface RestoreParts {
  readonly from: string
  readonly databasePath: string
  readonly dataFolder: string
  readonly keyEncryptionKey: string | undefined
  readonly clock: Clock
}

/** What was restored. */
export interface Restored extends Renewal {
  readonly takenAt: number
}

/** Puts a backup where there is nothing yet, in a new epoch. What is in the way stays as it is. */
export async function restore(parts: RestoreParts): Promise<Restored> {
  const { from, dataFolder, keyEncryptionKey, clock } = parts
  const database = resolve(parts.databasePath)
  const { takenAt, files } = await readBackup(from)
  await refuseOverwriting(dataFolder, database)
  // Somebody may start an authority here before the restore has ended.
  const held = await holdDatabase(`sqlite:${database}`)
  const staging = `${database}.restoring`
  try {
    await refuseOverwriting(dataFolder, database)
    await rm(staging, { recursive: true, force: true })
    await mkdir(join(staging, 'keys'), { recursive: true, mode: 0o700 })
    for (const name of Object.keys(files)) await copyPrivate(join(from, name), join(staging, name))
    const renewal = await renewCopy(staging, { keyEncryptionKey, clock, takenAt })
    await moveIn(Object.keys(files), { staging, dataFolder, database })
    return { ...renewal, takenAt }
  } finally {
    await rm(staging, { recursive: true, force: true })
    await held.close()
  }
}

async function readBackup(from: string) {
  const bytes = await readFile(join(from, 'backup.json')).catch(() => undefined)
  const read = bytes && parseJsonObject(bytes)
  const { format, takenAt, files } = read ?? {}
  if (typeof takenAt !== 'number' || !isJsonObject(files)) {
    throw new AuthorityRefused(`${from} is no backup: name the folder that "warder backup" made`)
  }
  if (format !== 1) {
    throw new AuthorityRefused('the backup is of a newer program: restore it with that one')
  }
  for (const [name, hash] of Object.entries(files)) {
    const known = backupFile.test(name)
    const now = known ? await hashOfFile(join(from, name)).catch(() => undefined) : undefined
    if (now !== hash) throw new AuthorityRefused(`${name} of the backup is damaged: take another`)
  }
  if (!Object.hasOwn(files, 'warder.db')) throw new AuthorityRefused('the backup has no database')
  return { takenAt, files }
}

async function refuseOverwriting(dataFolder: string, database: string): Promise<void> {
  const inTheWay = [database, `${database}-wal`, join(dataFolder, 'admin.json')]
  const keys = (await keyNames(dataFolder)).map((name) => join(dataFolder, name))
  for (const path of [...inTheWay, ...keys]) {
    if (!(await isThere(path))) continue
    throw new AuthorityRefused(
      `${path} is there, and a restore overwrites nothing: move it away, or name another --data`,
    )
  }
}

const renewed = 'renewed.db'

/** Checks the copy and begins its new epoch, before it is anywhere that somebody would serve it from. */
async function renewCopy(
  staging: string,
  rest: Pick<RestoreParts, 'keyEncryptionKey' | 'clock'> & { readonly takenAt: number },
): Promise<Renewal> {
  const store = await openStore({ url: `sqlite:${join(staging, 'warder.db')}` })
  try {
    const verdict = await verifyAudit(store)
    if (verdict.kind === 'broken') {
      throw new AuthorityRefused(
        `the audit of the backup is broken at entry ${verdict.at}: take another backup`,
      )
    }
    const renewal = await renew({ store, keysFolder: join(staging, 'keys'), ...rest })
    // One file, whole: what was just written is still in a log beside the other.
    await store.backup(join(staging, renewed))
    return renewal
  } finally {
    await store.close()
  }
}

interface Places {
  readonly staging: string
  readonly dataFolder: string
  readonly database: string
}

/** The database comes last: without it nothing starts, and a restore that was cut off can be told from one that was not. */
async function moveIn(
  names: readonly string[],
  { staging, dataFolder, database }: Places,
): Promise<void> {
  await mkdir(join(dataFolder, 'keys'), { recursive: true, mode: 0o700 })
  await mkdir(dirname(database), { recursive: true, mode: 0o700 })
  for (const name of names.filter((each) => each !== 'warder.db')) {
    await copyPrivate(join(staging, name), join(dataFolder, name))
  }
  await rename(join(staging, renewed), database)
}
