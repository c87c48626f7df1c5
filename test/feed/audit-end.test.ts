import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { embedded, openHouse, type House } from '../authority/house.ts'
import { enrol, startFeedVerifier, stateFolder, until } from './fleet.ts'

async function alarmsOf(house: House): Promise<number> {
  const path = `/v1/organizations/${house.organizationId}/audit?action=audit.end-missing`
  return embedded((await house.ask('GET', path)).body, 'entries').length
}

/** Takes the last entry away, and sets the counters back so that the chain is whole without it. */
function cutEnd(dataFolder: string): void {
  const database = new DatabaseSync(join(dataFolder, 'warder.db'))
  database.exec(`
    drop trigger audit_no_delete;
    delete from audit where sequence = (select auditSequence from counters);
    update counters set auditSequence = auditSequence - 1;
    update counters set auditHash = (select hash from audit where sequence = auditSequence);
  `)
  database.close()
}

test('an audit whose end was cut off with its counters shows once a verifier follows that has seen more of it', async () => {
  const data = stateFolder()
  const state = stateFolder()
  const first = await openHouse({ dataFolder: data.path })
  const enrolment = await enrol(first, 'edge')
  const follow = async (house: House) => {
    const place = { stateFolder: state.path, enrolment, authority: house.url }
    const verifier = await startFeedVerifier(place)
    await until(async () => (await verifier.page('/readyz')).status === 200)
    await verifier.stop()
  }
  await follow(first)
  await follow(first)
  assert.equal(await alarmsOf(first), 0)
  await first.close()

  cutEnd(data.path)
  const second = await openHouse({ dataFolder: data.path })
  await follow(second)
  await until(async () => (await alarmsOf(second)) === 1)
  await second.close()
  for (const { remove } of [data, state]) remove()
})
