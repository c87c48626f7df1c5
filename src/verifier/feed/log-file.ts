// The log of a state: two marks, then each line as it was received, in a frame.

import { writeSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { createLogMarks, framesOf, readLogMarks, type LogMarks } from './log-marks.ts'

/** A log that is written. */
export interface LogFile {
  /** Where it ends. */
  readonly end: number
  /** Adds lines and syncs them. */
  readonly append: (lines: readonly string[]) => Promise<void>
  readonly close: () => Promise<void>
}

const mode = 0o600
const frameHead = 8
const lineLengthMax = 1024 * 1024

/** Begins a log with some lines. */
export async function beginLog(path: string, lines: readonly string[]): Promise<LogFile> {
  const file = await open(path, 'w', mode)
  const frames = Buffer.concat(lines.map(frameOf))
  const marks = createLogMarks().after(frames.length)
  await file.writeFile(Buffer.concat([marks.bytes(), frames]))
  await file.sync()
  return logOn(file, marks)
}

/** Goes on with a log that was read. */
export async function openLog(path: string, marks: LogMarks): Promise<LogFile> {
  const file = await open(path, 'r+', mode)
  // What stands behind the end that the marks name was never acknowledged.
  await file.truncate(marks.end)
  return logOn(file, marks)
}

/** Reads a log that reaches at least so far, or says what is wrong with it. */
export function readLog(
  log: Buffer,
  atLeast: number,
): { readonly lines: readonly string[]; readonly marks: LogMarks } | string {
  const marks = readLogMarks(log)
  if (!marks || marks.end < atLeast) return 'the log ends before its head says'
  const lines = readFrames(framesOf(log, marks))
  return lines ? { lines, marks } : 'the log is damaged'
}

function logOn(file: FileHandle, start: LogMarks): LogFile {
  let marks = start
  return {
    get end() {
      return marks.end
    },
    async append(lines) {
      const frames = Buffer.concat(lines.map(frameOf))
      // Both land in the system's memory, and in this order: each wait less is a revocation that counts sooner.
      writeWhole(file.fd, frames, marks.end)
      const next = marks.after(frames.length)
      writeWhole(file.fd, next.bytes(), 0)
      marks = next
      await file.datasync()
    },
    close: () => file.close(),
  }
}

/** The system takes all of it or says why not; a part of it is a disk that is full. */
function writeWhole(fd: number, bytes: Buffer, at: number): void {
  const written = writeSync(fd, bytes, 0, bytes.length, at)
  if (written < bytes.length) throw new Error('only a part of it could be written')
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
