import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { createFeedConnection } from '../../src/verifier/feed/connection.ts'
import { readEnrolment } from '../../src/verifier/feed/enrolment.ts'
import { readLines } from '../../src/verifier/feed/lines.ts'
import type { FeedRecord } from '../../src/verifier/feed/record.ts'
import { createStateFile } from '../../src/verifier/feed/state-file.ts'
import { FeedTrouble } from '../../src/verifier/feed/trouble.ts'
import { addApiCredential } from '../authority/api-clients.ts'
import { addEnvironment, addGateway, embedded, openHouse, type House } from '../authority/house.ts'
import { addOrganization } from '../authority/organizations.ts'
import { stateFolder } from './fleet.ts'
import { openRecord } from './holding.ts'

// What is told to one verifier, given to another one by somebody who stands between it and the authority.

async function openPlace(t: TestContext) {
  const house = await openHouse({ settings: { revocationWaitMs: 1 } })
  const { path, remove } = stateFolder()
  t.after(async () => {
    await house.close()
    remove()
  })
  const connect = async (name: string, tenant: Tenant) => {
    const enrolment = readEnrolment(await enrolFor(house, name, tenant)) ?? assert.fail()
    const limits = { snapshotBytesMax: 2 ** 20, leaseMs: 1000 }
    const instance = Promise.resolve(name)
    const connection = createFeedConnection({ enrolment, ca: undefined, instance, ...limits })
    t.after(connection.close)
    return { enrolment, connection }
  }
  const follow = async (tenant: Tenant) => {
    const { enrolment, connection } = await connect('follows', tenant)
    const held = openRecord(t, {
      pinned: enrolment.feedKey,
      issuer: house.settings.credentials.issuer,
      state: createStateFile(join(path, 'state'), enrolment.id),
      snapshot: connection.snapshot,
      onDiskFailure: (error) => assert.ifError(error),
    })
    const { record } = held
    await record.takeKeys(await connection.keys())
    const { manifest, body } = await connection.snapshot(undefined)
    await record.takeSnapshot(manifest, body)
    return { ...held, connection }
  }
  return { house, connect, follow }
}

type Tenant = Pick<House, 'organizationId' | 'environmentId' | 'token'>

async function enrolFor(house: House, name: string, tenant: Tenant): Promise<string> {
  const path = `/v1/organizations/${tenant.organizationId}/verifiers`
  const body = { name, environmentIds: [tenant.environmentId] }
  const { token } = tenant
  const { body: enrolled, status } = await house.ask('POST', path, { body, token })
  assert.equal(status, 201)
  return String(enrolled['enrolment'])
}

/** The first line after a revision. */
async function lineAfter(
  { feed }: ReturnType<typeof createFeedConnection>,
  revision: NonNullable<FeedRecord['position']>['revision'],
): Promise<string> {
  const end = new AbortController()
  try {
    for await (const [line] of readLines(await feed(revision, end.signal), 5000)) {
      if (line !== undefined) return line
    }
  } finally {
    end.abort()
  }
  return assert.fail()
}

async function whyNot(taking: Promise<unknown>): Promise<string> {
  return taking.then(
    () => 'taken',
    (error: unknown) => (error instanceof FeedTrouble ? error.code : String(error)),
  )
}

describe('what others are told in the place of a change', () => {
  test('is not taken for the revocation of a credential of one’s own environment', async (t) => {
    const { house, connect, follow } = await openPlace(t)
    const other = { ...house, environmentId: await addEnvironment(house) }
    const { connection: others } = await connect('others', other)
    const gateway = await addGateway(house, { createCredential: true })
    const id = String(embedded(gateway.answered.body, 'credentials')[0]?.['id'])
    const { record, connection, holds } = await follow(house)
    const { revision } = record.position ?? assert.fail()
    assert.equal((await house.ask('DELETE', `${gateway.path}/credentials/${id}`)).status, 204)

    assert.equal(await whyNot(record.takeLines([await lineAfter(others, revision)])), 'gap')
    assert.equal(record.acknowledged?.revision, revision)
    assert.equal(await whyNot(record.takeLines([await lineAfter(connection, revision)])), 'taken')
    assert.equal(holds(id), true)
  })

  test('is not taken for the end of the tokens of one’s own organization', async (t) => {
    const { house, connect, follow } = await openPlace(t)
    const { connection: others } = await connect('others', await addOrganization(house))
    const { path, clientId } = await addApiCredential(house)
    const { record, connection, facts } = await follow(house)
    const { revision } = record.position ?? assert.fail()
    const body = { revokeTokens: true }
    assert.equal((await house.ask('POST', `${path}/rotate`, { body })).status, 200)

    const line = await lineAfter(others, revision)
    assert.equal(await whyNot(record.takeLines([line])), 'gap')
    assert.equal(await whyNot(record.takeLines([await lineAfter(connection, revision)])), 'taken')
    assert.equal(facts()?.clients.get(clientId)?.generation, 1)
  })
})
