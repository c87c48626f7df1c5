// What a sideband kit sends, on either leg, and what it is answered with when nothing is changed: the same again, with
// headers as a list of single pairs and no `null` anywhere. Kits raise, hang or strip on anything else.

import { isObject, type QuestionObject, type QuestionValue } from '../decision/question-json.ts'
import type { AskedRequest } from '../decision/question.ts'
import { askedRequest } from './asked.ts'

/** A header as kits write it: an object of one pair. */
type Pair = Readonly<Record<string, string>>

/** The request that a leg is about. */
export interface SidebandRequest {
  readonly asked: AskedRequest
  readonly url: string
  readonly headers: readonly Pair[]
  /** What the answer begins with; `undefined` where that is the body just as it came. */
  readonly echo: Readonly<Record<string, string | number | readonly Pair[]>> | undefined
}

/** Reads the request leg; `undefined` where something that is needed is missing or of the wrong type. */
export function readRequestLeg(body: QuestionObject): SidebandRequest | undefined {
  const { method, url } = body
  if (typeof method !== 'string' || method === '' || typeof url !== 'string') return undefined
  if (!hasTexts(body, ['source_ip', 'http_version', 'body'])) return undefined
  const headers = readHeaders(body['headers'])
  const sender = senderOf(body)
  const asked = askedOf(method, url, sender?.source_ip || undefined)
  if (!headers || !sender || !asked) return undefined
  if (isEcho(body, headers)) return { asked, url, headers, echo: undefined }
  const echo = { ...sender, method, url, ...versionOf(body), headers, ...bodyOf(body) }
  return { asked, url, headers, echo }
}

const echoed = new Set([
  'source_ip',
  'source_port',
  'method',
  'url',
  'http_version',
  'headers',
  'body',
])

/** Whether nothing would be changed by saying it again: no member that is not echoed, none that is missing or `null`. */
function isEcho(body: QuestionObject, headers: readonly Pair[]): boolean {
  for (const name in body) if (!echoed.has(name) || body[name] === null) return false
  return headers === body['headers'] && typeof body['http_version'] === 'string'
}

/** The response of an upstream, as the response leg brings it. */
export interface SidebandResponse {
  readonly echo: Readonly<Record<string, string | readonly Pair[]>>
  /** The request that was asked about first, as far as this leg itself says. */
  readonly asked: AskedRequest | undefined
  readonly request: QuestionObject | undefined
  readonly state: string | undefined
}

/** Reads the response leg; whatever it has for a `state` or a `request` is never the reason to refuse it. */
export function readResponseLeg(body: QuestionObject): SidebandResponse | undefined {
  const headers = readHeaders(body['headers'])
  const code = codeOrAbsent(body['response_code'])
  const texts = ['method', 'url', 'http_version', 'response_status', 'body'] as const
  if (!headers || code === undefined || !hasTexts(body, texts)) return undefined
  const { method, url, request, state } = body
  const echo = {
    ...(typeof method === 'string' && { method }),
    ...(typeof url === 'string' && { url }),
    ...versionOf(body),
    response_code: code,
    response_status: textOrAbsent(body['response_status']) ?? '',
    headers,
    ...bodyOf(body),
  }
  const whole = typeof method === 'string' && typeof url === 'string'
  return {
    echo,
    asked: whole ? askedOf(method, url, undefined) : undefined,
    request: isObject(request) ? request : undefined,
    state: typeof state === 'string' ? state : undefined,
  }
}

const absolute = /^(?<scheme>[a-z][a-z\d+.-]*):\/\/(?<host>[^/?#]+)(?<target>.*)$/is

/** The request that an absolute URL names, as raw as it stands there. */
export function askedOf(
  method: string,
  url: string,
  address: string | undefined,
): AskedRequest | undefined {
  const { scheme, host, target } = absolute.exec(url)?.groups ?? {}
  if (scheme === undefined || host === undefined || target === undefined) return undefined
  const path = target.startsWith('/') ? target : `/${target}`
  return askedRequest({ method, target: path, host, scheme: scheme.toLowerCase(), address })
}

/** The values of a header, whatever the letter case of its name. */
export function valuesOf(headers: readonly Pair[], name: string): readonly string[] {
  const values: string[] = []
  for (const pair of headers) {
    for (const key in pair) {
      const value = pair[key]
      const isIt = key.length === name.length && key.toLowerCase() === name
      if (isIt && value !== undefined) values.push(value)
    }
  }
  return values
}

// Lua writes a list without entries as `{}`.
function readHeaders(value: QuestionValue | undefined): readonly Pair[] | undefined {
  if (isObject(value)) return Object.keys(value).length === 0 ? [] : undefined
  if (!Array.isArray(value)) return undefined
  const list: readonly QuestionValue[] = value
  return isListOfPairs(list) ? list : madePairs(list)
}

/** Whether headers came in the form in which they are answered. */
function isListOfPairs(list: readonly QuestionValue[]): list is readonly Pair[] {
  for (const entry of list) {
    if (!isObject(entry)) return false
    let members = 0
    for (const name in entry) {
      if (typeof entry[name] !== 'string') return false
      members += 1
    }
    if (members !== 1) return false
  }
  return true
}

function madePairs(list: readonly QuestionValue[]): readonly Pair[] | undefined {
  const pairs: Pair[] = []
  for (const entry of list) {
    if (!isObject(entry)) return undefined
    for (const [name, text] of Object.entries(entry)) {
      if (typeof text !== 'string' && typeof text !== 'number') return undefined
      pairs.push({ [name]: `${text}` })
    }
  }
  return pairs
}

/** Whether members are texts, or not there, which `null` is too. */
function hasTexts(body: QuestionObject, names: readonly string[]): boolean {
  return names.every((name) => {
    const value = body[name]
    return value === undefined || value === null || typeof value === 'string'
  })
}

function textOrAbsent(value: QuestionValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

interface Sender {
  readonly source_ip?: string
  readonly source_port?: string | number
}

/** Where the request came from, as it was written; kits write a port as text or as a number. */
function senderOf({ source_ip: ip, source_port: port }: QuestionObject): Sender | undefined {
  const address = typeof ip === 'string' ? { source_ip: ip } : {}
  if (port === undefined || port === null) return address
  const isPort = typeof port === 'string' || typeof port === 'number'
  return isPort ? { ...address, source_port: port } : undefined
}

function versionOf({ http_version: version }: QuestionObject) {
  return { http_version: typeof version === 'string' ? version : '1.1' }
}

function bodyOf({ body }: QuestionObject) {
  return typeof body === 'string' ? { body } : {}
}

function codeOrAbsent(value: QuestionValue | undefined): string | undefined {
  const code = typeof value === 'number' ? `${value}` : value
  return typeof code === 'string' && /^\d{3}$/.test(code) ? code : undefined
}
