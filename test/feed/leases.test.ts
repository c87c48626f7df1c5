import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { openFeedFleet, type FeedFleet, type Report } from '../../src/authority/feed/feed-fleet.ts'
import { never } from '../../src/authority/feed/lease.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { addGateway, openHouse } from '../authority/house.ts'
import { manualClock } from '../manual-clock.ts'
import { readEnrolment } from '../../src/verifier/feed/enrolment.ts'
import { enrol } from './fleet.ts'

// Who counts as having applied a revision, and who may still judge without it: by the fleet itself, with a clock that
// is moved by hand and leases that are on a real disk.

const hour = 3_600_000
const minute = 60_000
const saying: Report = {
  revision: 7,
  isOurs: true,
  version: '1',
  freshness: 'fresh',
  leaseMs: hour,
}

async function openTown(t: TestContext) {
  const house = await openHouse({ settings: { revocationWaitMs: 1 } })
  t.after(() => house.close())
  const clock = manualClock()
  const enrolment = readEnrolment(await enrol(house, 'edge')) ?? assert.fail()
  const { id } = enrolment
  const environmentIds = [house.environmentId]
  const as = (instance: string) => ({ id, name: 'edge', environmentIds, instance })
  const { store } = house
  const read: typeof store.read = (work) => store.read(work)
  const write: typeof store.write = (work) => store.write(work)
  const open = (instead: Partial<typeof fine> = {}) => openFeedFleet({ ...fine, ...instead }, clock)
  const fine = { read, write }
  return { house, enrolment, clock, as, open, read, store }
}

const stand = async (fleet: FeedFleet, revision: number) => {
  const { applied, verifiers, fencedAt } = await fleet.applied(revision, undefined, 1)
  return { said: `${applied}/${verifiers}`, fencedAt }
}

const instancesMax = 1000

describe('of the processes that use an enrolment', () => {
  test('no more than a thousand at a time are let in, and those whose lease has run out are none of them', async (t) => {
    const { as, open, clock } = await openTown(t)
    const fleet = await open()
    for (let at = 0; at < instancesMax; at++) fleet.join(as(`${at}`), hour)
    assert.equal(fleet.admits(as('one more')), false)
    assert.equal(fleet.admits(as('0')), true)
    clock.advance(2 * hour)
    assert.equal(fleet.admits(as('one more')), true)
  })

  test('those whose lease ran out a day ago are forgotten, wherever they are known', async (t) => {
    const { as, open, clock } = await openTown(t)
    const fleet = await open()
    fleet.join(as('gone'), hour)
    await fleet.save()
    clock.advance(24 * hour)
    fleet.join(as('here'), hour)
    await fleet.save()
    assert.equal(fleet.list().length, 2)
    clock.advance(2 * hour)
    fleet.touch(as('here'))
    await fleet.save()
    for (const each of [fleet, await open()]) {
      assert.deepEqual(
        each.list().map(({ instance }) => instance),
        ['here'],
      )
    }
  })
})

const unavailable = () => Promise.reject(new StoreUnavailable('full'))

describe('a verifier counts', () => {
  test('as having applied only what is of this very history', async (t) => {
    const { as, open } = await openTown(t)
    const fleet = await open()
    fleet.join(as('a'), hour)
    fleet.report(as('a'), { ...saying, revision: 9, isOurs: false })
    assert.equal((await stand(fleet, 7)).said, '0/1')
    fleet.report(as('a'), saying)
    assert.equal((await stand(fleet, 7)).said, '1/1')
  })

  test('by itself, however many use the same enrolment', async (t) => {
    const { as, open } = await openTown(t)
    const fleet = await open()
    fleet.join(as('a'), hour)
    fleet.join(as('b'), hour)
    fleet.report(as('b'), saying)
    assert.equal((await stand(fleet, 7)).said, '1/2')
    await fleet.save()
    assert.equal((await stand(await open(), 7)).said, '0/2')
  })

  test('for ever where it judges for ever, and no end is told', async (t) => {
    const { as, open, clock } = await openTown(t)
    const fleet = await open()
    fleet.join(as('a'), never)
    await fleet.save()
    clock.advance(30 * 24 * hour)
    for (const each of [fleet, await open()]) {
      assert.deepEqual(await stand(each, 7), { said: '0/1', fencedAt: undefined })
    }
  })

  test('for ever where no date could say when its lease ends', async (t) => {
    const { house, enrolment } = await openTown(t)
    const headers = {
      authorization: `Bearer ${enrolment.id}.${enrolment.secret}`,
      'warder-expire-after': '8700000000000000',
    }
    const end = new AbortController()
    t.after(() => end.abort())
    await fetch(`${house.url}/feed?after=0`, { headers, signal: end.signal })
    const { path } = await addGateway(house)
    const answer = await house.ask('DELETE', path)
    assert.equal(answer.headers.get('warder-applied'), '0/1')
    assert.equal(answer.headers.get('warder-fenced-at'), null)
  })

  test('until its lease has run out by the wall clock and by the other one', async (t) => {
    const { as, open, clock } = await openTown(t)
    const fleet = await open()
    fleet.join(as('a'), hour)
    clock.setWall(clock.wall() + 2 * hour)
    assert.equal((await stand(fleet, 7)).said, '0/1')
    clock.advance(2 * hour)
    assert.equal((await stand(fleet, 7)).said, '0/0')
  })

  test('for a whole lease after a restart where it followed to the end, though nothing could be written', async (t) => {
    const { as, open, clock } = await openTown(t)
    const fleet = await open()
    fleet.join(as('a'), hour)
    await fleet.save()
    const stuck = await open({ write: unavailable })
    for (let minutes = 0; minutes < 70; minutes++) {
      clock.advance(minute)
      stuck.touch(as('a'))
      await stuck.save().catch(() => undefined)
    }
    const { said, fencedAt = 0 } = await stand(await open(), 7)
    assert.equal(said, '0/1')
    assert.ok(fencedAt > clock.wall() + hour)
  })

  test('for as long as another authority gave it, though that one is gone', async (t) => {
    const { as, open, clock } = await openTown(t)
    const [one, other] = [await open(), await open()]
    one.join(as('a'), hour)
    await one.save()
    clock.advance(minute / 2)
    other.join(as('a'), hour)
    await other.save()
    clock.advance(hour + 10_000)
    assert.equal((await stand(one, 7)).said, '0/1')
  })

  test('as one more for the longest lease after a restore, for all that the backup does not know', async (t) => {
    const { store, as, open, clock } = await openTown(t)
    const strangersUntil = clock.wall() + hour
    await store.write(({ db }) => db.updateTable('installation').set({ strangersUntil }).execute())
    const fleet = await open()
    fleet.join(as('a'), hour)
    fleet.report(as('a'), saying)
    assert.deepEqual(await stand(fleet, 7), { said: '1/2', fencedAt: strangersUntil })
    clock.advance(hour)
    fleet.touch(as('a'))
    assert.equal((await stand(fleet, 7)).said, '1/1')
  })

  test('as one more where nobody can say who follows other authorities', async (t) => {
    let isAway = false
    const town = await openTown(t)
    const fleet = await town.open({
      read: (work) => (isAway ? unavailable() : town.read(work)),
    })
    fleet.join(town.as('a'), hour)
    fleet.report(town.as('a'), saying)
    assert.equal((await stand(fleet, 7)).said, '1/1')
    isAway = true
    assert.deepEqual(await stand(fleet, 7), { said: '1/2', fencedAt: undefined })
  })
})
