// A million revoked ids: how many bytes they are on the wire, how soon they are in force, and whether anybody waits
// meanwhile: who asks the verifier, or who asks the authority.

import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../src/system/clock.ts'
import { createFeedConnection } from '../../src/verifier/feed/connection.ts'
import { readEnrolment } from '../../src/verifier/feed/enrolment.ts'
import { FeedRecord } from '../../src/verifier/feed/record.ts'
import { createStateFile } from '../../src/verifier/feed/state-file.ts'
import { createStandingKeeper } from '../../src/verifier/standing-keeper.ts'
import { startAsking } from '../load/asking.ts'
import { startBenchAuthority, type BenchAuthority } from './authority.ts'
import { now } from './light-follower.ts'
import { atMost, inMs, inSeconds, quantile, type Row } from '../rows.ts'
import { revokeMany } from './revoked-rows.ts'
import { startBenchVerifier, type BenchVerifier } from './verifiers.ts'

const million = 1_000_000
const perSecond = 200
const inMib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`

/** What a snapshot of a million revoked ids costs. */
export const snapshots: Row = {
  name: 'snapshot',
  about: 'a snapshot of 1,000,000 revoked ids',
  async run({ folder, quick, say }) {
    const count = quick ? million / 10 : million
    const authority = await startBenchAuthority(folder)
    const [one = '', other = ''] = await authority.enrol(2)
    const verifier = await startBenchVerifier(join(folder, 'verifier'), one)
    const { path, token } = await authority.addCredential()
    const asking = startAsking([verifier.port], perSecond)
    try {
      asking.use(token)
      await authority.stop()
      await revokeMany(join(folder, 'data/warder.db'), path, count)
      say(`${count} credentials revoked`)
      asking.use(token)
      await delay(3000)
      const quiet = (await asking.asked()).map(took)
      asking.use(token)
      await authority.start()
      const calm = startLooking(authority)
      const wireBytes = await download(other)
      const madeAt = now()
      const appliedAt = await untilApplied(verifier, count)
      const busy = (await asking.asked()).map(took)
      const looks = calm.stop()
      const appliedMs = await applyAlone(other, join(folder, 'alone'))
      say(`made and applied within ${inSeconds(appliedAt - madeAt)} of the first download`)
      return [
        atMost(`${count} revoked ids on the wire`, wireBytes, 20 * 2 ** 20, inMib),
        atMost('applied: checked, in force, on the disk', appliedMs, 2000, inSeconds),
        atMost('decision, maximum, nothing happening', Math.max(...quiet), 20, inMs),
        atMost('decision, p99 meanwhile', quantile(busy, 0.99), 20, inMs),
        atMost('decision, maximum meanwhile', Math.max(...busy), 20, inMs),
        atMost('answer of the authority, p99 meanwhile', quantile(looks, 0.99), 100, inMs),
      ]
    } finally {
      await asking.close()
      await verifier.close()
      await authority.stop()
    }
  },
}

const took = ({ sentAt, answeredAt }: { readonly sentAt: number; readonly answeredAt: number }) =>
  answeredAt - sentAt

/** Downloads a snapshot and counts its bytes as they travel. */
function download(text: string): Promise<number> {
  const { authority, id, secret } = enrolmentOf(text)
  const headers = { authorization: `Bearer ${id}.${secret}` }
  return new Promise((resolve, reject) => {
    const sent = request(`${authority}/feed/snapshot`, { headers }, (response) => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => (bytes += chunk.length))
      response.on('end', () => resolve(bytes))
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** Takes a snapshot as a verifier does, without anything beside it. */
async function applyAlone(text: string, stateFile: string): Promise<number> {
  const enrolment = enrolmentOf(text)
  const [expireAfterMs, instance] = [1000, Promise.resolve('bench')]
  const limits = { snapshotBytesMax: 2 ** 28, leaseMs: expireAfterMs }
  const parts = { enrolment, ca: undefined, instance, ...limits }
  const connection = createFeedConnection(parts)
  const keeper = createStandingKeeper({
    publish: async () => undefined,
    held: false,
    wall: systemClock.wall,
  })
  const state = createStateFile(stateFile, enrolment.id)
  const record = new FeedRecord({
    pinned: enrolment.feedKey,
    keeper,
    state,
    clock: systemClock,
    expireAfterMs,
    snapshot: connection.snapshot,
    onDiskFailure(error) {
      throw error
    },
  })
  await record.takeKeys(await connection.keys())
  const { manifest, body } = await connection.snapshot(undefined)
  const start = now()
  await record.takeSnapshot(manifest, body)
  const tookMs = now() - start
  await state.close()
  await connection.close()
  return tookMs
}

function enrolmentOf(text: string) {
  const enrolment = readEnrolment(text)
  if (!enrolment) throw new TypeError('not an enrolment')
  return enrolment
}

async function untilApplied(verifier: BenchVerifier, count: number): Promise<number> {
  const end = now() + 60_000
  while ((await verifier.status()).revoked.entries < count) {
    if (now() > end) throw new Error('the verifier did not take the snapshot')
    await delay(20)
  }
  return now()
}

/** Asks the authority for something small all the while. */
function startLooking({ url }: BenchAuthority) {
  const tookMs: number[] = []
  const end = new AbortController()
  const look = async () => {
    while (!end.signal.aborted) {
      const start = now()
      await (await fetch(`${url}/.well-known/jwks.json`)).arrayBuffer()
      tookMs.push(now() - start)
      await delay(10)
    }
  }
  void look()
  return {
    stop() {
      end.abort()
      return tookMs
    },
  }
}
