// The authority goes and comes back, and 200 verifiers find it at once.

import { setTimeout as delay } from 'node:timers/promises'
import { treeUse } from '../process-time.ts'
import { startBenchAuthority } from './authority.ts'
import { startFollowers } from './followers.ts'
import { now } from './light-follower.ts'
import { atMost, type Row } from '../rows.ts'

const count = 200
const awayMs = [0, 5000]
const inSeconds = (value: number) => `${value.toFixed(2)} s`

/** How soon a fleet is fresh again. */
export const reconnecting: Row = {
  name: 'reconnect',
  about: '200 followers when their authority comes back',
  async run({ folder, quick, say }) {
    const authority = await startBenchAuthority(folder)
    const followers = await startFollowers(await authority.enrol(count), 2)
    try {
      await followers.connected()
      const seconds: number[] = []
      const cores: number[] = []
      for (const away of quick ? awayMs.slice(0, 1) : [...awayMs, ...awayMs, ...awayMs]) {
        await authority.stop()
        await delay(away)
        await authority.start()
        const [from, used] = [now(), processorMs(authority.pid())]
        const until = await followers.connected()
        await delay(Math.max(0, 1000 - (now() - from)))
        const tookMs = now() - from
        seconds.push(Math.max(0, until - from) / 1000)
        cores.push((processorMs(authority.pid()) - used) / tookMs)
        say(`fresh again after ${inSeconds(seconds.at(-1) ?? 0)}`)
      }
      return [
        atMost('authority listens → all 200 fresh, maximum', Math.max(...seconds), 5, inSeconds),
        atMost('cores of the authority meanwhile', Math.max(...cores), 1, (it) => it.toFixed(2)),
      ]
    } finally {
      followers.close()
      await authority.stop()
    }
  },
}

function processorMs(pid: number): number {
  const { userMs, systemMs } = treeUse(pid)
  return userMs + systemMs
}
