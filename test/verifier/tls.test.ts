import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import type { ConnectionOptions } from 'node:tls'
import { watchTlsFiles } from '../../src/verifier/tls-files.ts'
import { certify, type Certified } from './certificates.ts'
import { anyPort, nginxHook, runVerifier, until } from './running.ts'
import { open, request, type Place } from './wire.ts'

const ca = certify('Test CA')
const strangerCa = certify('Stranger CA')
const first = certify('first', ca)
const second = certify('second', ca)
const client = certify('gateway', ca)
const stranger = certify('stranger', strangerCa)

const put = (name: string, content: string) => {
  writeFileSync(join(folder, `${name}.new`), content)
  renameSync(join(folder, `${name}.new`), join(folder, name))
}
const files = () => ({
  cert: join(folder, 'cert.pem'),
  key: join(folder, 'key.pem'),
  clientCa: join(folder, 'ca.pem'),
})

const folder = mkdtempSync(join(tmpdir(), 'warder-tls-'))
put('cert.pem', first.certPem)
put('key.pem', first.keyPem)
put('ca.pem', ca.certPem)
const tls = files()
const running = await runVerifier({
  workers: 2,
  parts: {
    http: { at: anyPort, tls },
    ops: { at: anyPort, tls: { ...tls, clientCa: undefined } },
  },
})
after(async () => {
  await running.stop()
  rmSync(folder, { recursive: true })
})

const as = ({ certPem, keyPem }: Certified, more: ConnectionOptions = {}): ConnectionOptions => ({
  ca: ca.certPem,
  cert: certPem,
  key: keyPem,
  ...more,
})

/** The name on the server's certificate and what it answered, or why there was no answer. */
async function askAs(place: Place, options: ConnectionOptions, hook: string) {
  try {
    const line = await open(place, options)
    line.send(hook)
    const { answers } = await line.answers(1)
    const { socket } = line
    const subject = 'getPeerCertificate' in socket ? nameOf(socket) : undefined
    line.close()
    return { status: answers[0]?.status, subject }
  } catch (error) {
    return { failed: error instanceof Error }
  }
}

/** Connections on which a question was allowed. */
async function openedAs(options: ConnectionOptions, count: number) {
  const lines = await Promise.all(Array.from({ length: count }, () => open(running.place, options)))
  for (const line of lines) {
    line.send(nginxHook(running.token()))
    assert.equal((await line.answers(1)).answers[0]?.status, 200)
  }
  return lines
}

function nameOf(socket: object): unknown {
  if (!('getPeerCertificate' in socket) || typeof socket.getPeerCertificate !== 'function') return
  return socket.getPeerCertificate().subject.CN
}

const hook = (options: ConnectionOptions) =>
  askAs(running.place, options, nginxHook(running.token()))
const readiness = async () => {
  const line = await open(running.opsPlace, { ca: ca.certPem })
  line.send(request('GET /readyz HTTP/1.1', 'Host: ops'))
  const { answers } = await line.answers(1)
  line.close()
  return answers[0]?.body ?? ''
}

