import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { migrateStore } from '../../src/authority/database.ts'
import {
  addApiCredential,
  apiCredentialsPath,
  askForAccessToken,
  grantOf,
} from '../authority/api-clients.ts'
import { ask, embedded, openHouse } from '../authority/house.ts'
import { startPostgres, type PostgresServer } from './server.ts'

const server = await startPostgres()
if ('missing' in server) {
  test('API credentials on Postgres', { skip: `not run: ${server.missing}` }, () => undefined)
} else {
  describe('API credentials on Postgres', () => describeApiCredentials(server))
}

function describeApiCredentials(postgres: PostgresServer): void {
  after(() => postgres.stop())

  test('R5 R6 R9: two authorities together create three at the most, and what one ends the other refuses at once', async () => {
    const databaseUrl = await postgres.newDatabase()
    await migrateStore(databaseUrl)
    const dataFolder = mkdtempSync(join(tmpdir(), 'warder-two-'))
    const one = await openHouse({ databaseUrl, dataFolder })
    const two = await openHouse({ databaseUrl, dataFolder, settings: { publicUrl: one.url } })
    const path = apiCredentialsPath(one)
    const first = await addApiCredential(one)
    const create = (url: string) =>
      ask(url, 'POST', path, { token: one.token, body: { name: randomUUID() } })
    const made = await Promise.all(
      Array.from({ length: 16 }, (_, index) => create(index % 2 === 0 ? one.url : two.url)),
    )
    const statuses = made.map(({ status }) => status).filter((status) => status !== 400)
    assert.deepEqual(statuses, [201, 201])
    const { body } = await one.ask('GET', path)
    const listed = embedded(body, 'apiCredentials')
    assert.deepEqual(
      listed.map((each) => each['primary']),
      [true, false, false],
    )

    const buys = async (url: string, secret: string) =>
      (await askForAccessToken(url, grantOf({ ...first, clientSecret: secret }))).status
    for (let round = 0, secret = first.clientSecret; round < 5; round += 1) {
      const rotated = await ask(one.url, 'POST', `${first.path}/rotate`, { token: one.token })
      assert.equal(await buys(two.url, secret), 401)
      secret = String(rotated.body['clientSecret'])
      assert.equal(await buys(two.url, secret), 200)
      assert.equal(await buys(one.url, secret), 200)
    }
    const next = String(listed[1]?.['id'])
    const all = [first.path, `${path}/${next}`, `${path}/${String(listed[2]?.['id'])}`]
    await Promise.all(
      all.flatMap((each) =>
        [one, two].map(({ url }) => ask(url, 'POST', `${each}/primary`, { token: one.token })),
      ),
    )
    const marks = embedded((await two.ask('GET', path)).body, 'apiCredentials')
    assert.equal(marks.filter((each) => each['primary']).length, 1)
    await one.authority.close()
    await two.authority.close()
    await one.store.close()
    await two.store.close()
    rmSync(dataFolder, { recursive: true })
  })
}
