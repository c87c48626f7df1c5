import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { addApiCredential } from './api-clients.ts'
import {
  addAdministrator,
  addEnvironment,
  addGateway,
  embedded,
  openHouse,
  refused,
  type House,
  type Tree,
} from './house.ts'
import { addOrganization, type Organization } from './organizations.ts'

// What a tenant sees of lists, and what it may name in what it writes, is its own.

describe('tenants', () => {
  let house: House
  let other: Organization
  let organization: string
  before(async () => {
    house = await openHouse()
    other = await addOrganization(house)
    organization = `/v1/organizations/${house.organizationId}`
  })
  after(() => house.close())

  const list = async (path: string, name: string, token = house.token): Promise<readonly Tree[]> =>
    embedded((await house.ask('GET', path, { token })).body, name)

  test('the environments that an administrator finds are those of their organization', async () => {
    const theirs = await list('/v1/environments', 'environments', other.token)
    assert.deepEqual(
      theirs.map(({ id }) => id),
      [other.environmentId],
    )
    const own = await list('/v1/environments', 'environments')
    assert.ok(own.every(({ id }) => String(id) !== other.environmentId))
  })

  test('the audit of an organization has its own entries alone, that of the first one the installation’s too', async () => {
    await addGateway(house)
    await house.ask('GET', `${organization}/keys`, { token: other.token })
    const path = `/v1/environments/${other.environmentId}/gateways`
    const body = { name: randomUUID(), type: 'LDAP' }
    assert.equal((await house.ask('POST', path, { body, token: other.token })).status, 201)
    const audit = `/v1/organizations/${other.organizationId}/audit?limit=1000`
    const theirs = await list(audit, 'entries', other.token)
    assert.ok(theirs.some(({ action }) => String(action) === 'gateway.create'))
    assert.deepEqual(
      new Set(theirs.map(({ organizationId }) => organizationId)),
      new Set([other.organizationId]),
    )
    const own = await list(`${organization}/audit?limit=1000`, 'entries')
    assert.deepEqual(
      new Set(own.map(({ organizationId }) => organizationId)),
      new Set([undefined, house.organizationId]),
    )
  })

  test('nobody binds an administrator or a verifier to what is no environment of theirs', async () => {
    const gone = await addEnvironment(house)
    await house.ask('DELETE', `${organization}/environments/${gone}`)
    for (const id of [other.environmentId, gone]) {
      const administrator = { name: randomUUID(), role: 'viewer', environmentId: id }
      refused(
        await house.ask('POST', `${organization}/administrators`, { body: administrator }),
        400,
        'INVALID_DATA',
        { code: 'INVALID_VALUE', target: 'environmentId' },
      )
      const verifier = { name: randomUUID(), environmentIds: [house.environmentId, id] }
      refused(
        await house.ask('POST', `${organization}/verifiers`, { body: verifier }),
        400,
        'INVALID_DATA',
        { code: 'INVALID_VALUE', target: 'environmentIds' },
      )
    }
  })

  test('who is for the whole organization is bound to none of its environments', async () => {
    for (const role of ['organization-admin', 'api-credentials-editor']) {
      const body = { name: randomUUID(), role, environmentId: house.environmentId }
      const answered = await house.ask('POST', `${organization}/administrators`, { body })
      const detail = { code: 'CONSTRAINT_VIOLATION', target: 'environmentId' }
      refused(answered, 400, 'INVALID_DATA', detail)
    }
  })

  test('an administrator of one environment sees its verifiers alone', async () => {
    const environmentId = await addEnvironment(house)
    const enrol = (environmentIds: readonly string[]) =>
      house.ask('POST', `${organization}/verifiers`, {
        body: { name: randomUUID(), environmentIds },
      })
    await enrol([house.environmentId])
    const { body } = await enrol([environmentId])
    const { token } = await addAdministrator(house, 'viewer', environmentId)
    const seen = await list(`${organization}/verifiers`, 'verifiers', token)
    assert.deepEqual(
      seen.map(({ id }) => id),
      [body['id']],
    )
  })
})

test('AT-57: who names another tenant’s thing under their own path leaves an audit entry, and finds nothing', async () => {
  const house = await openHouse()
  const other = await addOrganization(house)
  const gateway = await addGateway(house, { createCredential: true })
  const credential = String(embedded(gateway.answered.body, 'credentials')[0]?.['id'])
  const { id: apiCredential } = await addApiCredential(house)
  const body = { name: 'theirs', type: 'LDAP' }
  const { token } = other
  const environment = `/v1/environments/${other.environmentId}`
  const made = await house.ask('POST', `${environment}/gateways`, { body, token })
  const own = `${environment}/gateways/${String(made.body['id'])}`
  const organization = `/v1/organizations/${other.organizationId}`
  const named: readonly (readonly [string, string])[] = [
    ['POST', `${organization}/apiCredentials/${apiCredential}/rotate`],
    ['GET', `${environment}/gateways/${gateway.id}`],
    ['DELETE', `${own}/credentials/${credential}`],
  ]
  for (const [method, path] of named) {
    refused(await house.ask(method, path, { token }), 404, 'NOT_FOUND')
  }
  // What is nowhere, or was the tenant's own, is no stranger's.
  await house.ask('GET', `${own}/credentials/${randomUUID()}`, { token })
  await house.ask('DELETE', own, { token })
  await house.ask('DELETE', own, { token })
  await addGateway(house)
  const rows = await house.store.read((db) =>
    db.selectFrom('audit').selectAll().where('action', '=', 'access.denied').execute(),
  )
  assert.deepEqual(
    rows.map(({ actor, target }) => [actor, target]),
    named.map(([, path]) => [other.administratorId, path]),
  )
  await house.close()
})

test('another tenant that asks leaves an audit entry', async () => {
  const house = await openHouse()
  const other = await addOrganization(house)
  const path = `/v1/environments/${house.environmentId}/gateways/${randomUUID()}`
  await house.ask('DELETE', path, { token: other.token })
  // What is entered in the background is written before a write that comes after it.
  await addGateway(house)
  const rows = await house.store.read((db) =>
    db.selectFrom('audit').selectAll().where('action', '=', 'access.denied').execute(),
  )
  assert.deepEqual(
    rows.map(({ actor, organizationId, outcome, target }) => [
      actor,
      organizationId,
      outcome,
      target,
    ]),
    [[other.administratorId, other.organizationId, 'refused', path]],
  )
  await house.close()
})
