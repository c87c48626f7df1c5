import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { readEnrolment } from '../../src/verifier/feed/enrolment.ts'
import { embedded, openHouse, type House } from '../authority/house.ts'
import { enrol, startFeedVerifier, stateFolder, until } from './fleet.ts'

async function alarmsOf(house: House): Promise<number> {
  const path = `/v1/organizations/${house.organizationId}/audit?action=audit.end-missing`
  return embedded((await house.ask('GET', path)).body, 'entries').length
}

/** Takes the last entry away, and sets the counters back so that the chain is whole without it. */
function cutEnd(dataFolder: string): void {
  change(
    dataFolder,
    `
    drop trigger audit_no_delete;
    delete from audit where sequence = (select auditSequence from counters);
    update counters set auditSequence = auditSequence - 1;
    update counters set auditHash = (select hash from audit where sequence = auditSequence);
  `,
  )
}

function change(dataFolder: string, statements: string): void {
  const database = new DatabaseSync(join(dataFolder, 'warder.db'))
  database.exec(statements)
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

/** Two places: where an authority is, and a verifier that has seen the end of its audit. */
async function openPlaces(t: TestContext) {
  const data = stateFolder()
  t.after(data.remove)
  const house = await openHouse({ dataFolder: data.path })
  const enrolment = readEnrolment(await enrol(house, 'edge')) ?? assert.fail()
  await house.close()
  const ask = async (again: House, head: string, epoch: string) => {
    const headers = {
      authorization: `Bearer ${enrolment.id}.${enrolment.secret}`,
      'warder-audit-head': head,
      'warder-epoch': epoch,
    }
    const answer = await fetch(`${again.url}/feed?after=0`, { headers })
    assert.equal(answer.status, 200)
    await answer.body?.cancel()
  }
  return { data: data.path, ask }
}

const headOf = (text: string) => hash('sha256', text, 'base64url')
const epochOf = (house: House) =>
  house.store.read(async (db) => {
    const { epoch } = await db.selectFrom('installation').select('epoch').executeTakeFirstOrThrow()
    return epoch
  })

test('what was seen before a restore raises no alarm, and no verifier raises more than one an hour', async (t) => {
  const { data, ask } = await openPlaces(t)
  const house = await openHouse({ dataFolder: data })
  const epoch = await epochOf(house)
  await ask(house, headOf('seen'), 'the epoch before')
  for (const head of ['one', 'two', 'three'].map(headOf)) await ask(house, head, epoch)
  await house.close()
  const again = await openHouse({ dataFolder: data })
  assert.equal(await alarmsOf(again), 1)
  await again.close()
})
