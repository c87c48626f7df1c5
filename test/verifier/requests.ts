import * as fc from 'fast-check'

// Requests of every kind as bytes: good ones, odd ones, and ones that are meant to be read in two ways.

const crlf = '\r\n'

const usual = <T>(common: readonly T[], odd: readonly T[]) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...common) },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  )

const method = usual(
  ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'],
  ['get', 'TRACE', 'CONNECT', 'PRI', 'PROPFIND', 'QUERY', 'G', 'GET ', ' GET', 'GE\tT', '', 'GÉT'],
)
const version = usual(
  ['HTTP/1.1'],
  ['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.11', 'http/1.1', 'HTTP/1.1 ', 'HTTP /1.1', '', 'X'],
)
const oddText = [
  '\0',
  '\x01',
  '\t',
  ' ',
  '  ',
  '\x7f',
  '\x80',
  'é',
  '\r',
  '\n',
  '\r\n',
  '\r\n ',
  '#',
]
const anyText = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom(...oddText))
const endOfLine = usual([crlf], ['\n', '\r', '\n\r', '\r\r\n', '', '\r\n ', ' \r\n'])

/** Header lines that say something of the request itself, in order or not. */
const telling = [
  'Host: a.test',
  'Host: b.test',
  'host:a.test',
  'Host: a.test:80',
  'Host: a/b',
  'Host:',
  'Host : a.test',
  'Content-Length: 0',
  'Content-Length: 3',
  'Content-Length: 03',
  'Content-Length: +3',
  'Content-Length: 3, 3',
  'content-length:3',
  'Content-Length: 1',
  'Content-Length: 99999999999999999999',
  'Content_Length: 3',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: ',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding:\tchunked',
  'Connection: keep-alive',
  'Connection: Keep-Alive',
  'connection:keep-alive',
  'Connection: close',
  'Connection: keep-alive, close',
  'Connection: Upgrade',
  'Connection: Host',
  'Connection:',
  'Proxy-Connection: close',
  'Keep-Alive: timeout=1',
  'Upgrade: h2c',
  'Upgrade: websocket',
  'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
  'Expect: 100-continue',
  'Expect: x',
  'TE: trailers',
  'Trailer: X-A',
  ': a',
  'X',
  'X Y: a',
  'X\tY: a',
  ' X: a',
  'X: a\0b',
  'X: a\rb',
  'X: a\nb',
  'X:  a',
  'X: a ',
  'X: a\t',
  'X: é',
  'É: a',
  'X(: a',
  '"X": a',
]

const plainLine = fc
  .tuple(fc.constantFrom('Accept', 'X-A', 'x-b', 'Cookie', 'X-Warder-Scope'), fc.string())
  .map(([name, value]) => `${name}: ${value}`)

/** Requests for one of the targets, with some of the header lines. */
export function anyRequest(targets: readonly string[], lines: readonly string[]) {
  const target = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...targets) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom(...targets), anyText).map((two) => two.join('')),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom('*', 'http://a.test/', 'a.test:443', '', '//', '/#', '/\\'),
    },
  )
  const line = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...lines, 'Host: a.test') },
    { weight: 2, arbitrary: plainLine },
    { weight: 1, arbitrary: fc.constantFrom(...telling) },
    { weight: 1, arbitrary: fc.tuple(anyText, anyText).map((two) => two.join(':')) },
  )
  const body = usual(
    ['', '', '', 'abc'],
    ['a', 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n', '\r\n', '{}'],
  )
  return fc
    .record({
      first: fc.tuple(method, target, version).map((three) => three.join(' ')),
      lines: fc.array(
        fc.tuple(line, endOfLine).map((two) => two.join('')),
        { maxLength: 6 },
      ),
      end: endOfLine,
      host: usual(['Host: a.test\r\n'], ['']),
      empty: usual([crlf], ['\n', '', '\r', '\r\n\r\n']),
      body,
      length: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
    })
    .map((r) => {
      const length = r.length && r.body !== '' ? `Content-Length: ${r.body.length}\r\n` : ''
      const text = [r.first, r.end, r.host, ...r.lines, length, r.empty, r.body].join('')
      return Buffer.from(text, 'latin1')
    })
}

/** The same with a few bytes changed, put in or left out. */
export function damaged(bytes: fc.Arbitrary<Buffer>) {
  const change = fc.record({
    at: fc.nat(),
    out: fc.constantFrom(0, 1, 1, 2),
    put: fc.oneof(fc.constantFrom(...oddText, ':', ''), fc.string({ maxLength: 2 })),
  })
  return fc.tuple(bytes, fc.array(change, { maxLength: 3 })).map(([whole, changes]) => {
    let text = whole.toString('latin1')
    for (const { at, out, put } of changes) {
      const place = at % (text.length + 1)
      text = text.slice(0, place) + put + text.slice(place + out)
    }
    return Buffer.from(text, 'latin1')
  })
}
