import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'node:test'
import { createRefresh } from '../../src/verifier/key-set-refresh.ts'
import { manualClock } from '../manual-clock.ts'

test('what was never fetched is tried every ten seconds, and what was, less and less often', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  let tries = 0
  let good = false
  const refresh = createRefresh({
    fetch: async () => {
      tries++
      if (good) refresh.renew()
      return good
    },
    clock: manualClock(),
    random: () => 1,
    expireAfterMs: 3_600_000,
    onOutdated() {},
  })
  t.after(() => refresh.close())
  const triesWithin = async (seconds: number) => {
    const before = tries
    for (let second = 0; second < seconds; second++) {
      t.mock.timers.tick(1000)
      await turn()
    }
    return tries - before
  }
  await refresh.first()
  // After 1, 3, 7 and 15 seconds, and every ten from then on.
  assert.equal(await triesWithin(15), 4)
  assert.equal(await triesWithin(300), 30)
  good = true
  assert.equal(await triesWithin(10), 1)
  good = false
  assert.equal(await triesWithin(300), 1)
  assert.equal(await triesWithin(63), 6)
  assert.equal(await triesWithin(300), 2)
})
