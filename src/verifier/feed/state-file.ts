// What a verifier keeps on disk, to start without its authority:
//
//   state            head: {"version":3,"verifier":"…","generation":…,"epoch":…,"revision":…,"logBytes":…,"heartbeat":{…},…}
//   state.N.snapshot manifest line, line feed, body: as received, never changed
//   state.N.former   the ids that were revoked in former epochs, named in the head by their SHA-256
//   state.N.log      two marks, see log-marks.ts, then frames: length (4 bytes, big-endian), CRC-32 of the line (4
//                    bytes), the line as received
//
// The log is synced, with the mark of where it ends, before what it holds is acknowledged; the head is renamed into
// place every few seconds, with the last heartbeat. A log that ends before its mark or its head says, or any part that
// does not verify, is no state: all of it is put aside under another name and never loaded.

import { hash } from 'node:crypto'
import { constants } from 'node:fs'
import { readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import {
  isJsonObject,
  parseJsonObject,
  type JsonObject,
  type JsonValue,
} from '../../credential/strict-json.ts'
import { writeFileAtomic } from '../../system/atomic-file.ts'
import type { FeedKeyRecord } from './feed-keys.ts'
import { beginLog, openLog, readLog, type LogFile } from './log-file.ts'
import type { LogMarks } from './log-marks.ts'
import { codeOf } from '../../system/error-code.ts'

/** The last word of the authority. */
export interface KeptHeartbeat {
  /** When it came, by this machine's wall clock, and when it was signed, by the authority's. */
  readonly arrivedWall: number
  readonly at: number
  /** For how long the authority then took it that this verifier would go on unheard. */
  readonly expireAfterMs: number
  /** Where the authority's audit ended; empty before the first heartbeat of an epoch. */
  readonly auditHead: string
}

/** Everything that was kept, checked for having been written whole, but not for being true. */
export interface KeptState {
  readonly epoch: string
  readonly revision: number
  readonly heartbeat: KeptHeartbeat
  readonly keys: JsonValue
  readonly manifest: string
  readonly body: Buffer
  readonly lines: readonly string[]
  /** Who was revoked in former epochs. */
  readonly former: Buffer
}

type Found =
  | { readonly kind: 'state'; readonly state: KeptState }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'broken'; readonly problem: string }

/** What the head says besides where the log ends. */
export interface HeadFacts {
  readonly epoch: string
  readonly revision: number
  readonly heartbeat: KeptHeartbeat
  readonly keys: FeedKeyRecord
}

/** What a log begins with. */
interface Beginning {
  readonly manifest: string
  readonly body: Buffer
  /** Lines behind the snapshot that are known already. */
  readonly lines: readonly string[]
  readonly former: Buffer
}

export interface StateFile {
  readonly load: () => Promise<Found>
  /** Begins anew with a snapshot. */
  readonly begin: (beginning: Beginning, head: HeadFacts) => Promise<void>
  /** Adds lines and syncs them. */
  readonly append: (lines: readonly string[]) => Promise<void>
  /** Whether the log has become so long that it is time to begin anew. */
  readonly isLong: () => boolean
  /** Notes the last heartbeat. */
  readonly touch: (head: HeadFacts) => Promise<void>
  /** Puts what is there aside, for somebody to look at. */
  readonly putAside: (name: string) => Promise<void>
  readonly close: () => Promise<void>
}

const version = 3
const mode = 0o600
/** In bytes, how long a log usually is when it is long. */
const usual = 4 * 1024 * 1024

const partNames = ['snapshot', 'log', 'former'] as const
type Part = (typeof partNames)[number]

/**
 * Makes the keeper of a verifier's files, which begin with a path; a log is long once it is so, and longer than its
 * snapshot.
 */
export function createStateFile(path: string, verifier: string, longAfter = usual): StateFile {
  let generation = 0
  let log: LogFile | undefined
  let snapshotBytes = 0
  let formerSum = sumOf(Buffer.alloc(0))

  const partPath = (part: Part) => `${path}.${generation}.${part}`
  const partPaths = () => partNames.map(partPath)
  const close = async () => {
    await log?.close()
    log = undefined
  }
  const writeHead = (head: HeadFacts) => {
    const ends = { logBytes: log?.end ?? 0, former: formerSum }
    const facts = { version, verifier, generation, ...head, ...ends }
    return writeFileAtomic(path, JSON.stringify(facts), mode)
  }

  return {
    async load() {
      const head = await readHead(path, verifier)
      if (typeof head === 'string') return head === 'ENOENT' ? { kind: 'nothing' } : broken(head)
      generation = head.generation
      const read = await readGeneration(head, partPaths())
      if (typeof read === 'string') return broken(read)
      const { state } = read
      snapshotBytes = state.body.length
      formerSum = head.former
      log = await openLog(partPath('log'), read.marks)
      return { kind: 'state', state }
    },
    async begin({ manifest, body, lines, former }, head) {
      const old = partPaths()
      await close()
      generation++
      try {
        await writeFileAtomic(partPath('snapshot'), contentOf(manifest, body), mode)
        await writeFileAtomic(partPath('former'), former, mode)
        log = await beginLog(partPath('log'), lines)
        snapshotBytes = body.length
        formerSum = sumOf(former)
        await writeHead(head)
      } catch (error) {
        // The head on the disk goes on naming the files of before.
        generation--
        throw error
      }
      await Promise.all(old.map((file) => rm(file, { force: true })))
    },
    async append(lines) {
      if (!log) throw new TypeError('there is no state to append to')
      await log.append(lines)
    },
    isLong: () => (log?.end ?? 0) > Math.max(longAfter, snapshotBytes),
    touch: writeHead,
    async putAside(name) {
      await close()
      await moveAside(path, name)
      generation++
    },
    close,
  }
}

