// Questions as bytes, for doors that are not asked by headers.

function varint(value: number): Buffer {
  if (value < 240) return Buffer.of(value)
  const bytes = [(value & 15) | 240]
  let left = (value - 240) >> 4
  while (left >= 128) {
    bytes.push((left & 127) | 128)
    left = (left - 128) >> 7
  }
  return Buffer.of(...bytes, left)
}

function run(bytes: string | Buffer): Buffer {
  const content = Buffer.from(bytes as string)
  return Buffer.concat([varint(content.length), content])
}

const text = (value: string) => Buffer.concat([Buffer.of(8), run(value)])

function frame(type: number, ids: readonly number[], payload: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(5 + ids.length + payload.length)
  return Buffer.concat([length, Buffer.of(type, 0, 0, 0, 1, ...ids), payload])
}

/** What HAProxy says first. */
export function spoeHello(): Buffer {
  const said = [
    run('supported-versions'),
    text('2.0'),
    run('max-frame-size'),
    Buffer.of(3, 0xfc, 0xf0, 0x06),
    run('capabilities'),
    text('pipelining'),
  ]
  return frame(1, [0, 0], Buffer.concat(said))
}

const headers = [
  ['host', 'api.example.com'],
  ['user-agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
  ['accept', 'application/json'],
  ['accept-language', 'en-GB,en;q=0.7'],
  ['accept-encoding', 'gzip, deflate, br, zstd'],
  ['cookie', 'session=6f1ed002ab5595859014ebf0951522d9'],
  ['', ''],
] as const

/** A NOTIFY with the arguments of `deploy/gateways/haproxy-spoe/warder-spoe.conf`. */
export function spoeNotify(token: string): Buffer {
  const list = Buffer.concat(headers.flatMap(([name, value]) => [run(name), run(value)]))
  const args = [
    [run('token'), text(token)],
    [run('method'), text('GET')],
    [run('uri'), text('/orders/1842?expand=lines')],
    [run('src'), Buffer.of(6, 203, 0, 113, 7)],
    [run('ssl'), Buffer.of(0x11)],
    [run('hdrs'), Buffer.of(9), run(list)],
  ].flat()
  return frame(3, [5, 1], Buffer.concat([run('check'), Buffer.of(6), ...args]))
}

/** The body of a sideband request of about so many bytes. */
export function sidebandBody(size: number): string {
  const lines = headers.slice(0, -1).map(([name, value]) => ({ [name]: value }))
  const body = {
    source_ip: '203.0.113.9',
    source_port: '36658',
    method: 'POST',
    url: 'https://api.example.com:443/orders/1842?expand=lines',
    http_version: '1.1',
    headers: lines,
    body: '',
  }
  const left = Math.max(0, size - Buffer.byteLength(JSON.stringify(body)))
  return JSON.stringify({ ...body, body: 'x'.repeat(left) })
}

/** A sideband request on the wire. */
export function sidebandBytes(token: string, environment: string, size: number): Buffer {
  const body = sidebandBody(size)
  const lines = [
    `POST /v1/environments/${environment}/sideband/request HTTP/1.1`,
    'Host: warder',
    'Connection: Keep-Alive',
    'Content-Type: application/json',
    'User-Agent: Kong/1.2.0',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `CLIENT-TOKEN: ${token}`,
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`)
}
