import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import type { FeedRecord } from '../../src/verifier/feed/record.ts'
import { createStateFile, type StateFile } from '../../src/verifier/feed/state-file.ts'
import { FeedTrouble } from '../../src/verifier/feed/trouble.ts'
import { stateFolder } from './fleet.ts'
import { openRecord } from './holding.ts'
import {
  changeAfter,
  environments,
  feedPair,
  heartbeatAt,
  issuerName,
  revisionOf,
  revocation,
  sign,
  snapshotOf,
  type FeedPair,
  type Place,
} from './history.ts'

// What a verifier takes of what is signed, puts in force, keeps and acknowledges.

const first: Place = { epoch: 'one', revision: revisionOf(10), chain: 'chain' }
const at = Date.now()
type Snapshot = Awaited<ReturnType<typeof snapshotOf>>

async function openPlace(t: TestContext) {
  const key = await feedPair()
  const { path, remove } = stateFolder()
  t.after(remove)
  const file = join(path, 'state')
  const open = (instead: Partial<StateFile> = {}, longAfter?: number) => {
    const compacted = Promise.withResolvers<Snapshot>()
    const state = { ...createStateFile(file, 'verifier', longAfter), ...instead }
    const { record, holds } = openRecord(t, {
      pinned: key.kid,
      issuer: issuerName,
      state,
      snapshot: () => compacted.promise,
      onDiskFailure: () => undefined,
    })
    return { record, holds, compact: compacted.resolve, close: () => state.close() }
  }
  const openAt = async (place = first, instead: Partial<StateFile> = {}, longAfter?: number) => {
    const opened = open(instead, longAfter)
    await opened.record.takeKeys({ first: key.jwk, announcements: [] })
    await take(opened.record, await snapshotOf(key, { ...place, at, revoked: ['dead'] }))
    return opened
  }
  return { key, file, open, openAt }
}

const take = (record: FeedRecord, { manifest, body }: Snapshot) =>
  record.takeSnapshot(manifest, body)

/** Why something was not taken. */
async function whyNot(taking: Promise<unknown>): Promise<string> {
  return taking.then(
    () => 'taken',
    (error: unknown) => (error instanceof FeedTrouble ? error.code : String(error)),
  )
}

describe('a snapshot', () => {
  test('that is not what its manifest says is not taken', async (t) => {
    const { key, openAt } = await openPlace(t)
    const { record, holds } = await openAt()
    const said = { ...first, revision: revisionOf(11), at, revoked: ['other'] }
    const { manifest, body } = await snapshotOf(key, said)
    const altered = Buffer.from(body)
    altered[body.length - 1] = (body.at(-1) ?? 0) ^ 1
    const stranger = await feedPair()
    for (const one of [
      { manifest, body: altered },
      { manifest, body: body.subarray(0, -16) },
      { manifest, body: Buffer.concat([body, Buffer.alloc(16)]) },
      await snapshotOf(key, { ...said, manifest: { counts: { revoked: 0 } } }),
      await snapshotOf(key, { ...said, manifest: { kind: 'heartbeat' } }),
      await snapshotOf(stranger, said),
    ]) {
      assert.equal(await whyNot(take(record, one)), 'untrusted')
    }
    assert.deepEqual(['dead', 'other'].map(holds), [true, false])
    assert.deepEqual(record.acknowledged, first)
  })

  test('never leads back, not after a restart either', async (t) => {
    const { key, open, openAt } = await openPlace(t)
    const { record, close } = await openAt()
    const heard = { at: at + 1000 }
    await record.takeLines([await heartbeatAt(key, first, heard)])
    await record.touch()
    await close()
    const again = open()
    assert.equal(await again.record.load(), 'loaded')
    for (const each of [record, again.record]) {
      for (const [said, why] of [
        [{ ...first, revision: revisionOf(9), at: at + 2000 }, 'older'],
        [{ ...first, chain: 'another', at: at + 2000 }, 'older'],
        [{ ...first, epoch: 'two', at: at + 999 }, 'older'],
        [{ ...first, epoch: 'two', at: at + 1000 }, 'taken'],
      ] as const) {
        assert.equal(await whyNot(take(each, await snapshotOf(key, said))), why)
      }
    }
    await again.close()
  })

  test('of another epoch takes nothing back that was revoked, not after a restart either', async (t) => {
    const { key, open, openAt } = await openPlace(t)
    const { record, close } = await openAt()
    await take(record, await snapshotOf(key, { ...first, epoch: 'two', at }))
    await close()
    const again = open()
    assert.equal(await again.record.load(), 'loaded')
    assert.equal(again.holds('dead'), true)
    await again.close()
  })
})