/** Moves all parts; which generation is the right one only a head that can be read would say. */
async function moveAside(path: string, name: string): Promise<void> {
  const folder = dirname(path)
  const files = (await readdir(folder).catch(ignoreMissing)) ?? []
  for (const file of files.filter((each) => isPart(basename(path), each))) {
    const aside = join(folder, `${file}.${name}`)
    await rm(aside, { recursive: true, force: true })
    await rename(join(folder, file), aside)
  }
}

function isPart(base: string, file: string): boolean {
  const rest = file.startsWith(base) ? file.slice(base.length) : undefined
  return rest === '' || (rest !== undefined && /^\.\d+\.(snapshot|log|former)$/.test(rest))
}

function contentOf(manifest: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${manifest}\n`), body])
}

function broken(problem: string): Found {
  return { kind: 'broken', problem }
}

interface Head {
  readonly generation: number
  readonly epoch: string
  readonly revision: number
  readonly logBytes: number
  readonly heartbeat: KeptHeartbeat
  readonly keys: JsonValue
  readonly former: string
}

async function readHead(path: string, verifier: string): Promise<Head | string> {
  const bytes = await readOr(path)
  if (typeof bytes === 'string') return bytes
  const members = parseJsonObject(bytes)
  if (members?.['version'] !== version) return 'the head is not of this version'
  return members['verifier'] === verifier
    ? readHeadFacts(members)
    : 'the state is of another verifier'
}

function readHeadFacts(members: JsonObject): Head | string {
  const { generation, epoch, revision, logBytes, heartbeat, keys, former } = members
  if (!isCount(generation) || !isCount(revision) || !isCount(logBytes)) return 'the head is damaged'
  if (typeof epoch !== 'string' || !isJsonObject(heartbeat) || keys === undefined) {
    return 'the head is damaged'
  }
  const { arrivedWall, at, expireAfterMs, auditHead } = heartbeat
  const numbers = typeof arrivedWall === 'number' && typeof at === 'number'
  if (!numbers || !isCount(expireAfterMs)) return 'the head is damaged'
  if (typeof auditHead !== 'string' || typeof former !== 'string') return 'the head is damaged'
  const kept = { arrivedWall, at, expireAfterMs, auditHead }
  return { generation, epoch, revision, logBytes, heartbeat: kept, keys, former }
}

async function readGeneration(
  head: Head,
  paths: readonly string[],
): Promise<{ readonly state: KeptState; readonly marks: LogMarks } | string> {
  const [snapshot, log, former] = await Promise.all(paths.map(readOr))
  if (!Buffer.isBuffer(snapshot) || !Buffer.isBuffer(log) || !Buffer.isBuffer(former)) {
    return 'a part is missing'
  }
  if (sumOf(former) !== head.former) return 'who was revoked in former epochs is damaged'
  const end = snapshot.indexOf('\n')
  if (end === -1) return 'the snapshot is damaged'
  const read = readLog(log, head.logBytes)
  if (typeof read === 'string') return read
  const { lines, marks } = read
  const manifest = snapshot.subarray(0, end).toString('latin1')
  const { epoch, revision, heartbeat, keys } = head
  const facts = { epoch, revision, heartbeat, keys, manifest, lines, former }
  return { state: { ...facts, body: snapshot.subarray(end + 1) }, marks }
}

function sumOf(bytes: Buffer): string {
  return hash('sha256', bytes, 'base64url')
}

const isCount = (value: JsonValue | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

const ownFile = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

async function readOr(path: string): Promise<Buffer | string> {
  try {
    // Neither where a link leads to nor what somebody else may write later is a verifier's own.
    return await readFile(path, { flag: ownFile })
  } catch (error) {
    return codeOf(error)
  }
}

function ignoreMissing(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error
}
