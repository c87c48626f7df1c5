import { createHash } from 'node:crypto'
import { watch, type FSWatcher } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from './error-code.ts'

// Editors rename a new file over the old one, Kubernetes swaps a symlink two folders away, and some file systems tell
// nobody. So the folder is watched for news and the path is looked at every now and then; either only causes a look:
// whether anything changed is decided by the content.

/** What was found at a watched path: its whole content, or the code of the error that kept it from being read. */
export type Reading =
  | { readonly kind: 'content'; readonly bytes: Buffer }
  | { readonly kind: 'unreadable'; readonly code: string }

/** How a file is to be watched. */
export interface WatchOptions {
  readonly path: string
  /** Told each time that the content is another one, or has become readable or unreadable. */
  readonly onChange: (reading: Reading) => void
  /** How long the folder must have been quiet before the file is read; one that is never quiet is waited for ten times as long. */
  readonly debounceMs?: number
  /** How often the path is looked at without any news. */
  readonly pollMs?: number
}

/** A file under watch. */
export interface FileWatch {
  /** What was there when the watch began. */
  readonly first: Reading
  close(): void
}

async function read(path: string): Promise<Reading> {
  try {
    return { kind: 'content', bytes: await readFile(path) }
  } catch (error) {
    return { kind: 'unreadable', code: codeOf(error) }
  }
}

// Watched files can be large (a list of revoked ids), so what is remembered of them is a hash.
function fingerprint(reading: Reading): string {
  return reading.kind === 'content'
    ? createHash('sha256').update(reading.bytes).digest('base64')
    : reading.code
}

async function look(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`
  } catch (error) {
    return codeOf(error)
  }
}

function watchFolder(path: string, onNews: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(dirname(path), { persistent: false }, onNews)
    // A watcher that fails stays silent from then on, which leaves the periodic look.
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    // No folder yet, or no watches left on this machine: the periodic look serves alone.
    return undefined
  }
}

const patience = 10

/** Watches the content of one file, whatever way it is replaced; keeps no process alive. */
export async function watchFile(options: WatchOptions): Promise<FileWatch> {
  const { path, onChange, debounceMs = 100, pollMs = 2000 } = options
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let latest: NodeJS.Timeout | undefined
  let reading = false
  let again = false

  let seen = await look(path)
  const first = await read(path)
  let known = fingerprint(first)

  const unschedule = () => {
    clearTimeout(timer)
    clearTimeout(latest)
    latest = undefined
  }
  const reload = async () => {
    unschedule()
    if (reading) {
      again = true
      return
    }
    reading = true
    seen = await look(path)
    const found = await read(path)
    reading = false
    if (closed) return
    if (again) {
      again = false
      schedule()
    }
    const print = fingerprint(found)
    if (print === known) return
    known = print
    onChange(found)
  }
  const schedule = () => {
    clearTimeout(timer)
    timer = setTimeout(() => void reload(), debounceMs).unref()
    // In a folder where something is written all the time.
    latest ??= setTimeout(() => {
      latest = undefined
      void compare(reload)
    }, debounceMs * patience).unref()
  }
  const compare = async (onOther: () => unknown) => {
    const now = await look(path)
    if (!closed && now !== seen) onOther()
  }
  const poll = setInterval(() => void compare(schedule), pollMs).unref()
  const watcher = watchFolder(path, schedule)

  return {
    first,
    close() {
      closed = true
      unschedule()
      clearInterval(poll)
      watcher?.close()
    },
  }
}
