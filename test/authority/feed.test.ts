import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { importKeySet } from '../../src/credential/key-set.ts'
import { createKeyRing } from '../../src/credential/key-ring.ts'
import { prove } from '../../src/credential/proof.ts'
import { defaultLeeway, epochSeconds } from '../../src/credential/time.ts'
import { algorithms } from '../../src/credential/algorithm.ts'
import type { StandingSnapshot } from '../../src/standing/snapshot.ts'
import { profilesOf } from '../../src/standing/snapshot-issuer.ts'
import { createRecorder, type Recorder } from './follower.ts'
import { addEnvironment, addGateway, embedded, openHouse, type House } from './house.ts'

async function withFollower(
  work: (house: House, follower: Recorder) => Promise<void>,
  settings: { readonly revocationWaitMs?: number } = {},
): Promise<void> {
  const house = await openHouse({ settings })
  const follower = createRecorder('local')
  const given = follower.next()
  house.authority.feed.follow(follower)
  await given
  await work(house, follower)
  follower.release()
  await house.close()
}

async function issue(house: House) {
  const gateway = await addGateway(house, { createCredential: true })
  const [credential] = embedded(gateway.answered.body, 'credentials')
  const id = String(credential?.['id'])
  const path = `${gateway.path}/credentials/${id}`
  return { gateway, id, path, token: String(credential?.['credential']) }
}

