import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { temporaryFolder } from '../temporary-folder.ts'
import { certify } from './certificates.ts'
import { anyPort, runVerifier, type Running } from './running.ts'
import { ask, exchange, open, request, type Place } from './wire.ts'

const body = '{"token":"x"}'

/** A question of why, under some lines of header. */
const why = (...lines: readonly string[]) =>
  request(
    'POST /explain HTTP/1.1',
    ...lines,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ) + body

describe('what explains on the listener of operations', () => {
  let running: Running
  const status = async (...lines: readonly string[]) =>
    (await ask(running.opsPlace, why(...lines))).status

  before(async () => {
    running = await runVerifier()
  })
  after(async () => running.stop())

  test('answers who names it by its address or as localhost', async () => {
    const { port } = running.opsPlace as { readonly port: number }
    // A port that was forwarded to it is another one.
    for (const host of [`127.0.0.1:${port}`, '127.0.0.1', `localhost:${port}`, 'LocalHost:1']) {
      assert.equal(await status(`Host: ${host}`), 200, host)
    }
  })

  test('does not answer under any other name, which a page could have led here', async () => {
    const { port } = running.opsPlace as { readonly port: number }
    for (const host of [
      `rebound.example:${port}`,
      'localhost.example',
      'localhost.',
      '127.0.0.1.example',
      '127.0.0.2',
      '127.1',
      '2130706433',
      '0.0.0.0',
      '[::1]',
      '[127.0.0.1]',
      '192.0.2.1',
      'a@127.0.0.1',
      '127.0.0.1:x',
      '127.0.0.1, rebound.example',
      '',
    ]) {
      assert.equal(await status(`Host: ${host}`), 403, host)
    }
    const twice = await exchange(running.opsPlace, why('Host: 127.0.0.1', 'Host: rebound.example'))
    assert.notEqual(twice.answers[0]?.status, 200)
    const old = why('X-A: b').replace('HTTP/1.1', 'HTTP/1.0')
    assert.equal((await ask(running.opsPlace, old)).status, 403)
  })

  test('does not answer a page in a browser, wherever it is from', async () => {
    const host = 'Host: 127.0.0.1'
    for (const line of [
      'Origin: https://page.example',
      'Origin: http://localhost:3000',
      'Origin: null',
      'Origin:',
      'Sec-Fetch-Site: cross-site',
      'Sec-Fetch-Site: same-site',
      'Sec-Fetch-Site: same-origin',
    ]) {
      assert.equal(await status(host, line), 403, line)
    }
    // What Node's own fetch says of itself.
    assert.equal(await status(host, 'Sec-Fetch-Mode: cors'), 200)
  })
})

test('over TLS it answers under the name of its certificate, over a Unix socket under any, and pages never', async (t) => {
  const folder = temporaryFolder(t)
  const ca = certify('Test CA')
  const { certPem, keyPem } = certify('own', ca)
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  writeFileSync(cert, certPem)
  writeFileSync(key, keyPem)
  const path = join(folder, 'ops')
  const tls = { cert, key, clientCa: undefined }
  const overTls = await runVerifier({ parts: { ops: { at: anyPort, tls } } })
  t.after(overTls.stop)
  const overUnix = await runVerifier({
    parts: { ops: { at: { kind: 'unix', path }, tls: undefined } },
  })
  t.after(overUnix.stop)
  assert.deepEqual(await statuses(overTls.opsPlace, { ca: ca.certPem }), [200, 403])
  assert.deepEqual(await statuses({ path }), [200, 403])
})

/** What a program and what a page is answered, under a name that is no address. */
async function statuses(place: Place, secure?: { readonly ca: string }) {
  const found: (number | undefined)[] = []
  for (const lines of [['Host: ops.example'], ['Host: ops.example', 'Origin: null']]) {
    const line = await open(place, secure)
    line.send(why(...lines))
    const { answers } = await line.answers(1)
    found.push(answers[0]?.status)
    line.close()
  }
  return found
}
