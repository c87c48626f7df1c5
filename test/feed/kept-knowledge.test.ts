import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../src/system/clock.ts'
import { createFeedConnection } from '../../src/verifier/feed/connection.ts'
import { readEnrolment } from '../../src/verifier/feed/enrolment.ts'
import {
  createFreshnessNotes,
  freshnessOf,
  noteHeartbeat,
  noteKept,
} from '../../src/verifier/feed/freshness.ts'
import { readLines } from '../../src/verifier/feed/lines.ts'
import { FeedRecord } from '../../src/verifier/feed/record.ts'
import { createStateFile } from '../../src/verifier/feed/state-file.ts'
import { FeedTrouble } from '../../src/verifier/feed/trouble.ts'
import { createStandingKeeper, type StandingKeeper } from '../../src/verifier/standing-keeper.ts'
import { addGateway, openHouse, type House } from '../authority/house.ts'
import { manualClock } from '../manual-clock.ts'
import { enrol, stateFolder } from './fleet.ts'

// What a verifier may go by that it has kept: no more than the authority counts on.

const expireAfterMs = 60_000

async function openPlace(t: TestContext) {
  const house = await openHouse({ settings: { revocationWaitMs: 1 } })
  const { path, remove } = stateFolder()
  const enrolment = readEnrolment(await enrol(house, 'one')) ?? assert.fail()
  const instance = Promise.resolve('one')
  const limits = { snapshotBytesMax: 2 ** 20, leaseMs: expireAfterMs }
  const connection = createFeedConnection({ enrolment, ca: undefined, instance, ...limits })
  t.after(async () => {
    await connection.close()
    await house.close()
    remove()
  })
  const open = (keeper = keeperOf()) => {
    const state = createStateFile(join(path, 'state'), 'verifier')
    const record = new FeedRecord({
      pinned: enrolment.feedKey,
      keeper,
      state,
      clock: systemClock,
      expireAfterMs,
      snapshot: connection.snapshot,
      onDiskFailure: (error) => assert.ifError(error),
    })
    return { record, close: () => state.close() }
  }
  const begin = async (record: FeedRecord) => {
    await record.takeKeys(await connection.keys())
    const { manifest, body } = await connection.snapshot(undefined)
    await record.takeSnapshot(manifest, body)
  }
  return { house, connection, open, begin }
}

function keeperOf(): StandingKeeper {
  return createStandingKeeper({ publish: async () => undefined, held: false, wall: Date.now })
}

async function disableGateway(house: House): Promise<void> {
  const name = 'edge'
  const { path } = await addGateway(house, { name })
  const body = { name, type: 'API_GATEWAY_INTEGRATION', enabled: false }
  assert.equal((await house.ask('PUT', path, { body })).status, 200)
}

test('a snapshot that no heartbeat has confirmed is nothing to start from without the authority', async (t) => {
  const { open, begin } = await openPlace(t)
  const { record, close } = open()
  await begin(record)
  await close()
  const again = open()
  assert.equal(await again.record.load(), 'loaded')
  const notes = createFreshnessNotes()
  noteKept(notes, systemClock, again.record.heartbeat ?? assert.fail())
  const limits = { staleAfterMs: expireAfterMs, expireAfterMs, leewayMs: 1000 }
  assert.equal(freshnessOf(notes, systemClock, limits), 'expired')
  await again.close()
})

test('what was kept does not live longer by a longer expireAfter than the authority counted on', () => {
  const clock = manualClock()
  const notes = createFreshnessNotes()
  const limits = { staleAfterMs: 1000, expireAfterMs: 3_600_000, leewayMs: 1000 }
  noteKept(notes, clock, {
    arrivedWall: clock.wall(),
    at: clock.wall(),
    expireAfterMs: 4000,
  })
  clock.advance(4000)
  assert.equal(freshnessOf(notes, clock, limits), 'stale')
  clock.advance(1)
  assert.equal(freshnessOf(notes, clock, limits), 'expired')
  noteHeartbeat(notes, clock, clock.wall())
  clock.advance(5000)
  assert.equal(freshnessOf(notes, clock, limits), 'stale')
})

test('no heartbeat confirms a change that the threads could not take', async (t) => {
  const { house, connection, open, begin } = await openPlace(t)
  const keeper = keeperOf()
  const { record, close } = open({
    ...keeper,
    apply: () => Promise.reject(new Error('the threads did not take it')),
  })
  await begin(record)
  const place = record.acknowledged ?? assert.fail()
  await disableGateway(house)
  const end = new AbortController()
  const trouble = await takeAll(record, await connection.feed(place.revision, end.signal))
  assert.equal(trouble, 'gap')
  assert.deepEqual(record.acknowledged, place)
  end.abort()
  await close()
})

/** Takes lines until a heartbeat is not taken, and says why. */
async function takeAll(record: FeedRecord, feed: Parameters<typeof readLines>[0]): Promise<string> {
  for await (const lines of readLines(feed, 5000)) {
    for (const line of lines) {
      const code = await record.takeLines([line]).then(() => undefined, codeOf)
      if (code !== undefined) return code
    }
  }
  return 'the feed ended'
}

function codeOf(error: unknown): string | undefined {
  return error instanceof FeedTrouble ? error.code : undefined
}
