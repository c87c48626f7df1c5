// What a verifier keeps on disk, to start without its authority:
//
//   state            head: {"version":1,"generation":…,"epoch":…,"revision":…,"logBytes":…,"heartbeat":{…},"keys":{…}}
//   state.N.snapshot manifest line, line feed, body: as received, never changed
//   state.N.log      frames: length (4 bytes, big-endian), CRC-32 of the line (4 bytes), the line as received
//
// The log is synced before what it holds is acknowledged; the head is renamed into place whenever the log has grown by
// something, and each few seconds for the last heartbeat. A log that ends before its head says, or any part that does
// not verify, is no state: all of it is put aside under another name and never loaded.

import { open, readFile, rename, rm, type FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { isJsonObject, parseJsonObject, type JsonValue } from '../../credential/strict-json.ts'
import { writeFileAtomic } from '../../system/atomic-file.ts'
import type { FeedKeyRecord } from './feed-keys.ts'

/** The last word of the authority. */
export interface KeptHeartbeat {
  /** When it came, by this machine's wall clock, and when it was signed, by the authority's. */
  readonly arrivedWall: number
  readonly at: number
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

export interface StateFile {
  readonly load: () => Promise<Found>
  /** Begins anew with a snapshot. */
  readonly begin: (manifest: string, body: Buffer, head: HeadFacts) => Promise<void>
  /** Adds lines and syncs them; then the head says so. */
  readonly append: (lines: readonly string[], head: HeadFacts) => Promise<void>
  /** Notes the last heartbeat. */
  readonly touch: (head: HeadFacts) => Promise<void>
  /** Puts what is there aside, for somebody to look at. */
  readonly putAside: (name: string) => Promise<void>
  readonly close: () => Promise<void>
}

const version = 1
const mode = 0o600
const frameHead = 8
const lineLengthMax = 1024 * 1024

/** Makes the keeper of the files that begin with a path. */
export function createStateFile(path: string): StateFile {
  let generation = 0
  let log: FileHandle | undefined
  let logBytes = 0

  const snapshotPath = () => `${path}.${generation}.snapshot`
  const logPath = () => `${path}.${generation}.log`
  const writeHead = (head: HeadFacts) =>
    writeFileAtomic(path, JSON.stringify({ version, generation, ...head, logBytes }), mode)

  return {
    async load() {
      const head = await readHead(path)
      if (typeof head === 'string') return head === 'ENOENT' ? { kind: 'nothing' } : broken(head)
      generation = head.generation
      const state = await readGeneration(head, snapshotPath(), logPath())
      if (typeof state === 'string') return broken(state)
      log = await open(logPath(), 'r+', mode)
      // What stands behind the end that the head names was never acknowledged.
      await log.truncate(head.logBytes)
      logBytes = head.logBytes
      return { kind: 'state', state }
    },
    async begin(manifest, body, head) {
      const old = [snapshotPath(), logPath()]
      await log?.close()
      generation++
      logBytes = 0
      await writeFileAtomic(
        snapshotPath(),
        Buffer.concat([Buffer.from(`${manifest}\n`), body]),
        mode,
      )
      log = await open(logPath(), 'w', mode)
      await log.sync()
      await writeHead(head)
      await Promise.all(old.map((file) => rm(file, { force: true })))
    },
    async append(lines, head) {
      if (!log) throw new TypeError('there is no state to append to')
      const frames = Buffer.concat(lines.map(frameOf))
      await log.write(frames, 0, frames.length, logBytes)
      await log.datasync()
      logBytes += frames.length
      await writeHead(head)
    },
    touch: (head) => writeHead(head),
    async putAside(name) {
      await log?.close()
      log = undefined
      const files = [path, snapshotPath(), logPath()]
      await Promise.all(files.map((file) => rename(file, `${file}.${name}`).catch(ignoreMissing)))
      generation++
    },
    async close() {
      await log?.close()
      log = undefined
    },
  }
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
}

async function readHead(path: string): Promise<Head | string> {
  const bytes = await readOr(path)
  if (typeof bytes === 'string') return bytes
  const members = parseJsonObject(bytes)
  if (members?.['version'] !== version) return 'the head is not of this version'
  const { generation, epoch, revision, logBytes, heartbeat, keys } = members
  if (!isCount(generation) || !isCount(revision) || !isCount(logBytes)) return 'the head is damaged'
  if (typeof epoch !== 'string' || !isJsonObject(heartbeat) || keys === undefined) {
    return 'the head is damaged'
  }
  const { arrivedWall, at } = heartbeat
  if (typeof arrivedWall !== 'number' || typeof at !== 'number') return 'the head is damaged'
  return { generation, epoch, revision, logBytes, heartbeat: { arrivedWall, at }, keys }
}

async function readGeneration(
  head: Head,
  snapshotPath: string,
  logPath: string,
): Promise<KeptState | string> {
  const snapshot = await readOr(snapshotPath)
  const log = await readOr(logPath)
  if (typeof snapshot === 'string' || typeof log === 'string') return 'a part is missing'
  const end = snapshot.indexOf('\n')
  if (end === -1) return 'the snapshot is damaged'
  if (log.length < head.logBytes) return 'the log ends before its head says'
  const lines = readFrames(log.subarray(0, head.logBytes))
  if (!lines) return 'the log is damaged'
  const manifest = snapshot.subarray(0, end).toString('latin1')
  const { epoch, revision, heartbeat, keys } = head
  return { epoch, revision, heartbeat, keys, manifest, body: snapshot.subarray(end + 1), lines }
}

function frameOf(line: string): Buffer {
  const text = Buffer.from(line, 'latin1')
  const frame = Buffer.alloc(frameHead + text.length)
  frame.writeUInt32BE(text.length, 0)
  frame.writeUInt32BE(crc32(text), 4)
  text.copy(frame, frameHead)
  return frame
}

function readFrames(log: Buffer): readonly string[] | undefined {
  const lines: string[] = []
  let at = 0
  while (at < log.length) {
    if (at + frameHead > log.length) return undefined
    const length = log.readUInt32BE(at)
    const text = log.subarray(at + frameHead, at + frameHead + length)
    if (length > lineLengthMax || text.length !== length) return undefined
    if (crc32(text) !== log.readUInt32BE(at + 4)) return undefined
    lines.push(text.toString('latin1'))
    at += frameHead + length
  }
  return lines
}

const isCount = (value: JsonValue | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

async function readOr(path: string): Promise<Buffer | string> {
  try {
    return await readFile(path)
  } catch (error) {
    return codeOf(error)
  }
}

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN'
}
