import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addGateway, embedded, openHouse, type House } from '../authority/house.ts'
import { enrol, startFeedVerifier, stateFolder, until } from './fleet.ts'

async function issue(house: House) {
  const gateway = await addGateway(house, { createCredential: true })
  const credential = String(embedded(gateway.answered.body, 'credentials')[0]?.['credential'])
  const [header = ''] = credential.split('.')
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }
  return { credential, kid }
}

test('retiring a signing key travels as a revocation does, and who was away while keys changed recovers without hands', async () => {
  const house = await openHouse({ settings: { revocationWaitMs: 300 } })
  const folders = [stateFolder(), stateFolder()]
  const enrolments = [await enrol(house, 'here'), await enrol(house, 'away')]
  const start = (at: number) =>
    startFeedVerifier({
      stateFolder: folders[at]?.path ?? '',
      enrolment: enrolments[at] ?? '',
      expireAfterMs: 1000,
    })
  const here = await start(0)
  const old = await issue(house)
  const keys = `/v1/organizations/${house.organizationId}/keys`
  const away = await start(1)
  assert.deepEqual(
    [(await here.ask(old.credential)).status, (await away.ask(old.credential)).status],
    [200, 200],
  )
  await away.stop()

  const rotated = await house.ask('POST', keys)
  assert.equal(rotated.status, 201)
  const kid = String(rotated.body['kid'])
  // It signs once nobody can be judging without it: the one that is away has to have expired.
  await until(
    async () => (await house.ask('GET', `${keys}/${kid}`)).body['state'] === 'active',
    15_000,
  )
  const next = await issue(house)
  assert.equal(next.kid, kid)
  assert.equal((await here.ask(next.credential)).status, 200)

  const retired = await house.ask('POST', `${keys}/${old.kid}/retire`)
  assert.equal(retired.status, 200)
  assert.equal(retired.headers.get('warder-applied'), '1/1')
  assert.equal((await here.ask(old.credential)).status, 401)
  assert.equal((await here.ask(next.credential)).status, 200)

  const back = await start(1)
  await until(async () => (await back.ask(next.credential)).status === 200)
  assert.equal((await back.ask(old.credential)).status, 401)
  await Promise.all([here.stop(), back.stop()])
  await house.close()
  for (const { remove } of folders) remove()
})
