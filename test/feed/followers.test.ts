import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { openFeedBook } from '../../src/authority/feed/feed-book.ts'
import { openFeedFleet } from '../../src/authority/feed/feed-fleet.ts'
import { FeedHub } from '../../src/authority/feed/feed-hub.ts'
import { usualLeaseMs } from '../../src/authority/feed/lease.ts'
import type { Store } from '../../src/store/store.ts'
import { systemClock, type Clock } from '../../src/system/clock.ts'
import { readEnrolment } from '../../src/verifier/feed/enrolment.ts'
import { openHouse } from '../authority/house.ts'
import { manualClock } from '../manual-clock.ts'
import { enrol, until } from './fleet.ts'

// Who is written to, by the hub itself, over real sockets.

/** As long as a line may be, so that a few of them fill what the system buffers. */
const lineBytes = 1024 * 1024

async function openPlace(t: TestContext, clock: Clock = systemClock) {
  const house = await openHouse()
  const { organizationId, environmentId } = house
  const { store, reads } = watchedReads(house.store)
  const signer = {
    kid: () => 'key',
    sign: async (payload: string | Uint8Array) => String(payload).padEnd(lineBytes),
    reload: async () => undefined,
  }
  const book = await openFeedBook(store, signer)
  const fleet = await openFeedFleet(store, clock)
  const hub = new FeedHub({
    store,
    clock,
    epoch: 'e',
    book,
    signer,
    fleet,
    enrolments: { isRevoked: () => false, revoked: async () => [] },
    onError: (error) => assert.ifError(error),
  })
  const scope = { organizationId, environmentIds: [environmentId] }
  const { id } = readEnrolment(await enrol(house, 'edge')) ?? assert.fail()
  const verifier = { id, name: 'edge', environmentIds: [environmentId], instance: 'a' }
  const follow = (after: number, response: ServerResponse) =>
    hub.follow({ verifier, scope, after }, response)
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    await hub.close()
    server.close()
    server.closeAllConnections()
    await house.close()
  })
  const ask = () => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write('GET / HTTP/1.1\r\nHost: feed\r\n\r\n')
    return socket
  }
  const asked = async () => {
    const [, response] = (await once(server, 'request')) as [unknown, ServerResponse]
    return response
  }
  const change = () =>
    store.write(async (tx) => {
      const whose = { organizationId: null, environmentId: null }
      const payload = { environmentId, state: 'disabled' }
      tx.appendChange({ kind: 'environment-state', at: 1, ...whose, payload })
    })
  const newest = () => book.newest().revision
  return { hub, fleet, follow, ask, asked, change, newest, reads }
}

/** A store that tells how many of its reads are under way. */
function watchedReads(store: Store) {
  let under = 0
  const read: Store['read'] = async (work) => {
    under++
    try {
      return await store.read(work)
    } finally {
      under--
    }
  }
  return { store: { ...store, read }, reads: () => under }
}

describe('the feed', () => {
  test('is not written to who hung up before it began', async (t) => {
    const { hub, follow, ask, asked, newest } = await openPlace(t)
    const socket = ask()
    const response = await asked()
    socket.destroy()
    await once(response, 'close')
    await follow(newest(), response)
    assert.equal(hub.followers, 0)
  })

  test('lets who hears it go on judging for a whole lease', async (t) => {
    const clock = manualClock()
    const { fleet, follow, ask, asked, newest } = await openPlace(t, clock)
    const socket = ask()
    const response = await asked()
    socket.resume()
    await follow(newest(), response)
    clock.advance(usualLeaseMs)
    const before = socket.bytesRead
    await until(async () => socket.bytesRead > before + 2 * lineBytes)
    clock.advance(usualLeaseMs)
    const { applied, verifiers } = await fleet.applied(newest(), undefined, 1)
    assert.deepEqual([applied, verifiers], [0, 1])
    socket.destroy()
  })

  test('reads nothing more once it has ended', async (t) => {
    const { hub, change, reads } = await openPlace(t)
    for (let changes = 0; changes < 10; changes++) await change()
    assert.ok(reads() > 0)
    await hub.close()
    assert.equal(reads(), 0)
  })

  test('is not kept for who does not read it', async (t) => {
    const { hub, follow, ask, asked, change, newest } = await openPlace(t)
    const socket = ask()
    socket.pause()
    const response = await asked()
    const closed = once(response, 'close')
    await follow(newest(), response)
    for (let changes = 0; changes < 30; changes++) await change()
    await closed
    assert.equal(hub.followers, 0)
    socket.destroy()
  })
})
