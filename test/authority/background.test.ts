import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBackground } from '../../src/authority/background.ts'
import { createFailedAccess } from '../../src/authority/failed-access.ts'
import type { NewAuditEntry } from '../../src/store/store.ts'
import { manualClock } from '../manual-clock.ts'
import { openHouse } from './house.ts'

const failed = {
  action: 'access.denied',
  actor: 'unknown',
  target: '/v1',
  organizationId: null,
  environmentId: null,
  source: '192.0.2.1',
} as const

test('refusals are entered until there are too many, and the next entry says how many were left out', () => {
  const entered: NewAuditEntry[] = []
  const clock = manualClock()
  const enter = (entry: NewAuditEntry) => void entered.push(entry)
  const onFailed = createFailedAccess(
    { enter, write: () => undefined, close: async () => undefined },
    clock,
  )
  for (let time = 0; time < 150; time += 1) onFailed(failed)
  assert.equal(entered.length, 100)
  clock.advance(2000)
  onFailed(failed)
  onFailed(failed)
  assert.deepEqual(
    entered.slice(100).map(({ details }) => details),
    [{ source: '192.0.2.1', leftOut: 50 }, { source: '192.0.2.1' }],
  )
})

test('no more than a thousand writes wait in the background; what comes then is left out, and told', async () => {
  const house = await openHouse()
  const warnings: string[] = []
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (message: string) => void warnings.push(message),
    error: () => undefined,
    with: () => log,
  }
  const background = createBackground(house.store, log)
  let written = 0
  for (let time = 0; time < 1010; time += 1) {
    background.write(async () => {
      written += 1
    })
  }
  await background.close()
  assert.equal(written, 1000)
  assert.equal(warnings.length, 10)
  await house.close()
})
