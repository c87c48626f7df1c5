// From the payload of a NOTIFY to a question. It holds messages, each with its arguments:
//
//   message  name, count u8, then count times: name, value
//   hdrs     name and value with a varint length in front of each, in the client's order; two empty ones at the end
//
// The credential is the argument `token` and nothing else: SPOE asks before any rule of HAProxy has run, so whatever
// the client calls itself is still among the headers.

import { askedRequest } from './asked.ts'
import { missing, misplaced, presentedBearer, presentedBound, presentedToken } from './carrier.ts'
import { createMisplacedCredential } from './carrier.ts'
import type { AskedRequest, Presented, Question } from '../decision/question.ts'
import { doubled, single, type Field } from './header-reader.ts'
import type { DoorSettings } from './http-door.ts'
import { SpoeReader, valueTypes } from './spoe-wire.ts'

/** Reads the question of a NOTIFY; `undefined` where the payload cannot be read to its end. */
export type SpoeQuestionReader = (payload: SpoeReader) => Question | undefined

interface Arguments {
  token: Field
  method: Field
  uri: Field
  scheme: Field
  address: string | undefined
  host: Field
  authorization: Field
  cookie: string
}

/** Makes the reader of one connection, which remembers the token that it read last. */
export function createSpoeQuestionReader(settings: DoorSettings): SpoeQuestionReader {
  const { require, bound, carrier } = settings
  const misplacedCredential = createMisplacedCredential(carrier.headers)
  const tokenText = createTokenMemory()
  const gatewayOf = ({ token, uri, cookie }: Arguments): Presented => {
    const inQuery = typeof uri === 'string' && misplacedCredential.inQuery(uri)
    if (inQuery || (cookie !== '' && misplacedCredential.inCookie(cookie))) return misplaced
    const inQuestion = presentedToken(token)
    return bound ? presentedBound(inQuestion, bound()) : inQuestion
  }
  return (payload) => {
    const found = readMessages(payload, tokenText)
    if (!found) return undefined
    return {
      gateway: gatewayOf(found),
      client: require === 'gateway' ? missing : presentedBearer(found.authorization),
      request: requestOf(found),
    }
  }
}

function requestOf({ method, uri, scheme, host, address }: Arguments): AskedRequest | undefined {
  const target = typeof uri === 'string' && uri !== '' ? uri : undefined
  const [one, two, three] = [single(method), single(host), single(scheme)]
  if (target === undefined || !one || !two || !three) return undefined
  return askedRequest({ method: one, target, host: two, scheme: three, address })
}

type TokenText = (payload: SpoeReader) => string

/** What is longer is no credential, and nothing that a stranger sends is kept but for this much. */
const rememberedMax = 8192

/** One HAProxy presents one token, so its text, and the hash of it, are made once. */
function createTokenMemory(): TokenText {
  let bytes = Buffer.alloc(0)
  let text = ''
  return (payload) => {
    const { from, to } = payload
    const same =
      to - from === bytes.length && payload.bytes.compare(bytes, 0, bytes.length, from, to) === 0
    if (same) return text
    if (to - from > rememberedMax) return payload.text()
    bytes = Buffer.from(payload.bytes.subarray(from, to))
    text = payload.text()
    return text
  }
}

const messageName = 'check'

/** Reads all messages; a second one that is called `check` doubles what the first one said. */
function readMessages(payload: SpoeReader, tokenText: TokenText): Arguments | undefined {
  const found: Arguments = {
    token: undefined,
    method: undefined,
    uri: undefined,
    scheme: undefined,
    address: undefined,
    host: undefined,
    authorization: undefined,
    cookie: '',
  }
  while (!payload.done) {
    payload.run()
    const isCheck = payload.text() === messageName
    for (let count = payload.byte(); count > 0 && !payload.failed; count--) {
      payload.run()
      const argument = isCheck ? argumentOf(payload) : undefined
      payload.value()
      if (argument && payload.type !== valueTypes.nothing && !payload.failed) {
        take(found, argument, payload, tokenText)
      }
    }
  }
  return payload.failed ? undefined : found
}

const argumentNames = ['uri', 'src', 'ssl', 'hdrs', 'token', 'method'] as const
type ArgumentName = (typeof argumentNames)[number]

/** The argument whose name stands where the reader is. */
function argumentOf({ bytes, from, to }: SpoeReader): ArgumentName | undefined {
  for (const name of argumentNames) {
    if (name.length === to - from && spells(bytes, from, name)) return name
  }
  return undefined
}

/** Whether bytes spell a lowercase name, in any letter case. */
function spells(bytes: Buffer, from: number, name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    if (((bytes[from + at] ?? 0) | 0x20) !== name.charCodeAt(at)) return false
  }
  return true
}

function take(
  found: Arguments,
  argument: ArgumentName,
  payload: SpoeReader,
  tokenText: TokenText,
): void {
  const { type } = payload
  const isText = type === valueTypes.string
  switch (argument) {
    case 'token':
      found.token = once(found.token, isText ? tokenText(payload) : undefined)
      break
    case 'method':
    case 'uri':
      found[argument] = once(found[argument], isText ? payload.text() : undefined)
      break
    case 'ssl':
      found.scheme = once(found.scheme, type === valueTypes.boolean ? schemeOf(payload) : undefined)
      break
    case 'src':
      found.address = addressOf(payload)
      break
    case 'hdrs':
      if (type === valueTypes.binary) takeHeaders(found, payload)
      else found.host = doubled
  }
}

/** A value that comes a second time, or is of another type than it should be, is none. */
function once(field: Field, value: string | undefined): Field {
  return field === undefined && value !== undefined ? value : doubled
}

const schemeOf = ({ number }: SpoeReader) => (number === 1 ? 'https' : 'http')

function addressOf({ bytes, from, type, to }: SpoeReader): string | undefined {
  if (type === valueTypes.ipv4) {
    return `${bytes[from]}.${bytes[from + 1]}.${bytes[from + 2]}.${bytes[from + 3]}`
  }
  if (type !== valueTypes.ipv6) return undefined
  const groups: string[] = []
  for (let at = from; at < to; at += 2) groups.push(bytes.readUInt16BE(at).toString(16))
  return groups.join(':')
}

/** Picks the few headers that matter; a list without its end could hide a second Host. */
function takeHeaders(found: Arguments, payload: SpoeReader): void {
  const list = new SpoeReader(payload.bytes, payload.from, payload.to)
  for (;;) {
    list.run()
    const { from, to } = list
    list.run()
    if (list.failed) {
      found.host = doubled
      return
    }
    if (from === to) {
      if (list.from !== list.to || !list.done) found.host = doubled
      return
    }
    takeHeader(found, { bytes: list.bytes, from, length: to - from }, list)
  }
}

interface NameAt {
  readonly bytes: Buffer
  readonly from: number
  readonly length: number
}

function takeHeader(found: Arguments, { bytes, from, length }: NameAt, value: SpoeReader): void {
  if (length === 4 && spells(bytes, from, 'host')) found.host = once(found.host, value.text())
  else if (length === 6 && spells(bytes, from, 'cookie')) found.cookie += `;${value.text()}`
  else if (length === 13 && spells(bytes, from, 'authorization')) {
    found.authorization = once(found.authorization, value.text())
  }
}
