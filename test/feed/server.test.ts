import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { parseJsonObject, type JsonObject } from '../../src/credential/strict-json.ts'
import { readEnrolment } from '../../src/verifier/feed/enrolment.ts'
import { readLines } from '../../src/verifier/feed/lines.ts'
import { addGateway, openHouse } from '../authority/house.ts'
import { enrol } from './fleet.ts'

// The feed as it is asked over a socket: by whom, for how long, and what is believed of what they say.

const hour = 3_600_000

async function openPlace(t: TestContext) {
  const house = await openHouse({ settings: { revocationWaitMs: 300 } })
  const enrolment = readEnrolment(await enrol(house, 'edge')) ?? assert.fail()
  const ends = new AbortController()
  t.after(async () => {
    ends.abort()
    await house.close()
  })
  const headersOf = (instance: string) => ({
    authorization: `Bearer ${enrolment.id}.${enrolment.secret}`,
    'warder-instance': instance,
    'warder-expire-after': `${hour}`,
  })
  const follow = (instance = 'a', after = 0) => {
    const headers = headersOf(instance)
    return fetch(`${house.url}/feed?after=${after}`, { headers, signal: ends.signal })
  }
  const report = async (said: object, instance = 'a') => {
    const body = JSON.stringify(said)
    const headers = headersOf(instance)
    return (await fetch(`${house.url}/feed/status`, { method: 'POST', headers, body })).status
  }
  const instances = () =>
    house.store.read((db) => db.selectFrom('verifierInstances').selectAll().execute())
  const own = `/v1/organizations/${house.organizationId}/verifiers/${enrolment.id}`
  return { house, enrolment, own, follow, report, instances }
}

/** Where the feed has come to, by each of its lines. */
async function* placesIn({ body }: Response): AsyncGenerator<JsonObject> {
  assert.ok(body)
  const stream = body.values()
  const bytes = {
    async *[Symbol.asyncIterator]() {
      for await (const chunk of stream) yield Buffer.from(chunk)
    },
    destroy: () => stream.return?.(),
  }
  for await (const lines of readLines(bytes, 5000)) {
    for (const line of lines) {
      const [, payload = ''] = line.split('.')
      yield parseJsonObject(Buffer.from(payload, 'base64url')) ?? assert.fail()
    }
  }
}

async function nextOf(places: AsyncGenerator<JsonObject>, kind: string): Promise<JsonObject> {
  for (;;) {
    const { value, done } = await places.next()
    assert.equal(done, false)
    if (value['kind'] === kind) return value
  }
}

const placeOf = ({ epoch, revision, chain }: JsonObject) => ({ epoch, revision, chain })
const usual = { version: '1', freshness: 'fresh', expireAfterMs: hour, usage: [] }

describe('a report', () => {
  test('counts only for a place in this very history that all threads have come to', async (t) => {
    const { house, follow, report } = await openPlace(t)
    const places = placesIn(await follow())
    for (const [what, said, applied] of [
      ['another epoch', { epoch: 'two' }, '0/1'],
      ['another chain', { chain: 'another' }, '0/1'],
      ['a thread that is behind', { threads: [1] }, '0/1'],
      ['all of it', {}, '1/1'],
    ] as const) {
      const { path } = await addGateway(house)
      const ended = house.ask('DELETE', path)
      const line = await nextOf(places, 'gateway-state')
      const revision = Number(line['revision'])
      const right = { ...usual, ...placeOf(line), threads: [revision, revision] }
      assert.equal(await report({ ...right, ...said }), 204)
      assert.equal((await ended).headers.get('warder-applied'), applied, what)
    }
  })

  test('that is too large, or says what cannot be, is none', async (t) => {
    const { report } = await openPlace(t)
    const right = { ...usual, epoch: 'e', revision: 1, chain: 'c', threads: [1] }
    assert.equal(await report(right), 204)
    for (const wrong of [
      { padding: 'x'.repeat(1024 * 1024) },
      { expireAfterMs: 0 },
      { expireAfterMs: undefined },
      { revision: -1 },
      { threads: [1, null] },
      { threads: undefined },
      { freshness: 'young' },
      { chain: undefined },
    ]) {
      assert.equal(await report({ ...right, ...wrong }), 400)
    }
  })
})

describe('who follows', () => {
  test('has a lease on the disk before anything is told', async (t) => {
    const { follow, instances } = await openPlace(t)
    assert.deepEqual(await instances(), [])
    await follow()
    const [row] = await instances()
    assert.deepEqual([row?.instance, row?.leaseMs], ['a', hour])
  })

  test('is one of a thousand processes of an enrolment at the most', async (t) => {
    const { house, enrolment, follow } = await openPlace(t)
    const leaseEndsAt = Date.now() + hour
    const rest = { version: null, revision: null, freshness: null, lastSeenAt: null }
    const rows = Array.from({ length: 1000 }, (_, at) => ({
      ...rest,
      verifierId: enrolment.id,
      instance: `process-${at}`,
      leaseMs: hour,
      leaseEndsAt,
    }))
    await house.store.write(({ db }) => db.insertInto('verifierInstances').values(rows).execute())
    // They are heard of when somebody waits for them.
    const { path } = await addGateway(house)
    assert.equal((await house.ask('DELETE', path)).headers.get('warder-applied'), '0/1000')
    const refused = await follow('one-more')
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '60'])
    assert.equal((await follow('process-7')).status, 200)
  })

  for (const [where, revoke] of [
    ['here', ({ house, own }) => house.ask('DELETE', own)],
    [
      'by another process',
      ({ house, enrolment }) =>
        house.store.write(({ db }) =>
          db
            .updateTable('verifiers')
            .set({ revokedAt: 1 })
            .where('id', '=', enrolment.id)
            .execute(),
        ),
    ],
  ] satisfies readonly [
    string,
    (place: Awaited<ReturnType<typeof openPlace>>) => Promise<unknown>,
  ][]) {
    test(`is told nothing more once the enrolment was revoked ${where}`, async (t) => {
      const place = await openPlace(t)
      const told = await place.follow()
      assert.equal(told.status, 200)
      await revoke(place)
      await assert.rejects(told.text())
      assert.equal((await place.follow()).status, 401)
      assert.equal(await place.report({}), 401)
    })
  }
})
