import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import { duplexPair } from 'node:stream'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { HookRequest } from '../../src/verifier/hook-request.ts'
import { readPlain } from '../../src/verifier/plain-request.ts'
import { bytesOf, recordedHooks } from '../doors/recorded.ts'
import { anyRequest, damaged } from './requests.ts'
import { request } from './wire.ts'

const headerBytes = 65_536

/** What Node makes of bytes: the requests that it read, and what else it had to say. */
async function readByNode(bytes: Buffer) {
  const requests: object[] = []
  const remarks: string[] = []
  const server = createServer({
    IncomingMessage: HookRequest,
    requireHostHeader: false,
    maxHeaderSize: headerBytes,
  })
  server.maxHeadersCount = 0
  const note = (read: HookRequest, response: ServerResponse) => {
    const parts: Buffer[] = []
    read.on('data', (part: Buffer) => parts.push(part))
    read.on('end', () => {
      const { method, url, rawHeaders, httpVersion } = read
      const { shouldKeepAlive } = response
      const body = Buffer.concat(parts).toString('latin1')
      requests.push({ method, url, rawHeaders, body, httpVersion, shouldKeepAlive })
      response.end()
    })
  }
  server.on('request', note)
  for (const event of ['checkContinue', 'checkExpectation', 'upgrade', 'connect', 'clientError']) {
    server.on(event, () => remarks.push(event))
  }
  const [near, far] = duplexPair()
  const closed = new Promise((resolve) => far.on('close', resolve))
  far.on('error', () => undefined)
  server.emit('connection', far)
  near.resume().on('error', () => undefined)
  near.end(bytes)
  await Promise.race([closed, new Promise((resolve) => setImmediate(setImmediate, resolve))])
  for (const each of [near, far]) each.destroy()
  return { requests, remarks }
}

async function assertSame(bytes: Buffer): Promise<boolean> {
  const plain = readPlain(bytes, headerBytes)
  if (!plain) return false
  const { method, url, rawHeaders, body } = plain
  const read = { method, url, rawHeaders, body: body.toString('latin1') }
  assert.deepEqual(await readByNode(bytes), {
    requests: [{ ...read, httpVersion: '1.1', shouldKeepAlive: true }],
    remarks: [],
  })
  return true
}

describe('what is read as plain is what Node reads', () => {
  const any = anyRequest(
    ['/', '/auth/nginx', '/auth/envoy/a?b=c', '/a;b', '/a|b"<>{}^`'],
    ['X-A: b'],
  )
  for (const [title, requests, least] of [
    ['of generated requests', any, 0.1],
    ['of damaged ones', damaged(any), 0.02],
  ] as const) {
    test(title, async () => {
      const runs = 3000
      let plain = 0
      const property = fc.asyncProperty(requests, async (bytes) => {
        if (await assertSame(bytes)) plain += 1
      })
      await fc.assert(property, { numRuns: runs })
      assert.ok(plain > runs * least, `only ${plain} were plain`)
    })
  }

  for (const [title, place] of [
    ['within a target', (byte) => [`a${byte}b`, '', 'c']],
    ['for a target', (byte) => [byte, '', 'c']],
    ['within a name', (byte) => ['', `a${byte}b`, 'c']],
    ['at the end of a name', (byte) => ['', byte, 'c']],
    ['within a value', (byte) => ['', '', `a${byte}b`]],
    ['for a value', (byte) => ['', '', byte]],
    ['within a long value', (byte) => ['', '', `${'a'.repeat(66)}${byte}b`]],
    ['at the end of a long value', (byte) => ['', '', `${'a'.repeat(67)}${byte}`]],
  ] as const satisfies readonly (readonly [string, (byte: string) => readonly string[]])[]) {
    test(`of every byte ${title}`, async () => {
      for (let code = 0; code < 256; code++) {
        const [target, name, value] = place(String.fromCharCode(code))
        const text = request(`GET /${target} HTTP/1.1`, 'Host: a', `X${name}: ${value}`)
        const isPlain = await assertSame(Buffer.from(text, 'latin1'))
        if (title.endsWith('value'))
          assert.equal(
            isPlain,
            (code > 0x20 && code < 0x7f) || (code === 0x20 && title.startsWith('within')),
          )
      }
    })
  }
})

