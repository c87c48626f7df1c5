import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { addEnvironment, addGateway, embedded, openHouse, type House } from '../authority/house.ts'
import { createPrng } from '../prng.ts'
import { nginxHook, statusOf } from '../verifier/running.ts'
import { tellableMs, tellApart } from '../verifier/tell-apart.ts'
import { enrol, startFeedVerifier, stateFolder, until, type FeedVerifier } from './fleet.ts'

describe('AT-54: a stopwatch does not tell what an operator did to a credential', () => {
  const folder = stateFolder()
  let house: House
  let verifier: FeedVerifier

  before(async () => {
    house = await openHouse()
    const enrolment = await enrol(house, 'one')
    verifier = await startFeedVerifier({ stateFolder: folder.path, enrolment })
  })
  after(async () => {
    await verifier.stop()
    await house.close()
    folder.remove()
  })

  test('revoked, disabled, deleted, of another environment', async (t) => {
    const revoked = await made(house)
    await house.ask('DELETE', `${revoked.path}/credentials/${revoked.id}`)
    const deleted = await made(house)
    await house.ask('DELETE', deleted.path)
    const disabled = await made(house)
    const body = { name: disabled.name, type: 'API_GATEWAY_INTEGRATION', enabled: false }
    const { status } = await house.ask('PUT', disabled.path, { body })
    assert.equal(status, 200)
    const other = await made({ ...house, environmentId: await addEnvironment(house) })
    const refusals = new Map(
      Object.entries({ revoked, deleted, disabled, 'of another environment': other }).map(
        ([kind, { token }]) => [kind, () => nginxHook(token)],
      ),
    )
    for (const hook of refusals.values()) {
      await until(async () => (await statusOf(verifier.place, hook())) === 401)
    }
    const random = createPrng(t)
    const apart = await tellApart(() => ({ place: verifier.place, refusals, random, rounds: 300 }))
    t.diagnostic(apart.times)
    assert.ok(apart.milliseconds < tellableMs, apart.times)
  })
})

/** A gateway with a credential, of the environment of a house. */
async function made(house: House) {
  const name = randomUUID()
  const { path, answered } = await addGateway(house, { name, createCredential: true })
  const [credential] = embedded(answered.body, 'credentials')
  return { name, path, id: credential?.['id'], token: String(credential?.['credential']) }
}
