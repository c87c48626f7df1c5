import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { createCheckRequestReader } from '../../src/doors/check-request.ts'
import { doubled, type Field } from '../../src/doors/header-reader.ts'
import { checkInit, checkMessage } from './asking.ts'
import { encodeCheck, judgeCheck, peer, type CheckInit, type HeaderPair } from './check-schema.ts'

// What our reader sees of a message is what the judge sees, over honest messages and over hostile ones. It may refuse
// what the judge repairs or merges; it may never see something else.

const names = ['client-token', 'pdg-token']
const isSpoofed = (name: string) => name.startsWith('x_warder') || name === 'client_token'
const read = createCheckRequestReader(isSpoofed, names)

/** Characters to bytes, as the reader has them. */
const latin = (text: string) => Buffer.from(text, 'utf8').toString('latin1')
const trimmed = (text: string) => text.replace(/^[ \t]+/, '').replace(/[ \t]+$/, '')

interface Seen {
  readonly [name: string]: unknown
}

type Http = NonNullable<NonNullable<NonNullable<CheckInit['attributes']>['request']>['http']>

const rawOf = ({ value = '', rawValue = new Uint8Array() }: HeaderPair) =>
  rawValue.length > 0 ? Buffer.from(rawValue).toString('latin1') : latin(value)

/** All headers that the judge has read, by lower-case name. */
function judgedHeaders({ headers = {}, headerMap }: Http): readonly (readonly [string, string])[] {
  const pairs = [
    ...Object.entries(headers).map(([key, value]) => [key, latin(value)] as const),
    ...(headerMap?.headers ?? []).map((pair) => [pair.key, rawOf(pair)] as const),
  ]
  return pairs.map(([key, value]) => [latin(key).toLowerCase(), trimmed(value)] as const)
}

function judgedAddress(source: object | undefined): string | undefined {
  const { address } = (source ?? {}) as Partial<ReturnType<typeof peer>>
  if (address?.either?.case !== 'socketAddress') return undefined
  return latin(address.either.value.address) || undefined
}

/** What the judge has read, put as ours puts it. */
function judged(bytes: Uint8Array): Seen {
  const { request, source, contextExtensions } = judgeCheck(bytes).attributes ?? {}
  const { http = {} } = request ?? {}
  const { method = '', path = '', host = '', scheme = '' } = http
  const pairs = judgedHeaders(http)
  const valuesOf = (name: string) => pairs.flatMap(([key, value]) => (key === name ? [value] : []))
  const [one, two] = valuesOf('authorization')
  const cookies = valuesOf('cookie')
  const extension = contextExtensions?.['warder-credential']
  return {
    method: latin(method),
    target: latin(path),
    host: latin(host),
    scheme: latin(scheme),
    address: judgedAddress(source),
    authorization: two === undefined ? one : doubled,
    cookie: cookies.length === 0 ? undefined : cookies.toSorted().join('; '),
    extension: extension === undefined ? undefined : trimmed(latin(extension)),
    spoofed: pairs
      .map(([key]) => key)
      .filter(isSpoofed)
      .toSorted(),
  }
}

/** What ours has read, without the order of a map, which has none. */
function seen(bytes: Buffer): Seen | undefined {
  const request = read(bytes)
  if (!request) return undefined
  const { method, target, host, scheme, authorization, extension, spoofed } = request
  const cookie: Field = request.cookie
  return {
    method,
    target,
    host,
    scheme,
    address: request.address || undefined,
    authorization,
    cookie: typeof cookie === 'string' ? cookie.split('; ').toSorted().join('; ') : cookie,
    extension,
    spoofed: spoofed.toSorted(),
  }
}

const sameAs = (expected: Seen, found: Seen) => {
  const { cookie, address, ...rest } = expected
  const sorted = typeof cookie === 'string' ? cookie.split('; ').toSorted().join('; ') : cookie
  assert.deepEqual(found, { ...rest, address, cookie: sorted })
}

const parts = (value: unknown) => (typeof value === 'string' ? value.split('; ') : [])
const has = (list: readonly unknown[], part: unknown) => assert.ok(list.includes(part))

