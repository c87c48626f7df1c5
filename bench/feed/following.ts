// A thousand followers on one authority: how soon each is told, and what each costs.

import { setTimeout as delay } from 'node:timers/promises'
import { treeUse } from '../process-time.ts'
import { startBenchAuthority } from './authority.ts'
import { startFollowers } from './followers.ts'
import { now } from './light-follower.ts'
import { atMost, inMs, quantile, type Row } from '../rows.ts'

const count = 1000
const warmCount = 100
const childCount = 2
const inKib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`

/** How soon a thousand followers are told. */
export const following: Row = {
  name: 'followers',
  about: '1,000 light followers of one authority',
  async run({ folder, quick, say }) {
    const authority = await startBenchAuthority(folder)
    try {
      const enrolments = await authority.enrol(count + warmCount)
      // What the first followers cost once is no follower's.
      const first = await startFollowers(enrolments.slice(count), 1)
      await first.connected()
      for (let at = 0; at < 10; at++) {
        await authority.call('DELETE', (await authority.addCredential()).path)
      }
      await delay(2000)
      const before = treeUse(authority.pid()).rssBytes
      const followers = await startFollowers(enrolments.slice(0, count), childCount)
      await followers.connected()
      say(`${count} followers`)
      const told: number[] = []
      const whole: number[] = []
      const answers: string[] = []
      for (let at = 0; at < (quick ? 5 : 30); at++) {
        const { path } = await authority.addCredential()
        await delay(300 + Math.random() * 1000)
        const since = now()
        const { headers } = await authority.call('DELETE', path)
        whole.push(now() - since)
        answers.push(String(headers['warder-applied']))
        told.push(...(await followers.heard(since)))
      }
      const after = treeUse(authority.pid()).rssBytes
      followers.close()
      first.close()
      const all = `${count + warmCount}/${count + warmCount}`
      const missing = answers.filter((answer) => answer !== all).length
      return [
        atMost('DELETE sent → told, p50 of all', quantile(told, 0.5), 500, inMs),
        atMost('DELETE sent → told, p99 of all', quantile(told, 0.99), 500, inMs),
        atMost('DELETE sent → told, maximum', Math.max(...told), 500, inMs),
        atMost('DELETE until all have acknowledged, p99', quantile(whole, 0.99), 1000, inMs),
        atMost('DELETEs that do not say all', missing, 0, String),
        atMost('authority memory per follower', (after - before) / count, 100 * 1024, inKib),
      ]
    } finally {
      await authority.stop()
    }
  },
}
