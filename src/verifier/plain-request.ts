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

const methods: ReadonlySet<string> = new Set([
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'HEAD',
  'OPTIONS',
])
const versionEnd = ' HTTP/1.1'
const lineEnd = '\r\n'
const [carriageReturn, lineFeed, space] = [0x0d, 0x0a, 0x20]
const lengthText = /^(?:0|[1-9]\d{0,8})$/
const shortMax = 64
const nothing: Buffer = Buffer.alloc(0)

const [inTarget, inName, inValue] = [1, 2, 4]
/** In which parts of a head a byte may stand. */
const places = placesOfBytes()

function placesOfBytes(): Uint8Array {
  const table = new Uint8Array(256)
  for (let code = 0x20; code < 0x7f; code++) {
    const character = String.fromCharCode(code)
    const target = character !== ' ' && character !== '#' ? inTarget : 0
    table[code] = inValue | target | (/[\w!$%&'*+.^`|~-]/.test(character) ? inName : 0)
  }
  return table
}

/** Reads what one read from a connection brought; `undefined` for all that is not exactly one plain request. */
export function readPlain(chunk: Buffer, headBytesMax: number): PlainRequest | undefined {
  const text = chunk.toString('latin1')
  const end = text.indexOf(lineEnd)
  const method = text.slice(0, text.indexOf(' '))
  const url = text.slice(method.length + 1, end - versionEnd.length)
  const isPlain =
    methods.has(method) &&
    text.startsWith(versionEnd, end - versionEnd.length) &&
    url.startsWith('/') &&
    endOf(inTarget, chunk, method.length + 1) === end - versionEnd.length
  if (!isPlain) return undefined
  const rawHeaders: string[] = []
  const headEnd = readLines(chunk, text, end + lineEnd.length, rawHeaders)
  if (headEnd === undefined || headEnd > headBytesMax) return undefined
  const head = readHead(rawHeaders)
  if (head.flaw || !isOrdinary(head)) return undefined
  const body = bodyOf(chunk, headEnd, head.forNode['content-length'])
  return body && { method, url, rawHeaders, head, body }
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
    const colon = endOf(inName, chunk, at)
    if (colon === at || chunk[colon] !== 0x3a) return undefined
    const start = chunk[colon + 1] === space ? colon + 2 : colon + 1
    const end = endOf(inValue, chunk, start)
    if (chunk[end] !== carriageReturn || chunk[end + 1] !== lineFeed) return undefined
    // What is around a value is no part of it, and how much there may be is nobody's business here.
    if (end > start && (chunk[start] === space || chunk[end - 1] === space)) return undefined
    const name = text.slice(at, colon)
    const value = valueOf(chunk, text, start, end)
    if (endsConnection(name, value)) return undefined
    rawHeaders.push(name, value)
    at = end + lineEnd.length
  }
  return chunk[at + 1] === lineFeed ? at + lineEnd.length : undefined
}

/** Where the bytes end that may stand in a place. */
function endOf(place: number, chunk: Buffer, from: number): number {
  let at = from
  while (at < chunk.length && ((places[chunk[at] ?? 0] ?? 0) & place) !== 0) at += 1
  return at
}

/** A short text may hold on to all that was read with it; what is long, as a credential is, may be kept for long. */
function valueOf(chunk: Buffer, text: string, start: number, end: number): string {
  return end - start > shortMax ? chunk.toString('latin1', start, end) : text.slice(start, end)
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
