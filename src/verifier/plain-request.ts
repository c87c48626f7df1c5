// The requests of nearly every gateway are so plain that there is one way to read them: all in one read, with nothing
// that a parser has to have an opinion about. They are read here. Whatever leaves a doubt is for Node's own parser, and
// nothing is refused here: what is not plain may still be fine.

import type { HttpHead } from '../doors/http-door.ts'
import { readHead, type RequestHead } from './request-head.ts'

/** A request that can be read in one way alone. */
export interface PlainRequest extends HttpHead {
  readonly head: RequestHead
  readonly body: Buffer
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const
const versionEnd = ' HTTP/1.1'
const lineEnd = '\r\n'
const space = 0x20
const hash = 0x23
const slash = 0x2f
const lastVisible = 0x7e
/** Which bytes may stand in the name of a header. */
const inName = Array.from({ length: 256 }, (_, code) =>
  /[\w!$%&'*+.^`|~-]/.test(String.fromCharCode(code)),
)
const lengthText = /^(?:0|[1-9]\d{0,8})$/
const shortMax = 64
const longMax = 65_536
/** What is longer is no credential. */
const keptMax = 8192
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
  for (;;) {
    const end = text.indexOf(lineEnd, at)
    if (end <= at) return end === at ? at + lineEnd.length : undefined
    const colon = text.indexOf(':', at)
    if (!isName(chunk, at, colon)) return undefined
    const start = chunk[colon + 1] === space ? colon + 2 : colon + 1
    const value = valueOf(chunk, text, start, end)
    if (value === undefined) return undefined
    const name = text.slice(at, colon)
    if (endsConnection(name, value)) return undefined
    rawHeaders.push(name, value)
    at = end + lineEnd.length
  }
}

/** Whether some bytes are a name. The end of a line is in none. */
function isName(chunk: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (!inName[chunk[at] ?? 0]) return false
  return start < end
}

/** A value, if there is nothing in it or around it that could be read otherwise. */
function valueOf(chunk: Buffer, text: string, start: number, end: number): string | undefined {
  if (start === end) return ''
  if (chunk[start] === space || chunk[end - 1] === space) return undefined
  if (end - start <= shortMax) {
    return areVisible(chunk, start, end) ? text.slice(start, end) : undefined
  }
  return longValueOf(chunk, start, end)
}

/** Long values that were good, by the place in their requests at which they began. */
const earlier = new Array<string>(256).fill('')

/** A gateway has the same credential in every question: what was good the last time is told by comparing it. */
function longValueOf(chunk: Buffer, start: number, end: number): string | undefined {
  // As a copy: a short text may hold on to all that was read with it, but a credential is kept for long.
  const value = chunk.toString('latin1', start, end)
  const place = start & 255
  const known = earlier[place]
  if (value === known) return known
  if (!areAllVisible(chunk, start, end)) return undefined
  if (value.length <= keptMax) earlier[place] = value
  return value
}

/** Whether some bytes are visible ASCII or spaces. */
function areVisible(chunk: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const code = chunk[at] ?? 0
    if (code < space || code > lastVisible) return false
  }
  return true
}

const scratch = new Uint8Array(longMax)
const words = new Int32Array(scratch.buffer)

/**
 * The same of many bytes, looked at four at a time: the top bit of a byte is set in one of three numbers if it is less
 * than a space, beyond ASCII, or the last character of it. What one such byte does to those above it changes nothing more.
 */
function areAllVisible(chunk: Buffer, start: number, end: number): boolean {
  if (end - start > longMax) return false
  const count = chunk.copy(scratch, 0, start, end) >> 2
  let bits = 0
  for (let at = 0; at < count; at++) {
    const four = words[at] ?? 0
    bits |= (four - 0x20202020) | four | (four + 0x01010101)
  }
  return (bits & 0x80808080) === 0 && areVisible(chunk, start + 4 * count, end)
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
