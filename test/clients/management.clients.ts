import assert from 'node:assert/strict'
import { join } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { adminOf, makePlace, until, type Place } from '../commands/running.ts'
import { buildGo, type Check } from './go-program.ts'

// The management API as the PingOne SDK for Go sees it, version and checksum of which are in management/go.mod and
// go.sum. What is checked is in management/*.go: each check that the program prints becomes a test.

const isCi = (process.env['CI'] ?? '') !== ''

test('the PingOne SDK for Go', async (t) => {
  const client = buildGo(join(import.meta.dirname, 'management'))
  if ('notRun' in client) {
    const why = `not run: ${client.notRun}`
    if (isCi && !client.mayBe) assert.fail(why)
    console.log(why)
    return t.skip(why)
  }
  t.after(client.close)
  const place = await makePlace()
  t.after(place.close)
  const serving = await place.serve()
  t.after(() => serving.end('SIGKILL'))
  const env = await environmentOf(place)
  await tell(t, await client.run('checks', env))
  // Nobody else can write while somebody does.
  const database = new DatabaseSync(join(place.folder, 'data/warder.db'), { timeout: 5000 })
  t.after(() => database.close())
  database.exec('begin immediate')
  const patient = client.run('patience', env)
  await until(() => /"status":503.*"a request failed"/.test(serving.log()))
  database.exec('rollback')
  await tell(t, await patient)
})

/** What the SDK is told, by the names that its users know, and what its checks need besides. */
async function environmentOf(place: Place): Promise<Record<string, string>> {
  const { environmentId = '', clientId = '', clientSecret = '' } = adminOf(place)
  const viewer = await place.json('admin add viewer --role viewer')
  const host = `127.0.0.1:${place.ports.authority}`
  return {
    PINGONE_ENVIRONMENT_ID: environmentId,
    PINGONE_CLIENT_ID: clientId,
    PINGONE_CLIENT_SECRET: clientSecret,
    PINGONE_API_SERVICE_HOSTNAME: host,
    PINGONE_AUTH_SERVICE_HOSTNAME: host,
    VIEWER_CLIENT_ID: String(viewer['clientId']),
    VIEWER_CLIENT_SECRET: String(viewer['clientSecret']),
    WARDER_DOOR: `127.0.0.1:${place.ports.http}`,
  }
}

async function tell(t: TestContext, checks: readonly Check[]): Promise<void> {
  for (const { title, problem } of checks) {
    await t.test(title, () => assert.equal(problem, undefined))
  }
}
