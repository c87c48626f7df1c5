import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readEnrolment } from '../../src/verifier/feed/enrolment.ts'
import { addEnvironment, addGateway, embedded, openHouse, type House } from '../authority/house.ts'
import { enrol, startFeedVerifier, stateFolder, until } from './fleet.ts'

async function withHouse(work: (house: House) => Promise<void>): Promise<void> {
  const house = await openHouse({ settings: { revocationWaitMs: 100 } })
  try {
    await work(house)
  } finally {
    await house.close()
  }
}

async function issue(house: House, environmentId = house.environmentId) {
  const gateway = await addGateway({ ...house, environmentId }, { createCredential: true })
  const credential = embedded(gateway.answered.body, 'credentials')[0]
  const id = String(credential?.['id'])
  const path = `${gateway.path}/credentials/${id}`
  return { id, path, token: String(credential?.['credential']), gatewayId: gateway.id }
}

async function report(house: House, enrolment: string, said: object): Promise<void> {
  const { id, secret } = readEnrolment(enrolment) ?? assert.fail()
  const place = { epoch: 'e', revision: 0, chain: 'c', threads: [0] }
  const status = { ...place, freshness: 'fresh', version: '1', expireAfterMs: 1 }
  const { status: code } = await fetch(`${house.url}/feed/status`, {
    method: 'POST',
    headers: { authorization: `Bearer ${id}.${secret}` },
    body: JSON.stringify({ ...status, ...said }),
  })
  assert.equal(code, 204)
}

const alarms = async (house: House) => {
  const path = `/v1/organizations/${house.organizationId}/audit`
  const { body } = await house.ask('GET', `${path}?action=credential.presented-revoked`)
  return embedded(body, 'entries')
}

describe('what verifiers report', () => {
  test('of credentials of environments that are not theirs is not believed', async () => {
    await withHouse(async (house) => {
      const enrolment = await enrol(house, 'one')
      const own = await issue(house)
      const other = await issue(house, await addEnvironment(house))
      const usage = [own, other].map(({ id: jti }) => ({ jti, at: 1e12, source: 'x', count: 1 }))
      await report(house, enrolment, { usage })
      const uses = async (path: string) => (await house.ask('GET', path)).body['uses']
      await until(async () => (await uses(own.path)) === 1)
      assert.equal((await uses(other.path)) ?? 0, 0)
      for (const { path } of [own, other]) await house.ask('DELETE', path)
      const revokedPresented = [own, other].map(({ id: jti }) => ({ jti, count: 3 }))
      await report(house, enrolment, { revokedPresented })
      await until(async () => (await alarms(house)).length > 0)
      assert.deepEqual(
        (await alarms(house)).map(({ target }) => target),
        [own.id],
      )
    })
  })

  test('that a revoked credential is still presented is an alarm, entered once an hour, and no use of it', async () => {
    await withHouse(async (house) => {
      const { path: folder, remove } = stateFolder()
      const verifier = await startFeedVerifier({
        stateFolder: folder,
        enrolment: await enrol(house, 'edge'),
      })
      const dead = await issue(house)
      await house.ask('DELETE', dead.path)
      await until(async () => (await verifier.ask(dead.token)).status === 401)
      const presented = async () => {
        await verifier.ask(dead.token)
        const text = await house.metrics.render()
        return Number(/warder_fleet_revoked_presented_total (\d+)/.exec(text)?.[1] ?? '0')
      }
      await until(async () => (await presented()) > 0 && (await alarms(house)).length > 0, 10_000)
      // What a later report tells of adds to the count, and is no second alarm.
      const known = await presented()
      await until(async () => (await presented()) > known, 10_000)
      const [first, ...others] = await alarms(house)
      assert.deepEqual(
        [first?.['target'], first?.['actor'], first?.['details']?.['gatewayId'], others.length],
        [dead.id, 'edge', dead.gatewayId, 0],
      )
      await verifier.stop()
      remove()
    })
  })

  test('of one in the process of the authority is an alarm too', async () => {
    await withHouse(async (house) => {
      const dead = await issue(house)
      const live = await issue(house)
      await house.ask('DELETE', dead.path)
      const presented = [dead, live].map(({ id: jti }) => ({ jti, count: 2 }))
      await house.authority.revokedPresented(presented, 'serve')
      await until(async () => (await alarms(house)).length > 0)
      assert.deepEqual(
        (await alarms(house)).map(({ target, actor }) => [target, actor]),
        [[dead.id, 'serve']],
      )
    })
  })
})

describe('an authority', () => {
  test('says that it is in trouble while its database cannot be reached, and not after', async () => {
    let broken = false
    const house = await openHouse({
      wrap: (store) => ({
        ...store,
        read: (work) => (broken ? Promise.reject(new Error('gone')) : store.read(work)),
      }),
    })
    assert.equal(house.authority.trouble(), undefined)
    broken = true
    await until(async () => house.authority.trouble() === 'feed-failing', 10_000)
    broken = false
    await until(async () => house.authority.trouble() === undefined)
    await house.close()
  })
})
