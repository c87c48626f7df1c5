// A backup is a folder:
//
//   backup.json    what it is: when it was taken, at which revision, and the hash of every file
//   warder.db      the database as it was at one moment
//   keys/*.root    the secrets under which the database keeps its own
//   admin.json     the first administrator, where it was there

import { hash } from 'node:crypto'
import { copyFile, chmod, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { openSnapshots } from '../store/open.ts'
import { writeFileAtomic } from '../system/atomic-file.ts'
import type { Clock } from '../system/clock.ts'
import { AuthorityRefused } from './settings.ts'

/** What a backup says of itself. */
export interface BackupFacts {
  readonly format: 1
  /** Milliseconds since 1970: what was issued before is in the backup, what was issued after may not be. */
  readonly takenAt: number
  readonly version: string
  readonly epoch: string
  readonly revision: number
  /** SHA-256 of each file by its name. */
  readonly files: Readonly<Record<string, string>>
  /** Whether the key under which secrets are kept is among the files; it may come from the environment instead. */
  readonly holdsKey: boolean
}

export interface BackupParts {
  readonly databaseUrl: string
  readonly dataFolder: string
  /** The folder to make. */
  readonly to: string
  readonly version: string
  readonly clock: Clock
}

/** Which files a backup may hold; nothing else is read or written. */
export const backupFile = /^(?:warder\.db|admin\.json|keys\/[\w-]{16}\.root)$/

/** Makes a backup beside a running authority. The folder is there whole or not at all. */
export async function backUp(parts: BackupParts): Promise<BackupFacts> {
  const { databaseUrl, to } = parts
  if (!databaseUrl.startsWith('sqlite:')) {
    throw new AuthorityRefused(
      'this authority keeps its data in Postgres, which has its own tools: see "Postgres" in docs/guides/backup.md',
    )
  }
  const target = resolve(to)
  if (await isThere(target)) throw new AuthorityRefused(`${to} is there already: name another one`)
  const partial = `${target}.partial`
  await rm(partial, { recursive: true, force: true })
  try {
    await mkdir(join(partial, 'keys'), { recursive: true, mode: 0o700 })
    const facts = await fill(parts, partial)
    await writeFileAtomic(
      join(partial, 'backup.json'),
      `${JSON.stringify(facts, undefined, 2)}\n`,
      0o600,
    )
    await rename(partial, target)
    await syncFolder(dirname(target))
    return facts
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    throw error
  }
}

async function fill(parts: BackupParts, folder: string): Promise<BackupFacts> {
  const { databaseUrl, dataFolder, version, clock } = parts
  // Before the copy begins: what is issued while it is made counts as issued after.
  const takenAt = clock.wall()
  const running = await openSnapshots(databaseUrl)
  try {
    await running.backup(join(folder, 'warder.db'))
  } finally {
    await running.close()
  }
  // Roots are only ever added, and before any row names them: those that the copy names are there.
  const names = ['warder.db']
  for (const name of await keyNames(dataFolder)) {
    await copyPrivate(join(dataFolder, name), join(folder, name))
    names.push(name)
  }
  if (await isThere(join(dataFolder, 'admin.json'))) {
    await copyPrivate(join(dataFolder, 'admin.json'), join(folder, 'admin.json'))
    names.push('admin.json')
  }
  const { epoch, revision, key } = await readCopy(join(folder, 'warder.db'))
  const files = await Promise.all(
    names.map(async (name) => [name, await hashOfFile(join(folder, name))] as const),
  )
  const holdsKey = names.includes(`keys/${key ?? ''}.root`)
  return {
    format: 1,
    takenAt,
    version,
    epoch,
    revision,
    files: Object.fromEntries(files),
    holdsKey,
  }
}

async function readCopy(path: string) {
  const copy = await openSnapshots(`sqlite:${path}`)
  try {
    return await copy.snapshot(async (db) => {
      const { revision } = await db
        .selectFrom('counters')
        .select('revision')
        .executeTakeFirstOrThrow()
      const installation = await db
        .selectFrom('installation')
        .select(['epoch', 'keyEncryptionKey'])
        .executeTakeFirst()
      if (!installation)
        throw new AuthorityRefused('the database is of an authority that never ran')
      return { revision, epoch: installation.epoch, key: installation.keyEncryptionKey }
    })
  } finally {
    await copy.close()
  }
}

/** The names of the root keys in a data folder, as a backup names them. */
export async function keyNames(dataFolder: string): Promise<readonly string[]> {
  const names = await readdir(join(dataFolder, 'keys')).catch(() => [])
  return names.map((name) => `keys/${name}`).filter((name) => backupFile.test(name))
}

/** Copies a file so that its owner alone may read it, and syncs it. */
export async function copyPrivate(from: string, to: string): Promise<void> {
  await copyFile(from, to)
  await chmod(to, 0o600)
  const file = await open(to, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The hash under which a backup names a file. */
export async function hashOfFile(path: string): Promise<string> {
  return hash('sha256', await readFile(path), 'hex')
}

/** Whether there is anything of that name. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await (await open(path, 'r')).close()
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
