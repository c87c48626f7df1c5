import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { moveToPostgres, verifyAuditAt } from '../../src/authority/database.ts'
import { addGateway, embedded, openHouse } from '../authority/house.ts'
import { startPostgres, type PostgresServer } from './server.ts'

const server = await startPostgres()
if ('missing' in server) {
  test('moving to Postgres', { skip: `not run: ${server.missing}` }, () => undefined)
} else {
  describe('moving to Postgres', () => describeMoving(server))
}

function describeMoving(postgres: PostgresServer): void {
  after(() => postgres.stop())

  test('what was in SQLite is in Postgres: the same credentials, administrators and audit, and it goes on', async (t) => {
    const dataFolder = mkdtempSync(join(tmpdir(), 'warder-move-'))
    t.after(() => rmSync(dataFolder, { recursive: true }))
    const before = await openHouse({ dataFolder })
    const { path } = await addGateway(before, { createCredential: true })
    for (let made = 0; made < 250; made++) await addGateway(before)
    const [kept] = embedded((await before.ask('GET', `${path}/credentials`)).body, 'credentials')
    const file = join(dataFolder, 'warder.db')
    const databaseUrl = await postgres.newDatabase()
    await assert.rejects(moveToPostgres(file, databaseUrl), 'an authority has it open')
    await before.close()

    const moved = await moveToPostgres(file, databaseUrl)
    assert.equal(moved['gateways'], 251)
    assert.equal(moved['credentials'], 1)
    const verdict = await verifyAuditAt(databaseUrl)
    assert.deepEqual(verdict, await verifyAuditAt(`sqlite:${file}`))
    assert.equal(verdict.kind, 'whole')

    const house = await openHouse({ dataFolder, databaseUrl })
    t.after(() => house.close())
    assert.equal(house.clientId, before.clientId)
    const [same] = embedded((await house.ask('GET', `${path}/credentials`)).body, 'credentials')
    assert.equal(same?.['id'], kept?.['id'])
    const next = await house.ask('POST', `${path}/credentials`, { body: {} })
    assert.equal(next.status, 201)
    const gone = await house.ask('DELETE', `${path}/credentials/${String(kept?.['id'])}`)
    assert.equal(gone.status, 204)
    assert.equal((await verifyAuditAt(databaseUrl)).kind, 'whole')
    await assert.rejects(moveToPostgres(file, databaseUrl), /holds an installation already/)
  })
}