/** What is read of a value that stands where others have stood. */
function valueRead(value: string): string | undefined {
  const bytes = Buffer.from(request('GET / HTTP/1.1', 'Host: a', `X: ${value}`))
  return readPlain(bytes, headerBytes)?.rawHeaders[3]
}

test('AT-18: of long values at one place each is read as it is, however like another one that is known', () => {
  const value = Array.from({ length: 100 }, (_, at) => String.fromCharCode(97 + (at % 26))).join('')
  for (let at = 0; at < value.length; at++) {
    // What has come twice is known.
    for (let count = 0; count < 3; count++) assert.equal(valueRead(value), value)
    const other = `${value.slice(0, at)}Z${value.slice(at + 1)}`
    for (const each of [other, value.slice(0, at + 1), `${value}Z`])
      assert.equal(valueRead(each), each)
  }
})

describe('what gateways send is plain', () => {
  for (const hook of recordedHooks().filter(({ closes }) => !closes)) {
    const isOdd = hook.case === 'odd bytes'
    test(`${hook.gateway}, ${hook.case}${isOdd ? ', which are not' : ''}`, async () => {
      assert.equal(await assertSame(bytesOf(hook, 'x'.repeat(900))), !isOdd)
    })
  }
  test('also with a body', async () => {
    const head = request('POST /a HTTP/1.1', 'Host: a', 'Content-Length: 4')
    assert.ok(await assertSame(Buffer.from(`${head}{\r\n}`)))
  })
})

describe('what leaves a doubt is not', () => {
  const lines = ['Host: a']
  const get = (...more: readonly string[]) => request('GET / HTTP/1.1', ...lines, ...more)
  for (const [title, text] of [
    ['a part of a request', get().slice(0, -1)],
    ['no part at all', ''],
    ['two requests', get() + get()],
    ['an empty line in front', `\r\n${get()}`],
    ['a body that is not announced', `${get()}x`],
    ['a body with more to come', `${get('Content-Length: 3')}ab`],
    ['a body with something behind', `${get('Content-Length: 1')}ab`],
    ['two lengths', `${get('Content-Length: 1', 'Content-Length: 1')}a`],
    ['a length with a sign', `${get('Content-Length: +1')}a`],
    ['a length with a zero in front', `${get('Content-Length: 01')}a`],
    ['a coding', `${get('Transfer-Encoding: chunked')}0\r\n\r\n`],
    ['a coding that is none', get('Transfer-Encoding: identity')],
    ['an expectation', `${get('Expect: 100-continue', 'Content-Length: 1')}a`],
    ['an upgrade', get('Upgrade: websocket', 'Connection: upgrade')],
    ['an end', get('Connection: close')],
    ['an end, for a proxy', get('Proxy-Connection: close')],
    ['a list of what becomes of the connection', get('Connection: keep-alive, x')],
    ['an older version', get().replace('1.1', '1.0')],
    ['a newer version', get().replace('1.1', '2.0')],
    ['a method in small letters', get().replace('GET', 'get')],
    ['another method', get().replace('GET', 'TRACE')],
    ['two spaces', get().replace(' /', '  /')],
    ['an absolute target', get().replace('/ ', 'http://a/ ')],
    ['a fragment', get().replace('/ ', '/#x ')],
    ['a byte beyond ASCII in the target', get().replace('/ ', '/é ')],
    ['no Host', request('GET / HTTP/1.1', 'X: a')],
    ['two', get('Host: a')],
    ['one that is none', request('GET / HTTP/1.1', 'Host: a/b')],
    ['a line that goes on', get('X: a\r\n b')],
    ['a space before a colon', get('X : a')],
    ['a space around a value', get('X:  a')],
    ['a space behind a value', get('X: a ')],
    ['a tab', get('X:\ta')],
    ['a control character', get('X: a\x01')],
    ['a byte beyond ASCII', get('X: é')],
    ['a line without a name', get(': a')],
    ['a line without a colon', get('X')],
    ['lines that end by a feed alone', get().replaceAll('\r\n', '\n')],
    ['a return within a line', get('X: a\rb')],
    ['a head of more than there may be', get(`X: ${'a'.repeat(headerBytes)}`)],
  ] as const) {
    test(title, () => {
      assert.equal(readPlain(Buffer.from(text, 'latin1'), headerBytes), undefined)
    })
  }
})
