import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { revocationId } from '../../src/credential/revocation-id.ts'
import { viewRevoked } from '../../src/standing/revoked-set.ts'
import type { StandingFacts } from '../../src/standing/standing.ts'
import { systemClock } from '../../src/system/clock.ts'
import { createFeedConnection } from '../../src/verifier/feed/connection.ts'
import { readEnrolment } from '../../src/verifier/feed/enrolment.ts'
import { readLines } from '../../src/verifier/feed/lines.ts'
import { FeedRecord } from '../../src/verifier/feed/record.ts'
import { createStateFile } from '../../src/verifier/feed/state-file.ts'
import { createStandingKeeper } from '../../src/verifier/standing-keeper.ts'
import { addGateway, embedded, openHouse, type House } from '../authority/house.ts'
import { enrol, stateFolder } from './fleet.ts'

async function revokeOne(house: House): Promise<string> {
  const gateway = await addGateway(house, { createCredential: true })
  const id = String(embedded(gateway.answered.body, 'credentials')[0]?.['id'])
  assert.equal((await house.ask('DELETE', `${gateway.path}/credentials/${id}`)).status, 204)
  return id
}

test('a log that has grown long begins anew with a snapshot, and nothing of it is forgotten', async () => {
  const house = await openHouse({ settings: { revocationWaitMs: 1 } })
  const { path, remove } = stateFolder()
  const enrolment = readEnrolment(await enrol(house, 'one'))
  assert.ok(enrolment)
  const [expireAfterMs, instance] = [1000, Promise.resolve('one')]
  const limits = { snapshotBytesMax: 2 ** 20, leaseMs: expireAfterMs }
  const parts = { enrolment, ca: undefined, instance, ...limits }
  const connection = createFeedConnection(parts)
  const open = () => {
    let facts: StandingFacts | undefined
    const publish = async (next: StandingFacts) => {
      facts = next
    }
    const state = createStateFile(join(path, 'state'), 'verifier', 0)
    const record = new FeedRecord({
      pinned: enrolment.feedKey,
      keeper: createStandingKeeper({ publish, held: false, wall: Date.now }),
      state,
      clock: systemClock,
      expireAfterMs,
      snapshot: connection.snapshot,
      onDiskFailure: (error) => assert.ifError(error),
    })
    const { issuer } = house.settings.credentials
    const holds = (jti: string) =>
      viewRevoked(facts?.revokedTables ?? []).has(revocationId(issuer, jti))
    return { record, holds, close: () => state.close() }
  }
  const { record, close } = open()
  await record.takeKeys(await connection.keys())
  const { manifest, body } = await connection.snapshot(undefined)
  await record.takeSnapshot(manifest, body)
  const end = new AbortController()
  const feed = await connection.feed(record.position?.revision ?? assert.fail(), end.signal)
  const ids: string[] = []
  try {
    for await (const lines of readLines(feed, 5000)) {
      await record.takeLines(lines)
      await record.touch()
      assert.ok(ids.length < 100, 'the log did not begin anew')
      if (existsSync(join(path, 'state.2.snapshot'))) break
      ids.push(await revokeOne(house))
    }
  } finally {
    end.abort()
  }
  const known = record.acknowledged ?? assert.fail()
  await house.close()
  await connection.close()
  await close()
  const again = open()
  assert.equal(await again.record.load(), 'loaded')
  assert.deepEqual(again.record.acknowledged, known)
  // The last one was revoked after the last line that was taken.
  assert.deepEqual(
    ids.slice(0, -1).filter((id) => !again.holds(id)),
    [],
  )
  await again.close()
  remove()
})
