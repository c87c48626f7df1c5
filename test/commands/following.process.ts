import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { certify } from '../verifier/certificates.ts'
import { makePlace, until, type Place, type Serving } from './running.ts'

suite('a verifier beside its authority', () => {
  let place: Place
  let authority: Serving
  const elsewhere = ['--listen-ops', '127.0.0.1:0', '--enrolment-file', 'enrolment'].join(' ')

  before(async () => {
    place = await makePlace()
    authority = await place.serve('authority --listen-ops off')
    const enrolled = await place.run('verifier enrol edge')
    writeFileSync(join(place.folder, 'enrolment'), enrolled.out)
  })
  after(async () => {
    await authority.end('SIGKILL')
    place.close()
  })

  test('makes the folder of its state, for this user alone', async (t) => {
    const state = join(place.folder, 'lib/warder/state')
    const verifier = await place.serve(`verifier ${elsewhere} --state-file ${state}`)
    t.after(() => verifier.end('SIGKILL'))
    await until(() => existsSync(state))
    assert.equal(statSync(join(state, '..')).mode & 0o777, 0o700)
  })

  test('goes on where the folder of its state cannot be made, and says which one that is', async (t) => {
    const verifier = await place.serve(`verifier ${elsewhere} --state-file enrolment/state`)
    t.after(() => verifier.end('SIGKILL'))
    assert.match(verifier.log(), /"folder":"enrolment".*"msg":"the folder of the state file cannot/)
  })

  test('says what it has against the certificate of its authority', async (t) => {
    const ca = certify('ca')
    const { certPem: cert, keyPem: key } = certify('127.0.0.1', ca)
    const stranger = createServer({ cert, key })
    t.after(() => stranger.close())
    await once(stranger.listen(0, '127.0.0.1'), 'listening')
    const { port } = stranger.address() as AddressInfo
    const file = join(place.folder, 'stranger.yaml')
    writeFileSync(
      file,
      `authority: { url: https://127.0.0.1:${port} }
`,
    )
    const verifier = await place.serve(`verifier ${elsewhere} --config ${file}`)
    t.after(() => verifier.end('SIGKILL'))
    await until(() => /"cause":"[^"]*UNABLE_TO_VERIFY_LEAF_SIGNATURE/.test(verifier.log()))
    assert.match(verifier.log(), /"why":"unreachable".*the feed is interrupted/)
  })

  test('is told which file of CAs is missing, or holds none', async () => {
    for (const [ca, problem] of [
      ['none.pem', 'none.pem cannot be read (ENOENT)'],
      ['enrolment', 'enrolment holds no certificate'],
    ]) {
      const { code, err } = await place.run(`verifier ${elsewhere} --authority-ca ${ca}`)
      const fix = 'authority.ca has to name a file with certificates in PEM'
      assert.deepEqual([code, err], [1, `warder: cannot start: ${problem}: ${fix}\n`])
    }
  })
})
