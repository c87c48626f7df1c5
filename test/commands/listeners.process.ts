import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { makePlace } from './running.ts'

test('a listener that cannot be opened is named with its address and the fix, whichever process it is of', async (t) => {
  const place = await makePlace()
  t.after(place.close)
  const stranger = createServer()
  t.after(() => stranger.close())
  await once(stranger.listen(0, '127.0.0.1'), 'listening')
  const address = stranger.address()
  assert.ok(typeof address === 'object' && address)
  writeFileSync(join(place.folder, 'warder.yaml'), 'trust: [{ issuer: x, audience: a, jwks: k }]\n')
  writeFileSync(join(place.folder, 'file'), 'kept')
  const at = {
    taken: `127.0.0.1:${address.port}`,
    foreign: '192.0.2.1:7070',
    noFolder: `unix:${place.folder}/nodir/x.sock`,
    noSocket: `unix:${place.folder}/file`,
    noRight: 'unix:/proc/x.sock',
    tooLong: `unix:${place.folder}/${'x'.repeat(120)}`,
  }
  for (const [words = '', told, fix] of [
    [`serve --doors-forward-listen ${at.taken}`, `${at.taken} is taken`, 'free it, or'],
    [`verifier --doors-forward-listen ${at.taken}`, `${at.taken} is taken`, 'free it, or'],
    [`verifier --listen-grpc ${at.foreign}`, `${at.foreign} is not of this machine`],
    [
      `verifier --listen-http ${at.noFolder}`,
      `${at.noFolder} has no folder to be in`,
      `make ${place.folder}/nodir, or`,
    ],
    [`verifier --listen-http ${at.noSocket}`, `${at.noSocket} is taken`, 'free it, or'],
    [`verifier --listen-http ${at.tooLong}`, `${at.tooLong} is too long for the path of a socket`],
    [
      `serve --listen-http ${at.noRight}`,
      `${at.noRight} is not for this user`,
      'give this user the right to it, or',
    ],
    ...['serve', 'authority', 'verifier'].map((command) => [
      `${command} --listen-ops ${at.noFolder}`,
      `${at.noFolder} has no folder to be in`,
      `make ${place.folder}/nodir, or`,
    ]),
  ]) {
    const [, flag = ''] = / (--\S+)/.exec(words) ?? []
    const key = flag.slice(2).replaceAll('-', '.')
    const todo = `${fix === undefined ? '' : `${fix} `}set ${flag} to another address`
    const { code, out, err } = await place.run(words)
    const lines = err.split('\n').filter((line) => line.startsWith('warder: '))
    assert.deepEqual([code, out], [1, ''], words)
    assert.deepEqual(lines, [`warder: cannot start: ${key}: ${told}: ${todo}`])
    assert.doesNotMatch(err, / {4}at /)
  }
  assert.equal(readFileSync(join(place.folder, 'file'), 'utf8'), 'kept')
})