describe('the feed inside one process', () => {
  test('a follower is given the whole standing first, with keys that prove what was issued', async () => {
    await withFollower(async (house, { snapshots }) => {
      const { token, gateway } = await issue(house)
      const [snapshot] = snapshots
      assert.ok(snapshot)
      assert.deepEqual([snapshot.revoked, snapshot.gateways, snapshot.clients], [[], [], []])
      const proof = prove(token, await ringOf(snapshot), now(), defaultLeeway)
      assert.ok(typeof proof === 'object' && proof.kind === 'gateway')
      assert.equal(proof.gateway.id, gateway.id)
      const admin = prove(house.token, await ringOf(snapshot), now(), defaultLeeway)
      assert.equal(admin, 'audience-refused')
    })
  })

  test('M13: DELETE of a credential answers when the verifier has applied it, and says so', async () => {
    await withFollower(async (house, follower) => {
      const { path, id, gateway } = await issue(house)
      const deleted = await house.ask('DELETE', path)
      assert.equal(deleted.status, 204)
      assert.equal(deleted.headers.get('warder-applied'), '1/1')
      assert.equal(deleted.headers.get('warder-fenced-at'), null)
      const change = follower.changes.at(-1)
      assert.ok(change?.kind === 'credential-revoked')
      assert.deepEqual(
        [change.jti, change.gatewayId, change.environmentId, change.issuer],
        [id, gateway.id, house.environmentId, house.settings.credentials.issuer],
      )
    })
  })

  test('a DELETE waits no longer than it may, says that a verifier is missing, and a second one waits for the first', async () => {
    await withFollower(
      async (house, follower) => {
        const { path } = await issue(house)
        follower.hold()
        const deleted = await house.ask('DELETE', path)
        assert.equal(deleted.status, 204)
        assert.equal(deleted.headers.get('warder-applied'), '0/1')
        await addGateway(house)
        const audit = `/v1/organizations/${house.organizationId}/audit?action=revision.applied`
        const [entry] = embedded((await house.ask('GET', audit)).body, 'entries')
        assert.deepEqual(
          [entry?.['outcome'], entry?.['details']],
          ['waiting', { applied: 0, verifiers: 1, missing: ['local'] }],
        )
        let answered = false
        const again = house.ask('DELETE', path).then((it) => {
          answered = true
          return it
        })
        // Another request comes and goes meanwhile.
        await house.ask('GET', '/v1/environments')
        assert.equal(answered, false)
        follower.release()
        assert.equal((await again).status, 404)
        const [fleet] = house.authority.feed.list()
        assert.equal(fleet?.freshness, 'fresh')
      },
      { revocationWaitMs: 300 },
    )
  })

  test('M5, M21: disabling, enabling and deleting a gateway and an environment are changes in this order', async () => {
    await withFollower(async (house, follower) => {
      const { gateway } = await issue(house)
      const type = 'API_GATEWAY_INTEGRATION'
      const put = (enabled: boolean) =>
        house.ask('PUT', gateway.path, { body: { name: 'one', type, enabled } })
      assert.equal((await put(false)).headers.get('warder-applied'), '1/1')
      assert.equal((await put(false)).headers.get('warder-applied'), null)
      await put(true)
      assert.equal((await house.ask('DELETE', gateway.path)).headers.get('warder-applied'), '1/1')
      const environmentId = await addEnvironment(house)
      const organization = `/v1/organizations/${house.organizationId}`
      const environment = `${organization}/environments/${environmentId}`
      await house.ask('PUT', environment, { body: { name: 'two', enabled: false } })
      const deleted = await house.ask('DELETE', environment)
      assert.equal(deleted.headers.get('warder-applied'), '1/1')
      assert.deepEqual(
        follower.changes.flatMap((change) =>
          'state' in change ? [[change.kind, change.state]] : [],
        ),
        [
          ['gateway-state', 'disabled'],
          ['gateway-state', 'enabled'],
          ['gateway-state', 'deleted'],
          ['environment-state', 'disabled'],
          ['environment-state', 'deleted'],
        ],
      )
    })
  })

  test('a second follower is given a standing that holds what came before it, with nothing between it and the changes', async () => {
    await withFollower(async (house, first) => {
      const one = await issue(house)
      const two = await issue(house)
      const three = await issue(house)
      await house.ask('DELETE', one.path)
      await house.ask('DELETE', two.gateway.path)
      const type = 'API_GATEWAY_INTEGRATION'
      await house.ask('PUT', three.gateway.path, { body: { name: 'off', type, enabled: false } })
      const late = createRecorder('late')
      const given = late.next()
      const { close } = house.authority.feed.follow(late)
      await given
      const [snapshot] = late.snapshots
      assert.deepEqual(
        snapshot?.revoked.map(({ jti }) => jti),
        [one.id],
      )
      assert.deepEqual(
        new Map(snapshot.gateways.map(({ id, state }) => [id, state])),
        new Map([
          [two.gateway.id, 'deleted'],
          [three.gateway.id, 'disabled'],
        ]),
      )
      const deleted = await house.ask('DELETE', three.path)
      assert.equal(deleted.headers.get('warder-applied'), '2/2')
      assert.deepEqual(
        late.changes.map(({ previous }) => previous),
        [snapshot.revision],
      )
      assert.deepEqual(first.changes.at(-1), late.changes.at(-1))
      assert.equal(house.authority.feed.list().length, 2)
      await close()
      assert.equal(house.authority.feed.list().length, 1)
    })
  })

  test('two hundred revocations at once reach the follower in order and without a gap', async () => {
    await withFollower(async (house, follower) => {
      const issued = await Promise.all(Array.from({ length: 200 }, () => issue(house)))
      const from = follower.snapshots[0]?.revision
      const deleted = await Promise.all(issued.map(({ path }) => house.ask('DELETE', path)))
      assert.deepEqual(
        new Set(deleted.map(({ headers }) => headers.get('warder-applied'))),
        new Set(['1/1']),
      )
      const revisions = follower.changes.map(({ revision }) => Number(revision))
      assert.deepEqual(
        revisions,
        issued.map((_, index) => Number(from) + 1 + index),
      )
    })
  })

  test('a follower that fails counts as missing and is given the whole standing again', async () => {
    const house = await openHouse({ settings: { revocationWaitMs: 50 } })
    let broken = false
    const follower = createRecorder('local', () => (broken ? new Error('broken') : undefined))
    const given = follower.next()
    house.authority.feed.follow(follower)
    await given
    const { path, id } = await issue(house)
    broken = true
    assert.equal((await house.ask('DELETE', path)).headers.get('warder-applied'), '0/1')
    broken = false
    await follower.next()
    assert.deepEqual(
      follower.snapshots.at(-1)?.revoked.map(({ jti }) => jti),
      [id],
    )
    await house.close()
  })

  test('the fleet lists the verifier in this process, and enrolled ones with their environments', async () => {
    await withFollower(async (house) => {
      const path = `/v1/organizations/${house.organizationId}/verifiers`
      const enrolled = await house.ask('POST', path, { body: { name: 'edge' } })
      assert.equal(enrolled.status, 201)
      const [, encoded = ''] = String(enrolled.body['enrolment']).split('.')
      const enrolment = JSON.parse(Buffer.from(encoded, 'base64url').toString()) as object
      assert.deepEqual(Object.keys(enrolment), ['authority', 'id', 'secret', 'feedKey'])
      assert.match(String(enrolled.body['enrolment']), /^wv1\./)
      const again = await house.ask('POST', path, { body: { name: 'edge' } })
      assert.equal(again.body['details']?.[0]?.['code'], 'UNIQUENESS_VIOLATION')
      const foreign = { name: 'x', environmentIds: [crypto.randomUUID()] }
      assert.equal((await house.ask('POST', path, { body: foreign })).status, 400)
      const { body, text } = await house.ask('GET', path)
      assert.equal(text.includes(encoded), false)
      assert.deepEqual(
        embedded(body, 'verifiers').map(({ name, environmentIds, freshness }) => [
          name,
          environmentIds,
          freshness,
        ]),
        [
          ['local', [], 'fresh'],
          ['edge', [house.environmentId], undefined],
        ],
      )
      const one = `${path}/${String(enrolled.body['id'])}`
      assert.equal((await house.ask('DELETE', one)).status, 204)
      assert.equal((await house.ask('DELETE', one)).status, 404)
    })
  })
})

async function ringOf({ issuers }: StandingSnapshot) {
  const read = issuers.map(async (issuer) => {
    const set = await importKeySet(issuer.jwks, algorithms)
    return { name: issuer.name, profiles: profilesOf(issuer), keys: set?.keys ?? [] }
  })
  return createKeyRing(1, await Promise.all(read))
}

function now() {
  return epochSeconds(Date.now() / 1000)
}
