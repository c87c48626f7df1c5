// Where a log ends: two marks at its beginning, written over in turns, so that the one of before stands until the next
// one does. A log that was cut shows by its mark, and a mark that was altered by its sum.
//
//   mark = count (4 bytes), end (8 bytes), CRC-32 of both (4 bytes); all big-endian

import { crc32 } from 'node:zlib'

interface Mark {
  readonly count: number
  readonly end: number
}

/** The marks of a log. */
export interface LogMarks {
  /** Where the log ends. */
  readonly end: number
  readonly bytes: () => Buffer
  /** The marks once the log is so much longer. */
  readonly after: (length: number) => LogMarks
}

const markBytes = 16
const marksBytes = 2 * markBytes

/** The marks of an empty log. */
export function createLogMarks(): LogMarks {
  return marksOf({ count: 0, end: marksBytes }, { count: 1, end: marksBytes })
}

/** Reads the marks of a log; `undefined` when they are damaged or the log is shorter than they say. */
export function readLogMarks(log: Buffer): LogMarks | undefined {
  const marks = [readMark(log, 0), readMark(log, markBytes)].filter((mark) => mark !== undefined)
  const [before, last] = marks.toSorted((a, b) => a.count - b.count)
  if (!before || !last || last.count !== before.count + 1) return undefined
  const fits = before.end >= marksBytes && last.end >= before.end && last.end <= log.length
  return fits ? marksOf(before, last) : undefined
}

/** The frames that stand between the marks and the end. */
export function framesOf(log: Buffer, { end }: LogMarks): Buffer {
  return log.subarray(marksBytes, end)
}

function marksOf(before: Mark, last: Mark): LogMarks {
  return {
    end: last.end,
    bytes: () =>
      Buffer.concat(
        last.count % 2 === 1 ? [write(before), write(last)] : [write(last), write(before)],
      ),
    after: (length) => marksOf(last, { count: last.count + 1, end: last.end + length }),
  }
}

function write({ count, end }: Mark): Buffer {
  const bytes = Buffer.alloc(markBytes)
  bytes.writeUInt32BE(count, 0)
  bytes.writeBigUInt64BE(BigInt(end), 4)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 12)), 12)
  return bytes
}

function readMark(log: Buffer, at: number): Mark | undefined {
  const bytes = log.subarray(at, at + markBytes)
  if (bytes.length < markBytes || bytes.readUInt32BE(12) !== crc32(bytes.subarray(0, 12))) {
    return undefined
  }
  return { count: bytes.readUInt32BE(0), end: Number(bytes.readBigUInt64BE(4)) }
}
