// The requests of nearly every gateway are so plain that there is one way to read them: all in one read, with nothing
// that a parser has to have an opinion about. They are read here. Whatever leaves a doubt is for Node's own parser, and
// nothing is refused here: what is not plain may still be fine.

import type { HttpHead } from '../doors/http-door.ts'
import { knownValue, noteValue } from './long-values.ts'
import { readHead, type RequestHead } from './request-head.ts'

/** A request that can be read in one way alone. */
export interface PlainRequest extends HttpHead {
  readonly head: RequestHead
  readonly body: Buffer
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const
const versionEnd = ' HTTP/1.1'
const lineEnd = '\r\n'
const [carriageReturn, lineFeed] = [0x0d, 0x0a]
const space = 0x20
const hash = 0x23
const slash = 0x2f
const colon = 0x3a
const lastVisible = 0x7e
/** Which bytes may stand in the name of a header. */
const inName = Array.from({ length: 256 }, (_, code) =>
  /[\w!$%&'*+.^`|~-]/.test(String.fromCharCode(code)),
)
const lengthText = /^(?:0|[1-9]\d{0,8})$/
const shortMax = 64
const longMax = 65_536
const nothing: Buffer = Buffer.alloc(0)

/** Reads what one read from a connection brought; `undefined` for all that is not exactly one plain request. */
export function readPlain(chunk: Buffer, headBytesMax: number): PlainRequest | undefined {
  const text = chunk.toString('latin1')
  const end = text.indexOf(lineEnd)
  const method = methodOf(text)
  const urlEnd = end - versionEnd.length
  if (method === undefined || !text.startsWith(versionEnd, urlEnd)) return undefined
  const url = text.slice(method.length + 1, urlEnd)
  if (!isTarget(chunk, method.length + 1, urlEnd)) return undefined
  const rawHeaders: string[] = []
  const headEnd = readLines(chunk, text, end + lineEnd.length, rawHeaders)
  if (headEnd === undefined || headEnd > headBytesMax) return undefined
  const head = readHead(rawHeaders)
  if (head.flaw || !isOrdinary(head)) return undefined
  const body = bodyOf(chunk, headEnd, head.forNode['content-length'])
  return body && { method, url, rawHeaders, head, body }
}

/** Compared one after another: to look a text up that was only just read, V8 first makes it one of its own names. */
function methodOf(text: string): (typeof methods)[number] | undefined {
  for (const method of methods) {
    if (text.startsWith(method) && text.startsWith(' ', method.length)) return method
  }
  return undefined
}

/** Whether some bytes are a path, with a query or without. */
function isTarget(chunk: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const code = chunk[at] ?? 0
    if (code <= space || code > lastVisible || code === hash) return false
  }
  return chunk[start] === slash
}

/** Reads header lines into a list, from one place to behind the empty line that ends them. */
function readLines(
  chunk: Buffer,
  text: string,
  from: number,
  rawHeaders: string[],
): number | undefined {
  let at = from
  while (chunk[at] !== carriageReturn) {
    const nameEnd = endOfName(chunk, at)
    if (nameEnd === at || chunk[nameEnd] !== colon) return undefined
    const start = chunk[nameEnd + 1] === space ? nameEnd + 2 : nameEnd + 1
    const value = knownValue(chunk, start) ?? newValue(chunk, text, start)
    if (value === undefined) return undefined
    const end = start + value.length
    if (chunk[end] !== carriageReturn || chunk[end + 1] !== lineFeed) return undefined
    const name = text.slice(at, nameEnd)
    if (endsConnection(name, value)) return undefined
    rawHeaders.push(name, value)
    at = end + lineEnd.length
  }
  return chunk[at + 1] === lineFeed ? at + lineEnd.length : undefined
}

function endOfName(chunk: Buffer, start: number): number {
  let at = start
  while (inName[chunk[at] ?? 0]) at += 1
  return at
}

/** A value as far as it is plain, unless there is something around it that could be read otherwise. */
function newValue(chunk: Buffer, text: string, start: number): string | undefined {
  const shortEnd = endOfVisible(chunk, start, start + shortMax)
  const end = shortEnd < start + shortMax ? shortEnd : text.indexOf(lineEnd, shortEnd)
  if (end === start) return ''
  if (chunk[start] === space || chunk[end - 1] === space) return undefined
  const value = text.slice(start, end)
  if (end === shortEnd) return value
  if (!areAllVisible(chunk, start, end)) return undefined
  noteValue(start, value)
  return value
}

function endOfVisible(chunk: Buffer, start: number, max: number): number {
  let at = start
  while (at < max) {
    const code = chunk[at] ?? 0
    if (code < space || code > lastVisible) break
    at += 1
  }
  return at
}

const scratch = new Uint8Array(longMax)
const words = new Int32Array(scratch.buffer)

/**
 * Whether many bytes are visible ASCII or spaces, looked at four at a time: the top bit of a byte is set in one of three numbers if it is less
 * than a space, beyond ASCII, or the last character of it. What one such byte does to those above it changes nothing more.
 */
function areAllVisible(chunk: Buffer, start: number, end: number): boolean {
  if (end < start || end - start > longMax) return false
  const count = chunk.copy(scratch, 0, start, end) >> 2
  let bits = 0
  for (let at = 0; at < count; at++) {
    const four = words[at] ?? 0
    bits |= (four - 0x20202020) | four | (four + 0x01010101)
  }
  return (bits & 0x80808080) === 0 && endOfVisible(chunk, start + 4 * count, end) === end
}

/** Whether a header may have a say in what becomes of the connection, other than that it goes on. */
function endsConnection(name: string, value: string): boolean {
  switch (name.length) {
    case 'connection'.length:
      return name.toLowerCase() === 'connection' && value.toLowerCase() !== 'keep-alive'
    case 'proxy-connection'.length:
      return name.toLowerCase() === 'proxy-connection'
    default:
      return false
  }
}

/** Whether nothing is said of the body but how long it is. */
function isOrdinary({ forNode }: RequestHead): boolean {
  const { 'transfer-encoding': coding, expect, upgrade } = forNode
  return coding === undefined && expect === undefined && upgrade === undefined
}

/** The body, if it is so long as was announced. */
function bodyOf(chunk: Buffer, headEnd: number, length: string | undefined): Buffer | undefined {
  const left = chunk.length - headEnd
  if (length === undefined) return left === 0 ? nothing : undefined
  return lengthText.test(length) && Number(length) === left ? chunk.subarray(headEnd) : undefined
}