/** A map that names a header twice has one of it to the judge; to us it may have two, which is stricter. */
function notOtherThan(expected: Seen, found: Seen): void {
  const { cookie, spoofed, authorization, extension, ...rest } = found
  for (const part of parts(expected['cookie'])) has(parts(cookie), part)
  for (const name of Array.isArray(expected['spoofed']) ? expected['spoofed'] : []) {
    has(Array.isArray(spoofed) ? spoofed : [], name)
  }
  has([doubled, expected['authorization']], authorization)
  has([doubled, expected['extension']], extension)
  for (const [name, value] of Object.entries(rest)) assert.equal(value, expected[name], name)
}

// A header's grammar allows no control characters; those are refused, which has a test of its own.
const text = fc
  .string({ unit: 'grapheme', maxLength: 20 })
  .map((each) => each.replaceAll(/\p{Cc}|\p{Cs}/gu, ''))
const token = fc.stringMatching(/^[\x21-\x7e]{1,20}$/)
const key = fc.oneof(
  fc.constantFrom(
    'authorization',
    'cookie',
    'client-token',
    'client_token',
    'x_warder_subject',
    'x-warder-scope',
    ':path',
    'x-w',
  ),
  token,
)
const map = fc.dictionary(
  key.filter((each) => each !== '__proto__'),
  text,
  { maxKeys: 8 },
)
const headerLines = fc.array(
  fc.oneof(
    fc.record({ key, value: text }),
    fc.record({
      key,
      rawValue: fc
        .uint8Array({ maxLength: 20 })
        .map((bytes) => bytes.map((each) => ((each & 0x7f) < 0x20 || each === 0x7f ? 0x41 : each))),
    }),
  ),
  { maxLength: 8 },
)
const http = fc.record(
  {
    id: text,
    method: text,
    headers: map,
    path: text,
    host: text,
    scheme: text,
    size: fc.integer(),
    protocol: text,
    body: text,
    rawBody: fc.uint8Array({ maxLength: 300 }),
    headerMap: fc.record({ headers: headerLines }),
  },
  { requiredKeys: [] },
)
const extensions = fc.dictionary(
  fc.oneof(
    fc.constant('warder-credential'),
    token.filter((each) => each !== '__proto__'),
  ),
  text,
  { maxKeys: 3 },
)
const source = fc.oneof(
  text.map(peer),
  fc.constant({ address: { either: { case: 'pipe', value: { path: '/run/x' } } } }),
  fc.constant({ principal: 'spiffe://x', certificate: '%2D'.repeat(100) }),
)
const honest: fc.Arbitrary<CheckInit> = fc.record({
  attributes: fc.record(
    { source, destination: source, request: fc.record({ http }), contextExtensions: extensions },
    { requiredKeys: [] },
  ),
})

describe('our reader of Check sees what the judge sees', () => {
  test('in any honest message', () => {
    fc.assert(
      fc.property(honest, (init) => {
        const bytes = encodeCheck(init)
        const found = seen(bytes)
        assert.ok(found, 'an honest message was refused')
        sameAs(judged(bytes), found)
      }),
      { numRuns: 500 },
    )
  })

  test('in any message that it reads at all, of those with bytes changed, cut, put in or doubled', () => {
    let readable = 0
    const harm = fc.array(
      fc.record({
        kind: fc.constantFrom('change', 'cut', 'insert', 'double'),
        at: fc.nat(),
        bytes: fc.uint8Array({ minLength: 1, maxLength: 6 }),
      }),
      { minLength: 1, maxLength: 3 },
    )
    fc.assert(
      fc.property(honest, harm, (init, harms) => {
        let bytes = encodeCheck(init)
        for (const { kind, at: where, bytes: more } of harms) {
          const at = bytes.length === 0 ? 0 : where % bytes.length
          const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
          if (kind === 'change') bytes = Buffer.concat([head, more, tail.subarray(more.length)])
          else if (kind === 'cut') bytes = Buffer.from(head)
          else if (kind === 'insert') bytes = Buffer.concat([head, more, tail])
          else bytes = Buffer.concat([bytes, bytes])
        }
        const found = seen(bytes)
        if (!found) return
        readable++
        notOtherThan(judged(bytes), found)
      }),
      { numRuns: 3000 },
    )
    assert.ok(readable > 100, `only ${readable} were readable`)
  })

  test('in bytes at random', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const found = seen(Buffer.from(bytes))
        if (found) notOtherThan(judged(bytes), found)
      }),
      { numRuns: 2000 },
    )
  })
})

