import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { addApiCredential } from './api-clients.ts'
import { createRecorder, type Recorder } from './follower.ts'
import {
  addEnvironment,
  addGateway,
  embedded,
  openHouse,
  type Answered,
  type House,
} from './house.ts'

// What takes something away is answered when the verifiers have applied it, to whoever asks for it a second time too.

const applied = ({ headers }: Answered) => headers.get('warder-applied')

describe('the answer to what takes something away', () => {
  let house: House
  let follower: Recorder
  before(async () => {
    house = await openHouse({ settings: { revocationWaitMs: 30_000 } })
    follower = createRecorder('local')
    const given = follower.next()
    house.authority.feed.follow(follower)
    await given
  })
  after(() => house.close())
  beforeEach(() => follower.release())

  /** Asks twice while the verifier applies nothing; what comes after that is answered all the same. */
  async function twice(ask: () => Promise<Answered>): Promise<readonly [Answered, Answered]> {
    const told = follower.next()
    follower.hold()
    const first = ask()
    await told
    let answered = 0
    const count = (it: Answered) => {
      answered += 1
      return it
    }
    const both = Promise.all([first.then(count), ask().then(count)])
    for (let other = 0; other < 3; other += 1) await addGateway(house)
    assert.equal(answered, 0)
    follower.release()
    return both
  }

  const things: readonly [string, () => Promise<string>][] = [
    [
      'a credential',
      async () => {
        const { path, answered } = await addGateway(house, { createCredential: true })
        return `${path}/credentials/${String(embedded(answered.body, 'credentials')[0]?.['id'])}`
      },
    ],
    ['a gateway', async () => (await addGateway(house)).path],
    [
      'an environment',
      async () =>
        `/v1/organizations/${house.organizationId}/environments/${await addEnvironment(house)}`,
    ],
    [
      'an API credential',
      async () => {
        await addApiCredential(house)
        return (await addApiCredential(house)).path
      },
    ],
  ]
  for (const [what, add] of things) {
    test(`a second DELETE of ${what} waits for what the first one waits for`, async () => {
      const path = await add()
      const [first, second] = await twice(() => house.ask('DELETE', path))
      assert.deepEqual([first.status, applied(first), second.status], [204, '1/1', 404])
    })
  }

  test('a replay of what ends tokens waits as the first answer does, and says so', async () => {
    const { path } = await addApiCredential(house)
    const asked = { headers: { 'idempotency-key': 'once' }, body: { revokeTokens: true } }
    const [first, second] = await twice(() => house.ask('POST', `${path}/rotate`, asked))
    assert.equal(second.headers.get('idempotent-replayed'), 'true')
    assert.deepEqual([applied(first), applied(second)], ['1/1', '1/1'])
  })

  test('a gateway that is made disabled is answered when the verifier refuses its credential', async () => {
    const { answered } = await addGateway(house, { enabled: false, createCredential: true })
    assert.equal(applied(answered), '1/1')
    const change = follower.changes.at(-1)
    assert.ok(change?.kind === 'gateway-state')
    assert.deepEqual([change.gatewayId, change.state], [answered.body['id'], 'disabled'])
  })

  test('an environment that is made disabled is told to verifiers', async () => {
    const path = `/v1/organizations/${house.organizationId}/environments`
    const { body } = await house.ask('POST', path, { body: { name: 'off', enabled: false } })
    const rows = await house.store.read((db) =>
      db.selectFrom('changes').select('body').where('kind', '=', 'environment-state').execute(),
    )
    const [last] = rows.map((row) => JSON.parse(row.body)).toReversed()
    assert.deepEqual([last?.environmentId, last?.state], [body['id'], 'disabled'])
  })
})
