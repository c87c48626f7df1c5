// What Envoy asks, as far as it is looked at (envoy.service.auth.v3.CheckRequest, field numbers in brackets):
//
//   attributes[1] · source[1] · address[1] · socket_address[1] · address[2]
//                 · request[4] · http[2] · method[2] headers[3] path[4] host[5] scheme[6] header_map[13]
//                 · context_extensions[10]: a map
//   a map's entry: key[1] value[2] · header_map · headers[1]: key[1] value[2] raw_value[3]
//
// Headers come in `headers`, repeated ones joined by commas, or line by line in `header_map`.

import { isUtf8 } from 'node:buffer'
import { doubled, type Field } from './header-reader.ts'
import { messageForm, nested, Wire, type FieldForm, type FieldReader } from './wire.ts'

/** What is read of a message. */
export interface CheckRequest {
  method: string
  target: string
  host: string
  scheme: string
  address: string | undefined
  /** Of the client's own request. */
  authorization: Field
  cookie: Field
  /** The gateway's credential, where it came among the context extensions. */
  extension: Field
  /** Header names of the client's request that would pass for an identity header or for a credential. */
  spoofed: string[]
}

/** Says of a lower-case header name whether it has to be taken away from the client's request. */
export type IsSpoofed = (name: string) => boolean

/** The context extension that carries a credential. */
const credentialExtension = 'warder-credential'

/** Reads messages; `undefined` for one that is not well formed. */
export type CheckRequestReader = (message: Buffer) => CheckRequest | undefined

interface Draft extends CheckRequest {
  readonly isSuspect: (bytes: Buffer, at: number, length: number) => boolean
  readonly isSpoofed: IsSpoofed
  readonly entry: Entry
}

/** Where the parts of a map's entry or of a header stand; a part that is not there is empty. */
interface Entry {
  keyAt: number
  keyEnd: number
  valueAt: number
  valueEnd: number
  rawAt: number
  rawEnd: number
}

/** Makes a reader. */
export function createCheckRequestReader(
  isSpoofed: IsSpoofed,
  credentialNames: readonly string[],
): CheckRequestReader {
  const isSuspect = suspicion(credentialNames)
  return (message) => {
    const draft: Draft = {
      ...blank,
      spoofed: [],
      isSuspect,
      isSpoofed,
      entry: { keyAt: 0, keyEnd: 0, valueAt: 0, valueEnd: 0, rawAt: 0, rawEnd: 0 },
    }
    return new Wire(message).message(checkForm, message.length, draft) ? draft : undefined
  }
}

const blank = {
  method: '',
  target: '',
  host: '',
  scheme: '',
  address: undefined,
  authorization: undefined,
  cookie: undefined,
  extension: undefined,
} as const

// One look at length and first letters spares nearly every header its name.
function suspicion(credentialNames: readonly string[]): Draft['isSuspect'] {
  const looks = new Uint8Array(1 << 16)
  for (const name of ['authorization', 'cookie', ...credentialNames]) {
    looks[lookOf(name.charCodeAt(0), name.length)] = 1
  }
  const identity = 'x-warder-'.length
  return (bytes, at, length) => {
    const first = lower(bytes[at])
    if (first === 0x78 && length > identity && lower(bytes[at + 2]) === 0x77) return true
    return looks[lookOf(first, length)] === 1
  }
}

// Names whose lengths differ by 256 look alike, which is suspicion enough.
const lookOf = (first: number, length: number) => ((length & 255) << 8) | first
const lower = (byte = 0) => byte | 0x20

type TextName = 'method' | 'target' | 'host' | 'scheme' | 'address'

function textField(name: TextName): FieldReader<Draft> {
  return ({ bytes, at }, end, draft) => {
    const text = textOf(bytes, at, end)
    if (text === undefined) return false
    draft[name] = text
    return true
  }
}

/** The text of a field of type `string`; `undefined` for what cannot stand in one, or in a header over HTTP. */
function textOf(bytes: Buffer, at: number, end: number): string | undefined {
  const text = bytes.toString('latin1', at, end)
  if (!beyondPlain.test(text)) return text
  return control.test(text) || !isUtf8(bytes.subarray(at, end)) ? undefined : text
}

const beyondPlain = /[^\t\x20-\x7e]/
const control = /[^\t\x20-\x7e\x80-\xff]/

