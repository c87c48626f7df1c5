import assert from 'node:assert/strict'
import { readdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { systemClock } from '../../src/system/clock.ts'
import { FeedRecord } from '../../src/verifier/feed/record.ts'
import { createStateFile } from '../../src/verifier/feed/state-file.ts'
import { createStandingKeeper } from '../../src/verifier/standing-keeper.ts'
import { stateFolder } from './fleet.ts'
import {
  changeAfter,
  feedPair,
  heartbeatAt,
  revisionOf,
  revocation,
  snapshotOf,
  type Place,
} from './history.ts'

// What of a disk is taken for a state.

const first: Place = { epoch: 'one', revision: revisionOf(10), chain: 'chain' }
const at = Date.now()
const heard = { arrivedWall: at, at, expireAfterMs: 1000, auditHead: '' }
const none = Buffer.alloc(0)

async function openPlace(t: TestContext) {
  const [key, stranger] = [await feedPair(), await feedPair()]
  const { path, remove } = stateFolder()
  t.after(remove)
  const snapshot = await snapshotOf(key, { ...first, at, revoked: ['dead'] })
  const one = await changeAfter(key, first, revocation('next'))
  const keys = { first: key.jwk, announcements: [] }
  const lines: readonly string[] = [one.line]
  const begun = { ...snapshot, lines, former: none }
  const head = { epoch: first.epoch, revision: one.place.revision, heartbeat: heard, keys }
  const file = join(path, 'state')
  const state = (verifier = 'verifier') => createStateFile(file, verifier)
  const write = async (other: Partial<typeof begun> = {}, said: Partial<typeof head> = {}) => {
    const keeper = state()
    await keeper.begin({ ...begun, ...other }, { ...head, ...said })
    await keeper.close()
  }
  const load = async (verifier?: string) => {
    const keeper = state(verifier)
    const record = new FeedRecord({
      pinned: key.kid,
      keeper: createStandingKeeper({ held: true, wall: Date.now, publish: async () => undefined }),
      state: keeper,
      clock: systemClock,
      expireAfterMs: 1000,
      snapshot: () => assert.fail(),
      onDiskFailure: (error) => assert.ifError(error),
    })
    const loaded = await record.load()
    await keeper.close()
    return typeof loaded === 'string' ? record.acknowledged : loaded.problem
  }
  const parts = () => readdirSync(path).filter((name) => name !== 'state')
  const part = (end: string) => join(path, parts().find((name) => name.endsWith(end)) ?? '')
  return { key, stranger, snapshot, one, file, state, begun, head, write, load, parts, part }
}

describe('what is on the disk', () => {
  test('is a state only if all of it is one history of the feed that is pinned', async (t) => {
    const { key, stranger, snapshot, one, head, write, load } = await openPlace(t)
    await write()
    assert.deepEqual(await load(), one.place)
    const by = (who: typeof key, place: Place, facts: object = revocation('x')) =>
      changeAfter(who, place, facts).then(({ line }) => line)
    const elsewhere = { ...first, epoch: 'two' }
    const retired = { kind: 'feed-key-retired', kid: key.kid }
    const altered = Buffer.from(snapshot.body)
    altered[3] = (altered[3] ?? 0) ^ 1
    for (const [what, other, said] of [
      ['a line of a stranger', { lines: [await by(stranger, first)] }, {}],
      ['a line of another epoch', { lines: [await by(key, elsewhere)] }, {}],
      ['a line that does not follow', { lines: [one.line, one.line] }, {}],
      ['a line too many', { lines: [one.line, await heartbeatAt(key, one.place)] }, {}],
      ['a line that leaves no key', { lines: [await by(key, first, retired)] }, {}],
      ['a line that is missing', { lines: [] }, {}],
      ['another body', { body: altered }, {}],
      ['a snapshot of a stranger', await snapshotOf(stranger, { ...first, at }), {}],
      ['a head of another epoch', {}, { epoch: 'two' }],
      ['keys of a stranger', {}, { keys: { ...head.keys, first: stranger.jwk } }],
      ['what nobody can read of former epochs', { former: Buffer.from('former') }, {}],
    ] as const) {
      await write(other, said)
      assert.equal(await load(), 'does not verify', what)
    }
  })

  test('is no other verifier’s, nor where a link leads to, nor what was altered of former epochs', async (t) => {
    const { one, write, load, file, part } = await openPlace(t)
    const former = Buffer.from('{"segments":[]}\n')
    await write({ former })
    assert.deepEqual(await load(), one.place)
    assert.equal(await load('another'), 'the state is of another verifier')
    writeFileSync(part('.former'), '{"segments":[] }\n')
    assert.equal(await load(), 'who was revoked in former epochs is damaged')
    writeFileSync(part('.former'), former)
    for (const path of [part('.log'), part('.snapshot'), file]) {
      renameSync(path, `${path}-away`)
      symlinkSync(`${path}-away`, path)
      assert.equal(await load(), path === file ? 'ELOOP' : 'a part is missing')
      renameSync(`${path}-away`, path)
      assert.deepEqual(await load(), one.place)
    }
  })

  test('is one generation, and nobody else’s to read', async (t) => {
    const { state, begun, head, file, parts, part } = await openPlace(t)
    const keeper = state()
    for (let times = 0; times < 3; times++) await keeper.begin(begun, head)
    await keeper.close()
    assert.deepEqual(parts().toSorted(), ['state.3.former', 'state.3.log', 'state.3.snapshot'])
    for (const path of [file, ...['.former', '.log', '.snapshot'].map(part)]) {
      assert.equal(statSync(path).mode & 0o777, 0o600)
    }
  })
})
