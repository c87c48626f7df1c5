import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { readOrder } from '../../src/commands/order.ts'
import { rotateCredential } from '../../src/commands/rotate.ts'
import { commands } from '../../src/commands/table.ts'
import { systemClock } from '../../src/system/clock.ts'
import { addGateway, embedded, openHouse, type House } from '../authority/house.ts'
import { enrol, startFeedVerifier, stateFolder, until } from '../feed/fleet.ts'
import { makePlace } from './running.ts'

interface Rotated {
  readonly code: number
  readonly out: string
  readonly err: string
  readonly waitedMs: number
}

const twoMinutesLater = () => systemClock.wall() + 125_000

suite('credential rotate', () => {
  let house: House
  before(async () => {
    house = await openHouse()
  })
  after(() => house.close())

  const liveOf = async (path: string) =>
    embedded((await house.ask('GET', `${path}/credentials`)).body, 'credentials').map((each) =>
      String(each['id']),
    )
  const use = (jti: string, source: string) =>
    house.authority.recordUsage([{ jti, at: Date.now(), count: 1, source }])
  const oldAndNew = async () => {
    const { id, path } = await addGateway(house, { createCredential: true })
    const [old = ''] = await liveOf(path)
    const newId = async () => (await liveOf(path)).find((each) => each !== old) ?? ''
    return { id, path, old, newId }
  }

  /** Runs the command where time passes as fast as it looks; `between` is done before each further look. */
  const rotate = async (
    words: string,
    between: (afterMs: number) => Promise<void>,
    wall = systemClock.wall,
  ) => {
    const command = commands.find((each) => each.words.join(' ') === 'credential rotate')
    assert.ok(command)
    const reading = readOrder(command, [...words.split(' '), '--data', house.dataFolder])
    assert.ok(reading.kind === 'order')
    const said = { out: '', err: '' }
    const writeOut = process.stdout.write.bind(process.stdout)
    const writeErr = process.stderr.write.bind(process.stderr)
    let now = 0
    process.stdout.write = (text: string | Uint8Array) => Boolean((said.out += String(text)))
    process.stderr.write = (text: string | Uint8Array) => Boolean((said.err += String(text)))
    try {
      const code = await rotateCredential(reading.order, {
        clock: { wall, monotonic: () => now },
        async pause(milliseconds) {
          now += milliseconds
          await between(now)
        },
      })
      return { code, ...said, waitedMs: now } satisfies Rotated
    } finally {
      process.stdout.write = writeOut
      process.stderr.write = writeErr
    }
  }

  test('old credentials end once nobody has used them for as long as it was told, and not before', async () => {
    const { id, path, old, newId } = await oldAndNew()
    const { code, out, err, waitedMs } = await rotate(`${id} --quiet 15m`, async (afterMs) => {
      if (afterMs === 60_000) await use(old, '10.0.0.7')
      if (afterMs === 120_000) await use(await newId(), '10.0.0.8')
      if (afterMs < 16 * 60_000) assert.ok((await liveOf(path)).includes(old))
    })
    assert.equal(code, 0, err)
    assert.match(out, /^[\w-]+\.[\w-]+\.[\w-]+\n$/, 'the credential stands alone')
    assert.equal(waitedMs, 16 * 60_000)
    assert.deepEqual(await liveOf(path), [await newId()])
    assert.match(err, /put it where the gateway reads it/)
    assert.match(err, new RegExp(`still in use: ${old} from 10\\.0\\.0\\.7`))
    assert.match(err, new RegExp(`${old} is revoked\n`))
    assert.ok(!err.includes(out.trim().split('.')[2] ?? out), 'the credential is on standard error')
  })

  test('who goes on using an old one is named, and nothing is revoked', async () => {
    const { id, path, old, newId } = await oldAndNew()
    const { code, err } = await rotate(`${id} --quiet 5m --within 30m`, async (afterMs) => {
      if (afterMs === 5000) await use(await newId(), '10.0.0.8')
      if (afterMs % 120_000 === 0) await use(old, '10.0.0.7')
    })
    assert.equal(code, 1)
    assert.match(err, new RegExp(`warder: still in use: ${old} from 10.0.0.7; nothing was revoked`))
    assert.equal((await liveOf(path)).length, 2)
  })

  test('while the new one was never used, no old one ends', async () => {
    const { id, path } = await oldAndNew()
    const { code, err } = await rotate(`${id} --quiet 1m --within 10m`, async () => undefined)
    assert.equal(code, 1)
    assert.match(err, /the new credential was not used in all this time; nothing was revoked/)
    assert.equal((await liveOf(path)).length, 2)
  })

  test('a token that has run out while it waited is bought anew', async () => {
    const { id } = await oldAndNew()
    // All administrators' tokens end with the key that signed them.
    const keys = `/v1/organizations/${house.organizationId}/keys`
    const [kid] = embedded((await house.ask('GET', keys)).body, 'keys').map((key) =>
      String(key['kid']),
    )
    const { code, err } = await rotate(`${id} --quiet 30s`, async (afterMs) => {
      if (afterMs !== 5000) return
      await house.ask('POST', keys, { body: {} })
      await house.ask('POST', `${keys}/${String(kid)}/retire`, { body: {} })
    })
    assert.equal(code, 1)
    assert.match(err, /the new credential was revoked meanwhile, or its key was retired/)
  })

  test('while a verifier has not been heard from for long, no old one ends', async () => {
    await house.close()
    house = await openHouse()
    const { id, path, newId } = await oldAndNew()
    const folder = stateFolder()
    const enrolment = await enrol(house, 'far away')
    const verifier = await startFeedVerifier({ enrolment, stateFolder: folder.path })
    const members = `/v1/organizations/${house.organizationId}/verifiers`
    await until(async () => {
      const [member] = embedded((await house.ask('GET', members)).body, 'verifiers')
      return member?.['lastSeenAt'] !== undefined
    })
    await verifier.stop()
    folder.remove()
    const useNew = async (afterMs: number) => {
      if (afterMs === 5000) await use(await newId(), '10.0.0.8')
    }
    const { code, err } = await rotate(`${id} --quiet 30s`, useNew, twoMinutesLater)
    assert.equal(code, 1)
    assert.match(err, /far away has not been heard from, .*nothing was revoked/)
    assert.equal((await liveOf(path)).length, 2)
  })

  test('what is too short to prove anything is mistyped', async () => {
    const place = await makePlace()
    for (const words of ['--quiet 10s', '--quiet soon', '--quiet 2h --within 1h']) {
      const { code, out } = await place.run(`credential rotate edge ${words}`)
      assert.deepEqual([code, out], [2, ''])
    }
    place.close()
  })
})
