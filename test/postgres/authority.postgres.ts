import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { migrateStore, verifyAuditAt } from '../../src/authority/database.ts'
import { createRecorder } from '../authority/follower.ts'
import { addGateway, ask, askForToken, buyToken, embedded, openHouse } from '../authority/house.ts'
import { startPostgres, type PostgresServer } from './server.ts'

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

const server = await startPostgres()
if ('missing' in server) {
  test('the authority on Postgres', { skip: `not run: ${server.missing}` }, () => undefined)
} else {
  describe('the authority on Postgres', () => describeAuthority(server))
}

function describeAuthority(postgres: PostgresServer): void {
  after(() => postgres.stop())

  test('what Postgres cannot hold is refused as what is not there', async () => {
    const databaseUrl = await postgres.newDatabase()
    await migrateStore(databaseUrl)
    const house = await openHouse({ databaseUrl })
    const sold = await askForToken(house.url, { ...house, environmentId: '%00' })
    assert.deepEqual([sold.status, sold.body['error']], [401, 'invalid_client'])
    const head = { alg: 'ES256', typ: 'gateway-credential+jwt', kid: 'a\0b' }
    const claims = { iss: house.settings.credentials.issuer, jti: randomUUID() }
    const token = `${encode(head)}.${encode(claims)}.${'A'.repeat(86)}`
    const path = `/v1/environments/${house.environmentId}/explain`
    const explained = await house.ask('POST', path, { body: { token } })
    assert.deepEqual([explained.status, explained.body['decision']], [200, 'deny'], explained.text)
    await house.close()
  })

  test('two authorities on one database: what one issues the other revokes, keys and administrators are shared', async () => {
    const databaseUrl = await postgres.newDatabase()
    await migrateStore(databaseUrl)
    const dataFolder = mkdtempSync(join(tmpdir(), 'warder-two-'))
    const one = await openHouse({ databaseUrl, dataFolder })
    const settings = { publicUrl: one.url }
    const two = await openHouse({ databaseUrl, dataFolder, settings })
    const follower = createRecorder('local')
    const given = follower.next()
    one.authority.feed.follow(follower)
    await given

    const { path, answered } = await addGateway(one, { createCredential: true })
    const [credential] = embedded(answered.body, 'credentials')
    assert.equal((await two.ask('GET', path)).status, 200)
    const told = follower.next()
    const deleted = await two.ask('DELETE', `${path}/credentials/${String(credential?.['id'])}`)
    assert.equal(deleted.status, 204)
    await told
    assert.equal(follower.changes.at(-1)?.kind, 'credential-revoked')

    // The cap holds over both.
    const create = (url: string) => ask(url, 'POST', `${path}/credentials`, { token: one.token })
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => create(index % 2 === 0 ? one.url : two.url)),
    )
    assert.equal(answers.filter(({ status }) => status === 201).length, 5)
    assert.equal((await one.ask('GET', `${path}/credentials`)).body['count'], 5)

    // A key that one has brought in verifies at the other.
    const keys = `/v1/organizations/${one.organizationId}/keys`
    const rotated = await one.ask('POST', keys)
    assert.equal(rotated.body['state'], 'active')
    const [old] = embedded((await one.ask('GET', keys)).body, 'keys')
    const token = await buyToken(one.url, one)
    while ((await ask(two.url, 'GET', keys, { token })).status !== 200);
    const retired = await ask(two.url, 'POST', `${keys}/${String(old?.['kid'])}/retire`, { token })
    assert.equal(retired.body['endedCredentials'], 5)
    assert.equal((await ask(one.url, 'POST', `${path}/credentials`, { token })).status, 201)

    await one.authority.recordUsage([
      { jti: crypto.randomUUID(), at: Date.now(), count: 1, source: 'x' },
    ])
    const names = await one.ask('GET', `/v1/environments?filter=name eq "default"`, { token })
    assert.equal(names.body['count'], 1)
    const audit = await ask(one.url, 'GET', `/v1/organizations/${one.organizationId}/audit`, {
      token,
    })
    assert.ok(embedded(audit.body, 'entries').length > 10)
    await one.authority.close()
    await two.authority.close()
    await one.store.close()
    await two.store.close()
    assert.equal((await verifyAuditAt(databaseUrl)).kind, 'whole')
    rmSync(dataFolder, { recursive: true })
  })

  test('use is noted and idempotency keys hold as on SQLite', async () => {
    const databaseUrl = await postgres.newDatabase()
    await migrateStore(databaseUrl)
    const house = await openHouse({ databaseUrl })
    const { path } = await addGateway(house)
    const headers = { 'idempotency-key': 'once' }
    const create = () => house.ask('POST', `${path}/credentials`, { headers })
    const answers = await Promise.all(Array.from({ length: 6 }, create))
    assert.equal(new Set(answers.map(({ body }) => body['id'])).size, 1)
    const jti = String(answers[0]?.body['id'])
    const at = Math.floor(Date.now() / 1000) * 1000 - 5000
    for (const [when, count] of [
      [at, 2],
      [at - 1000, 1],
    ] as const) {
      await house.authority.recordUsage([{ jti, at: when, count, source: '192.0.2.1' }])
    }
    const { body } = await house.ask('GET', `${path}/credentials/${jti}`)
    const lastUsedAt = new Date(at).toISOString()
    assert.deepEqual(
      [body['lastUsedAt'], body['uses'], body['sources']],
      [lastUsedAt, 3, [{ source: '192.0.2.1', lastUsedAt, uses: 3 }]],
    )
    await house.close()
  })
}