describe('a listener with TLS', () => {
  test('answers who shows a certificate of the CA, and nobody else', async () => {
    assert.deepEqual(await hook(as(client)), { status: 200, subject: 'first' })
    assert.notEqual((await hook({ ca: ca.certPem })).status, 200)
    assert.notEqual((await hook(as(stranger))).status, 200)
    const wrong = await askAs(running.place, as(client), nginxHook(running.token({ exp: 1 })))
    assert.equal(wrong.status, 401)
  })

  test('speaks neither plain HTTP nor TLS below 1.2', async () => {
    const plain = await open(running.place)
    plain.send(nginxHook(running.token()))
    const { answers } = await plain.end()
    plain.close()
    assert.deepEqual(answers, [])
    const old = await hook(
      as(client, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }),
    )
    assert.deepEqual(old, { failed: true })
  })

  test('goes on with the old certificate while the files do not fit, says so, and takes the new one when they do', async () => {
    put('cert.pem', second.certPem)
    await until(async () =>
      /TLS of listen.http: .*key.pem is not the key of/.test(await readiness()),
    )
    assert.match(await readiness(), /^{"state":"degraded"/)
    assert.match(running.log(), /"source":"TLS of listen.http"/)
    assert.deepEqual(await hook(as(client)), { status: 200, subject: 'first' })

    put('key.pem', second.keyPem)
    await until(async () => (await readiness()) === '{"state":"ready"}')
    // Every thread has its own listener, and which one answers is up to the system.
    await until(async () => {
      const subjects = await Promise.all(Array.from({ length: 8 }, () => hook(as(client))))
      return subjects.every(({ subject }) => subject === 'second')
    })
  })

  test('keeps the CAs that it knew when the file holds none, and lets go of whom it knew by them when it holds others', async () => {
    put('ca.pem', 'no certificate\n')
    await until(async () => (await readiness()).includes('ca.pem is no certificate'))
    assert.equal((await hook(as(client))).status, 200)
    assert.notEqual((await hook(as(stranger))).status, 200)

    const silent = await Promise.all(Array.from({ length: 8 }, () => open(running.place)))
    const lines = [...(await openedAs(as(client), 8)), ...silent]
    put('ca.pem', strangerCa.certPem)
    await until(async () => (await readiness()) === '{"state":"ready"}')
    // Whoever the CAs of before have let in is out, and who would still be let in by them.
    for (const line of lines) {
      assert.equal((await line.answers(1)).closed, true)
      line.close()
    }
    await until(async () => {
      const own = await Promise.all(Array.from({ length: 8 }, () => hook(as(client))))
      return own.every(({ status }) => status === undefined)
    })
    assert.equal((await hook(as(stranger))).status, 200)
    assert.doesNotMatch(running.log(), /a thread ended/)
  })
})

test('every certificate of the file of CAs is read, and the one that is damaged is named', async () => {
  const chain = { ...files(), cert: join(folder, 'chain.pem'), key: join(folder, 'chain-key.pem') }
  const own = { ...chain, clientCa: join(folder, 'bundle.pem') }
  put('chain.pem', first.certPem)
  put('chain-key.pem', first.keyPem)
  const { certPem } = strangerCa
  const middle = certPem.length / 2
  const withoutEnd = certPem.slice(0, certPem.indexOf('-----END'))
  for (const damaged of [
    `${certPem.slice(0, middle)}!!${certPem.slice(middle)}`,
    `${certPem.slice(0, middle)}\n-----END CERTIFICATE-----\n`,
    withoutEnd,
    certPem.replace('BEGIN CERTIFICATE', 'BEGIN CERTIFICAT'),
  ]) {
    put('bundle.pem', `# ours\n${ca.certPem}# theirs\n${damaged}${second.certPem}`)
    await assert.rejects(watchTlsFiles({ files: own, onChange() {}, onProblem() {} }), {
      name: 'TlsFilesError',
      message: /bundle\.pem is damaged: certificate 2 of 3 is none$/,
    })
  }
  put('bundle.pem', `# ours\r\n${ca.certPem}\n# theirs\n${certPem.replaceAll('\n', '\r\n')}`)
  const watch = await watchTlsFiles({ files: own, onChange() {}, onProblem() {} })
  watch.close()
  assert.ok(watch.first.clientCa)
})

test('files that cannot be used keep a listener from starting, and no key is quoted', async () => {
  const bad = { ...files(), key: join(folder, 'other.pem') }
  for (const [content, wanted] of [
    [undefined, /other\.pem cannot be read \(ENOENT\)$/],
    ['-----BEGIN PRIVATE KEY-----\nsecret\n', /other\.pem is not the key of/],
    [first.certPem, /other\.pem is not the key of/],
    [stranger.keyPem, /other\.pem is not the key of/],
  ] as const) {
    if (content !== undefined) put('other.pem', content)
    const watching = watchTlsFiles({ files: bad, onChange() {}, onProblem() {} })
    await assert.rejects(watching, { name: 'TlsFilesError', message: wanted })
  }
})