describe('a line', () => {
  test('that does not follow is not taken, whoever signed it', async (t) => {
    const { key, openAt } = await openPlace(t)
    const { record, holds } = await openAt()
    const stranger = await feedPair()
    const after = async (place: Place, by: FeedPair = key) =>
      (await changeAfter(by, place, revocation('next'))).line
    const { line } = await changeAfter(key, first, { ...revocation('next'), previous: 9 })
    for (const [said, why] of [
      [await after(first, stranger), 'untrusted'],
      [await after({ ...first, epoch: 'two' }), 'gap'],
      [await after({ ...first, chain: 'another' }), 'gap'],
      [await after({ ...first, revision: revisionOf(11) }), 'gap'],
      [line, 'gap'],
    ] as const) {
      assert.equal(await whyNot(record.takeLines([said])), why)
    }
    assert.equal(holds('next'), false)
    assert.equal(await whyNot(record.takeLines([await after(first)])), 'taken')
    assert.equal(holds('next'), true)
  })

  test('that was signed as something else is none', async (t) => {
    const { key, openAt } = await openPlace(t)
    const { record } = await openAt()
    const said = { kind: 'heartbeat', ...first, at, environments, auditHead: '' }
    assert.equal(await whyNot(record.takeLines([await sign(key, said, 'JWT')])), 'untrusted')
    assert.equal(await whyNot(record.takeLines([await sign(key, said)])), 'taken')
  })

  test('before one that is wrong is in force and kept', async (t) => {
    const { key, openAt } = await openPlace(t)
    const { record, holds } = await openAt()
    const { line, place } = await changeAfter(key, first, revocation('next'))
    assert.equal(await whyNot(record.takeLines([line, line])), 'gap')
    assert.equal(holds('next'), true)
    assert.deepEqual(record.acknowledged, place)
  })
})

test('a heartbeat confirms only the very place that is known, for the environments that it is known of', async (t) => {
  const { key, openAt } = await openPlace(t)
  const { record } = await openAt()
  for (const [said, why] of [
    [{ environments: [...environments, 'another'] }, 'gap'],
    [{ environments: [] }, 'gap'],
    [{ epoch: 'two' }, 'gap'],
    [{ revision: 11 }, 'gap'],
    [{ chain: 'another' }, 'gap'],
    [{ revision: 9 }, 'older'],
  ] as const) {
    assert.equal(await whyNot(record.takeLines([await heartbeatAt(key, first, said)])), why)
    assert.equal(record.heartbeat, undefined)
  }
  assert.equal(await whyNot(record.takeLines([await heartbeatAt(key, first)])), 'taken')
})

const full = () => Promise.reject(new Error('full'))

describe('what the disk did not take', () => {
  test('is in force and not acknowledged, and nothing that comes behind it', async (t) => {
    const { key, openAt } = await openPlace(t)
    let isFull = true
    const appended: string[] = []
    const append: StateFile['append'] = async (lines) => {
      if (isFull) await full()
      appended.push(...lines)
    }
    const { record, holds } = await openAt(first, { append })
    const one = await changeAfter(key, first, revocation('next'))
    await record.takeLines([one.line])
    assert.deepEqual([holds('next'), record.position], [true, one.place])
    assert.equal(record.acknowledged, undefined)
    isFull = false
    const two = await changeAfter(key, one.place, revocation('another'))
    await record.takeLines([two.line])
    assert.deepEqual([holds('another'), appended], [true, []])
    assert.equal(record.acknowledged, undefined)
  })

  test('is acknowledged with the next snapshot that it takes', async (t) => {
    const { key, openAt } = await openPlace(t)
    let isFull = true
    const begin: StateFile['begin'] = () => (isFull ? full() : Promise.resolve())
    const { record, holds } = await openAt(first, { begin })
    assert.deepEqual([holds('dead'), record.acknowledged], [true, undefined])
    isFull = false
    const next = { ...first, revision: revisionOf(11) }
    await take(record, await snapshotOf(key, { ...next, at }))
    assert.deepEqual(record.acknowledged, next)
  })
})

describe('keys', () => {
  test('that are announced are kept with what they sign, and false ones are told', async (t) => {
    const { key, open, openAt } = await openPlace(t)
    const { record, close } = await openAt()
    const [next, stranger] = [await feedPair(), await feedPair()]
    const announced = async (by: FeedPair, { jwk }: FeedPair) =>
      (
        await changeAfter(
          by,
          { ...first, revision: revisionOf(8) },
          { kind: 'feed-key-added', jwk },
        )
      ).line
    const false1 = { first: key.jwk, announcements: [await announced(stranger, stranger)] }
    assert.equal(await whyNot(record.takeKeys(false1)), 'untrusted')
    assert.equal(
      await record.takeKeys({ first: key.jwk, announcements: [await announced(key, next)] }),
      true,
    )
    const { line, place } = await changeAfter(next, first, revocation('next'))
    await record.takeLines([line])
    await close()
    const again = open()
    assert.equal(await again.record.load(), 'loaded')
    assert.deepEqual(again.record.position, place)
    await again.close()
  })
})

test('a snapshot of another history takes the place of no log', async (t) => {
  const { key, open, openAt } = await openPlace(t)
  const { record, compact, close } = await openAt(first, {}, 0)
  const { line, place } = await changeAfter(key, first, revocation('next'))
  await record.takeLines([line])
  await record.touch()
  compact(await snapshotOf(key, { ...place, chain: 'another', at }))
  await new Promise((resolve) => setImmediate(resolve))
  await record.touch()
  await close()
  const again = open()
  assert.equal(await again.record.load(), 'loaded')
  assert.deepEqual(again.record.acknowledged, place)
  assert.deepEqual(['dead', 'next'].map(again.holds), [true, true])
  await again.close()
})
