import assert from 'node:assert/strict'
import { test } from 'node:test'
import { temporaryFolder } from '../temporary-folder.ts'
import { addGateway, openHouse } from './house.ts'
import { surviveKills } from './kills.ts'

test('M19: what was acknowledged before kill -9 is there, and nothing is half made', async (t) => {
  await surviveKills(temporaryFolder(t), [1, 20, 60])
})

test('M19: no 5xx is answered after a commit, whatever fails then', async () => {
  const house = await openHouse()
  const { path } = await addGateway(house)
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => house.ask('POST', `${path}/credentials`)),
  )
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]))
  const [first] = answers
  // The fleet is asked after the commit.
  Object.assign(house.authority.feed, { applied: () => Promise.reject(new Error('broken')) })
  const deleted = await house.ask('DELETE', `${path}/credentials/${String(first?.body['id'])}`)
  assert.equal(deleted.status, 204)
  await house.close()
})