const key: FieldForm<Entry> = {
  number: 1,
  read({ at }, end, entry) {
    entry.keyAt = at
    entry.keyEnd = end
    return true
  },
}
const value: FieldForm<Entry> = {
  number: 2,
  read({ at }, end, entry) {
    entry.valueAt = at
    entry.valueEnd = end
    return true
  },
}
const rawValue: FieldForm<Entry> = {
  number: 3,
  read({ at }, end, entry) {
    entry.rawAt = at
    entry.rawEnd = end
    return true
  },
}
const mapEntryForm = messageForm(key, value)
const headerForm = messageForm(key, value, rawValue)

function entryField(
  form: typeof mapEntryForm,
  take: (wire: Wire, entry: Entry, draft: Draft) => boolean,
): FieldReader<Draft> {
  return (wire, end, draft) => {
    const { entry } = draft
    entry.keyAt = entry.keyEnd = entry.valueAt = entry.valueEnd = entry.rawAt = entry.rawEnd = 0
    return wire.message(form, end, entry) && take(wire, entry, draft)
  }
}

function takeHeader({ bytes }: Wire, entry: Entry, draft: Draft): boolean {
  const { keyAt, keyEnd } = entry
  if (!draft.isSuspect(bytes, keyAt, keyEnd - keyAt)) return true
  const name = bytes.toString('latin1', keyAt, keyEnd).toLowerCase()
  if (name === 'authorization' || name === 'cookie') {
    const text = valueOf(bytes, entry)
    if (text === undefined) return false
    draft[name] = joined(draft[name], text, name === 'cookie')
  }
  if (!draft.isSpoofed(name)) return true
  draft.spoofed.push(name)
  return headerName.test(name)
}

// What is no name of a header cannot be named in an answer either.
const headerName = /^[\x21-\x7e]+$/

function takeExtension({ bytes }: Wire, entry: Entry, draft: Draft): boolean {
  if (bytes.toString('latin1', entry.keyAt, entry.keyEnd) !== credentialExtension) return true
  const text = valueOf(bytes, entry)
  if (text === undefined) return false
  draft.extension = joined(draft.extension, text, false)
  return true
}

/** The value, by whichever of its two names it came; as over HTTP, blanks around it are not part of it. */
function valueOf(bytes: Buffer, entry: Entry): string | undefined {
  const isRaw = entry.rawEnd > entry.rawAt
  if (isRaw && entry.valueEnd > entry.valueAt) return undefined
  let at = isRaw ? entry.rawAt : entry.valueAt
  let end = isRaw ? entry.rawEnd : entry.valueEnd
  while (at < end && isBlank(bytes[at])) at++
  while (end > at && isBlank(bytes[end - 1])) end--
  if (!isRaw) return textOf(bytes, at, end)
  const text = bytes.toString('latin1', at, end)
  return control.test(text) ? undefined : text
}

const isBlank = (byte: number | undefined) => byte === 0x20 || byte === 0x09

function joined(field: Field, text: string, many: boolean): Field {
  if (field === undefined) return text
  return many && field !== doubled ? `${field}; ${text}` : doubled
}

const headerMapForm = messageForm<Draft>({
  number: 1,
  read: entryField(headerForm, takeHeader),
  many: true,
})
const httpForm = messageForm<Draft>(
  { number: 2, read: textField('method') },
  { number: 3, read: entryField(mapEntryForm, takeHeader), many: true },
  { number: 4, read: textField('target') },
  { number: 5, read: textField('host') },
  { number: 6, read: textField('scheme') },
  { number: 13, read: nested(headerMapForm) },
)
const socketAddressForm = messageForm<Draft>({
  number: 2,
  read: textField('address'),
})
const addressForm = messageForm<Draft>({ number: 1, read: nested(socketAddressForm) })
const peerForm = messageForm<Draft>({ number: 1, read: nested(addressForm) })
const requestForm = messageForm<Draft>({ number: 2, read: nested(httpForm) })
const attributesForm = messageForm<Draft>(
  { number: 1, read: nested(peerForm) },
  { number: 4, read: nested(requestForm) },
  { number: 10, read: entryField(mapEntryForm, takeExtension), many: true },
)
const checkForm = messageForm<Draft>({ number: 1, read: nested(attributesForm) })
