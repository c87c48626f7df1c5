import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

// What can happen to the files in which a verifier keeps its state.

const partsOf = (folder: string) => readdirSync(folder).filter((file) => file.startsWith('state'))
/** The part of a state whose name ends so. */
export const partOf = (folder: string, end: string) =>
  join(folder, partsOf(folder).find((file) => file.endsWith(end)) ?? 'missing')

function flip(file: string, at: number): void {
  const bytes = readFileSync(file)
  const place = at < 0 ? bytes.length + at : at
  bytes[place] = (bytes[place] ?? 0) ^ 0x10
  writeFileSync(file, bytes)
}

/** Keeps a part of a file. */
export function cut(file: string, keep: (length: number) => number): void {
  truncateSync(file, Math.floor(keep(readFileSync(file).length)))
}

const marksBytes = 32

/** A mark of where a log ends: its number, the end, and the sum of both. */
function markOf(count: number, end: number): Buffer {
  const mark = Buffer.alloc(16)
  mark.writeUInt32BE(count, 0)
  mark.writeBigUInt64BE(BigInt(end), 4)
  mark.writeUInt32BE(crc32(mark.subarray(0, 12)), 12)
  return mark
}

/** Takes the log apart, and puts together what became of its lines, each with its right sum. */
function rewrite(folder: string, change: (lines: readonly Buffer[]) => readonly Buffer[]): void {
  const file = partOf(folder, '.log')
  const bytes = readFileSync(file)
  const lines: Buffer[] = []
  for (let at = marksBytes; at < bytes.length; at += 8 + bytes.readUInt32BE(at)) {
    lines.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)))
  }
  const frames = change(lines).map((line) => {
    const head = Buffer.alloc(8)
    head.writeUInt32BE(line.length, 0)
    head.writeUInt32BE(crc32(line), 4)
    return Buffer.concat([head, line])
  })
  const end = frames.reduce((sum, frame) => sum + frame.length, marksBytes)
  const log = Buffer.concat([markOf(1, marksBytes), markOf(2, end), ...frames])
  writeFileSync(file, log)
  changeHead(folder, { logBytes: log.length })
}

/** Changes the places of the first two lines of a log. */
function swapFrames(file: string): void {
  const bytes = readFileSync(file)
  const first = marksBytes + 8 + bytes.readUInt32BE(marksBytes)
  const second = first + 8 + bytes.readUInt32BE(first)
  const swapped = [bytes.subarray(first, second), bytes.subarray(marksBytes, first)]
  const parts = [bytes.subarray(0, marksBytes), ...swapped, bytes.subarray(second)]
  writeFileSync(file, Buffer.concat(parts))
}

function changeHead(folder: string, change: Record<string, unknown>): void {
  const file = join(folder, 'state')
  const head = JSON.parse(readFileSync(file, 'utf8')) as object
  writeFileSync(file, JSON.stringify({ ...head, ...change }))
}

/** Everything that can have become of the files of a state, by what it is. */
export const damages: ReadonlyMap<string, (folder: string) => void> = new Map([
  ['an empty head', (folder) => truncateSync(join(folder, 'state'), 0)],
  ['half a head', (folder) => cut(join(folder, 'state'), (length) => length / 2)],
  ['a head of another version', (folder) => changeHead(folder, { version: 99 })],
  ['a head that says more than the log', (folder) => changeHead(folder, { revision: 999 })],
  ['an empty log', (folder) => truncateSync(partOf(folder, '.log'), 0)],
  ['a log without its last byte', (folder) => cut(partOf(folder, '.log'), (length) => length - 1)],
  ['a log cut in a frame’s head', (folder) => cut(partOf(folder, '.log'), () => marksBytes + 5)],
  ['a bit of the log', (folder) => flip(partOf(folder, '.log'), 100)],
  ['a bit of the last signature', (folder) => flip(partOf(folder, '.log'), -3)],
  ['lines in another order', (folder) => swapFrames(partOf(folder, '.log'))],
  ['a line left out by somebody', (folder) => rewrite(folder, (lines) => lines.toSpliced(1, 1))],
  [
    'a line changed by somebody',
    (folder) =>
      rewrite(folder, ([first = Buffer.alloc(0), ...rest]) => [
        Buffer.from(first.toString('latin1').replace(/.(?=[^.]*\.[^.]*$)/, 'x'), 'latin1'),
        ...rest,
      ]),
  ],
  ['a bit of a mark', (folder) => flip(partOf(folder, '.log'), 20)],
  ['another list of former epochs', (folder) => writeFileSync(partOf(folder, '.former'), 'x')],
  ['no log', (folder) => rmSync(partOf(folder, '.log'))],
  ['an empty snapshot', (folder) => truncateSync(partOf(folder, '.snapshot'), 0)],
  ['half a snapshot', (folder) => cut(partOf(folder, '.snapshot'), (length) => length / 2)],
  ['a bit of the manifest', (folder) => flip(partOf(folder, '.snapshot'), 60)],
  ['a bit of the snapshot', (folder) => flip(partOf(folder, '.snapshot'), -5)],
  [
    'a folder in the place of the head',
    (folder) => {
      rmSync(join(folder, 'state'))
      mkdirSync(join(folder, 'state'))
    },
  ],
  [
    'a link in the place of the head',
    (folder) => {
      renameSync(join(folder, 'state'), join(folder, 'elsewhere'))
      symlinkSync(join(folder, 'elsewhere'), join(folder, 'state'))
    },
  ],
  [
    'a pipe in the place of the head',
    (folder) => {
      rmSync(join(folder, 'state'))
      spawnSync('mkfifo', [join(folder, 'state')])
    },
  ],
  ['the state of another verifier', (folder) => changeHead(folder, { verifier: 'another' })],
])

/** A folder where the last broken file was. */
export function damageAgain(folder: string): void {
  rmSync(join(folder, 'state'), { recursive: true, force: true })
  mkdirSync(join(folder, 'state'))
}
