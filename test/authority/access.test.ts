import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { addApiCredential } from './api-clients.ts'
import {
  addAdministrator,
  addEnvironment,
  addGateway,
  ask,
  embedded,
  openHouse,
  refused,
  type House,
} from './house.ts'
import { addOrganization, type Organization } from './organizations.ts'

// Every operation of the committed OpenAPI document, held against every kind of caller who may not.

interface Described {
  readonly operationId: string
  readonly security: readonly object[]
  readonly 'x-warder-access': { readonly kind: string; readonly role?: string }
}
interface Case {
  readonly method: string
  readonly path: string
  readonly id: string
  readonly access: Described['x-warder-access']
}

const file = join(import.meta.dirname, '../../docs/reference/openapi.json')
const { paths } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly paths: Record<string, Record<string, Described>>
}
const cases: readonly Case[] = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, described]) => ({
    method: method.toUpperCase(),
    path,
    id: described.operationId,
    access: described['x-warder-access'],
  })),
)
const closed = cases.filter(({ access }) => access.kind !== 'public')
const writing = closed.filter(({ access }) => access.role !== 'viewer')
const reading = closed.filter(({ access }) => access.role === 'viewer')
const ofTenant = closed.filter(({ access }) => access.kind !== 'administrator')

const fill = (path: string, ids: Record<string, string>) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? 'unfilled')

