// What Envoy is answered (envoy.service.auth.v3.CheckResponse, field numbers in brackets):
//
//   status[1] · code[1]
//   denied_response[2] · status[1] · code[1]; headers[2]; body[3]
//   ok_response[3] · headers[2]; headers_to_remove[5]
//   dynamic_metadata[4] · fields[1]: a map · key[1] value[2] · string_value[3]
//   headers: HeaderValueOption · header[1] · key[1] value[2]; append[2] · value[1]
//
// Every byte of an answer is one character of a text: nothing in it is other than ASCII, and a text is quicker to put
// together than a buffer.

import type { Identity } from '../decision/identity.ts'

/** Puts a message in front of the call's other bytes: it is not compressed, and so long. */
export function frame(message: string): string {
  const { length } = message
  const size = String.fromCharCode(length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255)
  return `\0${size}${String.fromCharCode(length & 255)}${message}`
}

const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))

function varint(value: number): string {
  let text = ''
  let rest = value
  for (; rest > 127; rest = rest >>> 7) text += bytes[(rest & 127) | 128]
  return text + (bytes[rest] ?? '')
}

const field = (number: number, content: string) =>
  `${bytes[(number << 3) | 2]}${varint(content.length)}${content}`

const number = (at: number, value: number) => (value === 0 ? '' : bytes[at << 3] + varint(value))

const replaces = field(2, '')

/** A header that takes the place of every other of its name. */
const header = (name: string, value: string) =>
  field(2, field(1, name + field(2, value)) + replaces)

const headerName = (name: string) => field(1, name)
const names = {
  gatewayId: headerName('x-warder-gateway-id'),
  gatewayName: headerName('x-warder-gateway-name'),
  environmentId: headerName('x-warder-environment-id'),
  credentialId: headerName('x-warder-credential-id'),
  subject: headerName('x-warder-subject'),
  scope: headerName('x-warder-scope'),
  decisionId: headerName('x-warder-decision-id'),
  revision: headerName('x-warder-revision'),
}

/** The headers that an allowed request is given, in lower case. */
export const identityHeaderNames: readonly string[] = Object.values(names).map((text) =>
  text.slice(2),
)

const metadata = (name: string, value: string) =>
  field(1, field(1, name) + field(2, field(3, value)))

const ok = field(1, '')

/** Takes headers away from the client's request. */
export function headersToRemove(list: readonly string[]): string {
  return list.map((name) => field(5, name)).join('')
}

/** An answer that lets a request pass, with who asks; `removed` comes from `headersToRemove`. */
export function allowMessage(
  identity: Identity,
  revision: string,
  decisionId: string,
  removed: string,
): string {
  const { length } = decisionId
  if (
    kept.identity !== identity ||
    kept.revision !== revision ||
    kept.removed !== removed ||
    kept.length !== length
  ) {
    kept = { identity, revision, removed, length, ...around(identity, revision, length, removed) }
  }
  return kept.before + decisionId + kept.between + decisionId
}

/** What the latest answer was, but for the decision's id. */
let kept: ReturnType<typeof around> & {
  readonly identity: Identity | undefined
  readonly revision: string
  readonly removed: string
  readonly length: number
} = { identity: undefined, revision: '', removed: '', length: 0, before: '', between: '' }

/** What stands in front of and between the two places of an id that is so long; the second is the end of the answer. */
function around(identity: Identity, revision: string, length: number, removed: string) {
  const id = ' '.repeat(length)
  const behind = header(names.revision, revision) + removed
  const headers = identityHeaders(identity) + header(names.decisionId, id) + behind
  const known = field(4, identityMetadata(identity) + metadata('decision_id', id))
  const whole = ok + field(3, headers) + known
  const second = whole.length - length
  const first = second - known.length - behind.length - replaces.length
  return { before: whole.slice(0, first), between: whole.slice(first + length, second) }
}

const identityHeaders = (identity: Identity) =>
  header(names.gatewayId, identity.gatewayId) +
  header(names.gatewayName, identity.gatewayName) +
  header(names.environmentId, identity.environmentId) +
  header(names.credentialId, identity.credentialId) +
  header(names.subject, identity.subject) +
  header(names.scope, identity.scope)

const identityMetadata = ({ gatewayId, credentialId }: Identity) =>
  metadata('gateway_id', gatewayId) + metadata('credential_id', credentialId)

/** A refusal, as it is but for the decision's id. */
export interface RefusalText {
  readonly status: number
  /** Name, value, name, value … */
  readonly headers: readonly string[]
  readonly body: string
}

const codes = new Map([
  [400, 3],
  [401, 16],
  [403, 7],
  [503, 14],
])
const unknown = 2

/** Makes the writer of a refusal. */
export function denialOf({ status, headers, body }: RefusalText): (decisionId: string) => string {
  let fixed = field(1, number(1, status))
  for (let at = 0; at + 1 < headers.length; at += 2) {
    fixed += header(headerName(headers[at] ?? ''), headers[at + 1] ?? '')
  }
  const end = field(3, body)
  const code = field(1, number(1, codes.get(status) ?? unknown))
  return (id) =>
    code +
    field(2, fixed + header(names.decisionId, id) + end) +
    field(4, metadata('decision_id', id))
}