const hex = (textOf: string) => Buffer.from(textOf.replaceAll(' ', ''), 'hex')
const field = (number: number, content: Buffer) => {
  assert.ok(content.length < 128)
  return Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content])
}
const inHttp = (...fields: readonly Buffer[]) => field(1, field(4, field(2, Buffer.concat(fields))))
const method = field(2, Buffer.from('GET'))

describe('our reader of Check refuses', () => {
  const cases: Readonly<Record<string, Buffer>> = {
    'a field number of zero': hex('02 00'),
    'a tag that is too long': hex('8a 80 80 80 80 80 00 00'),
    'a tag beyond 32 bits': hex('8a 80 80 80 10 00'),
    'a length beyond the message': hex('0a 05 00'),
    'a length beyond the field around it': field(1, hex('22 7f 00')),
    'a length of four gigabytes': hex('0a ff ff ff ff 0f'),
    'a length beyond 32 bits': hex('0a ff ff ff ff 7f'),
    'a number without end': hex('10 ff ff ff ff ff ff ff ff ff ff 01'),
    'eight bytes of which there are seven': hex('11 01 02 03 04 05 06 07'),
    'four bytes of which there are three': hex('15 01 02 03'),
    'a group': hex('1b 1c'),
    'an end without a group': hex('1c'),
    'wire type 6': hex('16'),
    'wire type 7': hex('17'),
    'attributes that are a number': hex('08 01'),
    'attributes that come twice': Buffer.concat([inHttp(method), inHttp(method)]),
    'a method that comes twice': inHttp(method, field(2, Buffer.from('PUT'))),
    'a method that is a number': inHttp(hex('10 01')),
    'a method that is not UTF-8': inHttp(field(2, hex('47 ff'))),
    'a target with a line end': inHttp(field(4, Buffer.from('/a\r\nb'))),
    'a host with a zero byte': inHttp(field(5, hex('61 00'))),
    'a header whose name comes twice': inHttp(
      field(3, Buffer.concat([field(1, Buffer.from('a')), field(1, Buffer.from('cookie'))])),
    ),
    'a header whose value comes twice': inHttp(
      field(3, Buffer.concat([field(2, Buffer.from('a')), field(2, Buffer.from('b'))])),
    ),
    'a header with a value of either kind': inHttp(
      field(
        13,
        field(
          1,
          Buffer.concat([
            field(1, Buffer.from('cookie')),
            field(2, Buffer.from('a')),
            field(3, Buffer.from('b')),
          ]),
        ),
      ),
    ),
    'a credential with a line end': encodeCheck({
      attributes: { contextExtensions: { 'warder-credential': 'a\nb' } },
    }),
    'a spoofed name that no header can have': checkMessage({ headers: { 'x_warder\u00e9': 'x' } }),
  }
  for (const [title, bytes] of Object.entries(cases)) {
    test(title, () => assert.equal(read(bytes), undefined))
  }
})

describe('our reader of Check understands', () => {
  const withUnknown = Buffer.concat([
    encodeCheck(checkInit()),
    hex('f8 01 96 01'),
    hex('f1 ff 01 01 02 03 04 05 06 07 08'),
    hex('fa 0f 03 61 62 63'),
    hex('fd 0f 01 02 03 04'),
  ])

  test('messages with fields that it does not know', () => {
    assert.equal(read(withUnknown)?.target, '/orders/1?x=2')
  })

  test('an authorization in both forms of headers as doubled', () => {
    const { attributes } = checkInit({ headers: { authorization: 'Bearer a' } })
    const headerMap = { headers: [{ key: 'Authorization', rawValue: Buffer.from('Bearer a') }] }
    const both = { ...attributes, request: { http: { ...attributes?.request?.http, headerMap } } }
    assert.equal(read(encodeCheck({ attributes: both }))?.authorization, doubled)
  })

  test('bytes beyond ASCII as Node’s own parser has them', () => {
    assert.equal(read(checkMessage({ path: '/é' }))?.target, '/\u00c3\u00a9')
    const lines = [{ key: 'cookie', rawValue: Buffer.from([0x61, 0x3d, 0xe9]) }]
    assert.equal(read(checkMessage({ lines }))?.cookie, 'a=\u00e9')
  })

  test('sixty thousand blanks in the time of as many letters', () => {
    const headers = { cookie: `a${' \t'.repeat(200_000)}a` }
    const message = checkMessage({ headers })
    const began = process.cpuUsage().user
    assert.equal(read(message)?.cookie, headers.cookie)
    assert.ok(process.cpuUsage().user - began < 500_000)
  })
})