describe('access', () => {
  let house: House
  let other: Organization
  let known: Record<string, string>
  before(async () => {
    house = await openHouse()
    other = await addOrganization(house)
    const gateway = await addGateway(house, { createCredential: true })
    const [credential] = embedded(gateway.answered.body, 'credentials')
    const organization = `/v1/organizations/${house.organizationId}`
    const enrolled = await house.ask('POST', `${organization}/verifiers`, { body: { name: 'one' } })
    const keys = await house.ask('GET', `${organization}/keys`)
    known = {
      organizationId: house.organizationId,
      environmentId: house.environmentId,
      gatewayId: gateway.id,
      credentialId: String(credential?.['id']),
      administratorId: (await addAdministrator(house, 'viewer')).id,
      verifierId: String(enrolled.body['id']),
      apiCredentialId: (await addApiCredential(house)).id,
      kid: String(embedded(keys.body, 'keys')[0]?.['kid']),
    }
  })
  after(() => house.close())

  /** Of administrators of the whole organization, each with the least that their role gives. */
  const bearers: Readonly<Record<string, () => Promise<string>>> = Object.fromEntries(
    ['environment-admin', 'api-credentials-editor', 'viewer'].map((role) => {
      let token: Promise<string> | undefined
      const buy = async () => (await addAdministrator(house, role)).token
      return [role, async () => (token ??= buy())]
    }),
  )

  for (const { method, path, id } of closed) {
    test(`M20: ${id} without a bearer, or with one that proves nothing, is 401`, async () => {
      const at = fill(path, known)
      const tokens = [undefined, 'x', `${house.token}x`, house.token.replace(/.$/, '')]
      for (const token of tokens) {
        const answered = await ask(house.url, method, at, { token })
        refused(answered, 401, 'ACCESS_FAILED')
        assert.equal(answered.headers.get('www-authenticate'), 'Bearer')
      }
    })
  }

  for (const { method, path, id } of ofTenant) {
    test(`another tenant's administrator finds nothing at ${id}`, async () => {
      const at = fill(path, known)
      refused(await house.ask(method, at, { token: other.token, body: {} }), 404, 'NOT_FOUND')
    })
  }

  for (const { method, path, id } of ofTenant.filter((one) =>
    /\{(?!org|env)\w+\}/.test(one.path),
  )) {
    test(`things of a tenant are not found at ${id} under another tenant's path`, async () => {
      if (path.includes('{kid}')) return
      const { organizationId, environmentId } = other
      const ids = { ...known, organizationId, environmentId }
      const body = { name: 'x', type: 'API_GATEWAY_INTEGRATION' }
      refused(
        await house.ask(method, fill(path, ids), { token: other.token, body }),
        404,
        'NOT_FOUND',
      )
    })
  }

  for (const { method, path, id, access } of writing) {
    for (const [role, bearer] of Object.entries(bearers)) {
      if (role === access.role) continue
      test(`M20: ${role} may not ${id}`, async () => {
        const asked = { token: await bearer(), body: {} }
        refused(await house.ask(method, fill(path, known), asked), 403, 'ACCESS_FAILED')
      })
    }
  }

  for (const { method, path, id } of [
    ...writing,
    ...reading.filter((one) => one.path.includes('{environmentId}')),
  ]) {
    test(`M20: an administrator of another environment may not ${id}`, async () => {
      const bound = await addAdministrator(house, 'environment-admin', await addEnvironment(house))
      const asked = { token: bound.token, body: {} }
      refused(await house.ask(method, fill(path, known), asked), 403, 'ACCESS_FAILED')
    })
  }

  for (const { method, path, id } of cases) {
    test(`${id} is there: ${method} ${path} is neither 405 nor an unknown path`, async () => {
      const nowhere = await ask(house.url, 'OPTIONS', fill(path, known))
      refused(nowhere, 405, 'INVALID_REQUEST')
      const allowed = nowhere.headers.get('allow')?.split(', ') ?? []
      assert.ok(allowed.includes(method), `${allowed.join()} ${method}`)
      const described = Object.keys(paths[path] ?? {}).map((one) => one.toUpperCase())
      assert.deepEqual(allowed.filter((one) => one !== 'HEAD').toSorted(), described.toSorted())
    })
  }

  test('an administrator bound to an environment works there, and sees of lists what is theirs', async () => {
    const environmentId = await addEnvironment(house)
    const { token, client } = await addAdministrator(house, 'environment-admin', environmentId)
    const gateways = `/v1/environments/${environmentId}/gateways`
    const made = await house.ask('POST', gateways, { token, body: { name: 'a', type: 'LDAP' } })
    assert.equal(made.status, 201)
    const seen = await house.ask('GET', '/v1/environments', { token })
    assert.deepEqual(
      embedded(seen.body, 'environments').map((one) => one['id']),
      [client.environmentId],
    )
    const organization = `/v1/organizations/${house.organizationId}`
    const audit = await house.ask('GET', `${organization}/audit?limit=1000`, { token })
    assert.ok(embedded(audit.body, 'entries').length > 0)
    for (const entry of embedded(audit.body, 'entries')) {
      assert.equal(entry['environmentId'], environmentId)
    }
    refused(await house.ask('GET', `${organization}/keys`, { token }), 403, 'ACCESS_FAILED')
  })

  test('a revoked administrator is refused at once, with a token that is still good', async () => {
    const { id, token } = await addAdministrator(house, 'organization-admin')
    const organization = `/v1/organizations/${house.organizationId}`
    assert.equal((await house.ask('GET', organization, { token })).status, 200)
    const revoked = await house.ask('DELETE', `${organization}/administrators/${id}`)
    assert.equal(revoked.status, 204)
    refused(await house.ask('GET', organization, { token }), 401, 'ACCESS_FAILED')
    refused(await house.ask('DELETE', `${organization}/administrators/${id}`), 404, 'NOT_FOUND')
  })

  test('who is revoked while their request is still coming changes nothing', async () => {
    const { id, token } = await addAdministrator(house, 'organization-admin')
    const organization = `/v1/organizations/${house.organizationId}`
    const name = `left behind ${randomUUID()}`
    const body = JSON.stringify({ name, role: 'organization-admin' })
    const slow = request(`${house.url}${organization}/administrators`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': body.length,
        expect: '100-continue',
      },
    })
    slow.flushHeaders()
    await once(slow, 'continue')
    // They are let in by now: a request that came later has been answered.
    assert.equal((await house.ask('GET', organization, { token })).status, 200)
    await house.ask('DELETE', `${organization}/administrators/${id}`)
    slow.end(body)
    const [answered] = (await once(slow, 'response')) as [IncomingMessage]
    answered.resume()
    assert.equal(answered.statusCode, 401)
    const { text } = await house.ask('GET', `${organization}/administrators?limit=1000`)
    assert.ok(!text.includes(name))
  })

  test('the last organization-admin cannot be revoked', async () => {
    const alone = await openHouse()
    const path = `/v1/organizations/${alone.organizationId}/administrators`
    const { body } = await alone.ask('GET', path)
    const [admin] = embedded(body, 'administrators')
    const target = 'administratorId'
    const answered = await alone.ask('DELETE', `${path}/${String(admin?.['id'])}`)
    refused(answered, 400, 'INVALID_DATA', { code: 'CONSTRAINT_VIOLATION', target })
    await alone.close()
  })

  test('a gateway credential is no administrator’s token', async () => {
    const { answered } = await addGateway(house, { createCredential: true })
    const token = String(embedded(answered.body, 'credentials')[0]?.['credential'])
    refused(await house.ask('GET', '/v1/environments', { token }), 401, 'ACCESS_FAILED')
  })

  test('a path in another spelling meets the same guard, or nothing', async () => {
    const path = `/v1/environments/${house.environmentId}/gateways`
    const spellings = [
      path.replace('gateways', '%67ateways'),
      path.replace('/gateways', '//gateways'),
      path.replace('gateways', 'Gateways'),
      `${path}/`,
      path.replace('/v1', '/V1'),
      `${path};x=1`,
    ]
    for (const spelling of spellings) {
      const { status } = await ask(house.url, 'GET', spelling)
      assert.ok(status === 401 || status === 404, `${spelling} ${status}`)
    }
  })
})
