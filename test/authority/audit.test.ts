import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { verifyAuditAt } from '../../src/authority/database.ts'
import { createLog } from '../../src/telemetry/log.ts'
import {
  addAdministrator,
  addGateway,
  ask,
  askForToken,
  embedded,
  openHouse,
  refused,
  type Answered,
} from './house.ts'

const id = ({ body }: Answered) => String(body['id'])

describe('audit', () => {
  test('every write is an entry, in order, in pages and by filter, and the chain is whole', async () => {
    const dataFolder = mkdtempSync(join(tmpdir(), 'warder-audit-'))
    const house = await openHouse({ dataFolder })
    const path = `/v1/organizations/${house.organizationId}/audit`
    const gateway = await addGateway(house, { createCredential: true })
    const [credential] = embedded(gateway.answered.body, 'credentials')
    await house.ask('DELETE', `${gateway.path}/credentials/${String(credential?.['id'])}`)
    await house.ask('DELETE', gateway.path)
    const { id: viewer } = await addAdministrator(house, 'viewer')
    const seen: string[] = []
    for (let next: string | undefined = `${path}?limit=2`; next !== undefined;) {
      const { body, status } = await house.ask('GET', next)
      assert.equal(status, 200)
      seen.push(...embedded(body, 'entries').map((entry) => String(entry['action'])))
      next = body['_links']?.['next']?.['href']
    }
    assert.deepEqual(
      seen.filter((action) => action !== 'revision.applied'),
      [
        'issuer.create',
        'key.create',
        'key.create',
        'organization.create',
        'environment.create',
        'administrator.create',
        'gateway.create',
        'credential.create',
        'credential.revoke',
        'gateway.delete',
        'administrator.create',
      ],
    )
    const filtered = await house.ask('GET', `${path}?action=administrator.create&after=6`)
    const [entry, ...others] = embedded(filtered.body, 'entries')
    assert.deepEqual([entry?.['target'], others.length], [viewer, 0])
    assert.equal(entry?.['actorName'], 'first administrator')
    const nobody = await house.ask('GET', `${path}?actor=nobody`)
    assert.equal(nobody.body['size'], 0)
    const wrong = await house.ask('GET', `${path}?after=x`)
    refused(wrong, 400, 'INVALID_DATA', { code: 'INVALID_PARAMETER', target: 'after' })
    await house.close()
    const verdict = await verifyAuditAt(`sqlite:${join(dataFolder, 'warder.db')}`)
    assert.equal(verdict.kind, 'whole')
    rmSync(dataFolder, { recursive: true })
  })

  test('each deed of management is entered once, with who did it', async () => {
    const house = await openHouse()
    const organization = `/v1/organizations/${house.organizationId}`
    const type = 'API_GATEWAY_INTEGRATION'
    const { path } = await addGateway(house)
    await house.ask('PUT', path, { body: { name: 'renamed', type } })
    const environments = `${organization}/environments`
    const environment = await house.ask('POST', environments, { body: { name: 'one' } })
    const body = { name: 'two', enabled: false }
    await house.ask('PUT', `${environments}/${id(environment)}`, { body })
    await house.ask('DELETE', `${environments}/${id(environment)}`)
    const { id: administrator } = await addAdministrator(house, 'viewer')
    await house.ask('DELETE', `${organization}/administrators/${administrator}`)
    const verifiers = `${organization}/verifiers`
    const verifier = await house.ask('POST', verifiers, { body: { name: 'edge' } })
    await house.ask('DELETE', `${verifiers}/${id(verifier)}`)
    await house.ask('POST', `${organization}/apiCredentials`, { body: { name: 'first' } })
    const second = await house.ask('POST', `${organization}/apiCredentials`, {
      body: { name: 'b' },
    })
    await house.ask('POST', `${organization}/apiCredentials/${id(second)}/primary`)
    const key = await house.ask('POST', `${organization}/keys`)
    const another = await house.ask('POST', `${organization}/keys`)
    await house.ask('POST', `${organization}/keys/${String(key.body['kid'])}/retire`)
    const { rows, admin } = await house.store.read(async (db) => ({
      rows: await db.selectFrom('audit').selectAll().orderBy('sequence').execute(),
      admin: await db
        .selectFrom('administrators')
        .select('id')
        .where('clientId', '=', house.clientId)
        .executeTakeFirstOrThrow(),
    }))
    const first = rows.findIndex(({ action }) => action === 'gateway.create')
    assert.deepEqual(
      rows
        .slice(first)
        .filter(({ actor, action }) => actor === admin.id && action !== 'revision.applied')
        .map(({ action, target, revision }) => [action, target, revision !== null]),
      [
        ['gateway.create', path.split('/').at(-1), false],
        ['gateway.update', path.split('/').at(-1), false],
        ['environment.create', id(environment), false],
        ['environment.update', id(environment), true],
        ['environment.delete', id(environment), true],
        ['administrator.create', administrator, false],
        ['administrator.revoke', administrator, false],
        ['verifier.enrol', id(verifier), false],
        ['verifier.revoke', id(verifier), false],
        [
          'apiCredential.create',
          rows.find((row) => row.action === 'apiCredential.create')?.target,
          false,
        ],
        ['apiCredential.create', id(second), false],
        ['apiCredential.primary', id(second), false],
        ['key.create', key.body['kid'], true],
        ['key.create', another.body['kid'], true],
        ['key.retire', key.body['kid'], true],
      ],
    )
    await house.close()
  })

  test('a refusal is entered whatever stands where an id should be, and without it', async () => {
    const house = await openHouse()
    const organization = `/v1/organizations/${house.organizationId}`
    const secret = house.clientSecret
    await ask(house.url, 'POST', `${organization}/apiCredentials/${secret}/rotate`)
    await ask(house.url, 'POST', `${organization}/keys/${secret}/retire`)
    for (const environmentId of [secret, '%00', '%EF%BF%BE']) {
      await askForToken(house.url, { ...house, environmentId, clientSecret: 'guess' })
    }
    await addGateway(house)
    const rows = await house.store.read((db) =>
      db.selectFrom('audit').selectAll().where('outcome', '=', 'refused').execute(),
    )
    assert.deepEqual(
      rows.map(({ action, target }) => [action, target]),
      [
        ['access.unauthenticated', `${organization}/apiCredentials/{apiCredentialId}/rotate`],
        ['access.unauthenticated', `${organization}/keys/{kid}/retire`],
        ['token.refused', 'unknown'],
        ['token.refused', 'unknown'],
        ['token.refused', 'unknown'],
      ],
    )
    await house.close()
  })

  test('failed authentication is entered with who it was as far as that is certain, and only so often', async () => {
    const house = await openHouse()
    const wrong = { ...house, clientSecret: 'guess' }
    await askForToken(house.url, wrong)
    await askForToken(house.url, { ...wrong, clientId: 'my-secret-typed-in-the-wrong-field' })
    for (let time = 0; time < 200; time += 1) await ask(house.url, 'GET', '/v1/environments')
    await addGateway(house)
    const rows = await house.store.read((db) =>
      db.selectFrom('audit').selectAll().where('outcome', '=', 'refused').execute(),
    )
    assert.ok(rows.length >= 100 && rows.length < 110, String(rows.length))
    const [known, unknown, third] = rows
    const administrator = await house.store.read((db) =>
      db.selectFrom('administrators').select('id').executeTakeFirst(),
    )
    assert.equal(known?.actor, administrator?.id)
    assert.equal(unknown?.actor, 'unknown')
    assert.equal(third?.action, 'access.unauthenticated')
    assert.equal(JSON.stringify(rows).includes('my-secret'), false)
    await house.close()
  })

  test('no token and no secret is in the log at debug level, in metrics or in the audit', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'warder-log-'))
    const file = join(folder, 'log')
    const fd = openSync(file, 'w')
    const log = createLog({ level: 'debug', fd, now: Date.now, human: false })
    const house = await openHouse({ log })
    const secrets: string[] = [house.clientSecret, house.token]
    const made = await addGateway(house, { createCredential: true })
    const [credential] = embedded(made.answered.body, 'credentials')
    const token = String(credential?.['credential'])
    const { client, token: bearer } = await addAdministrator(house, 'viewer')
    const verifiers = `/v1/organizations/${house.organizationId}/verifiers`
    const enrolled = await house.ask('POST', verifiers, { body: { name: 'a' } })
    const [, enrolment = ''] = String(enrolled.body['enrolment']).split('.')
    const { secret } = JSON.parse(Buffer.from(enrolment, 'base64url').toString()) as {
      secret: string
    }
    secrets.push(token, client.clientSecret, bearer, enrolment, secret)
    const answers: Answered[] = [
      await house.ask('GET', made.path, { token }),
      await house.ask('GET', `${made.path}/${client.clientSecret}`),
      await house.ask('POST', made.path, { body: { name: token } }),
      await house.ask('PUT', made.path, { body: `{"name":"${token}` }),
      await askForToken(house.url, { ...client, clientSecret: `${client.clientSecret}x` }),
      await askForToken(house.url, { ...client, clientId: client.clientSecret }),
      await house.ask('GET', `/v1/environments?filter=${encodeURIComponent(token)}`),
    ]
    const metrics = await house.metrics.render()
    const rows = await house.store.read((db) => db.selectFrom('audit').selectAll().execute())
    await house.close()
    await log.close()
    closeSync(fd)
    const text = readFileSync(file, 'utf8')
    // Every error's id is in the log.
    for (const { body } of answers.filter(({ status }) => status >= 400)) {
      assert.ok(text.includes(String(body['id'])))
    }
    const said = [text, metrics, JSON.stringify(rows)].join('\n')
    for (const one of secrets) {
      const [part = '', , signature = ''] = one.split('.')
      assert.equal(said.includes(signature === '' ? part : signature), false)
    }
    assert.match(
      metrics,
      /warder_management_requests_total\{route="POST \/v1[^"]*",status="201"\} \d/,
    )
    rmSync(folder, { recursive: true })
  })
})
