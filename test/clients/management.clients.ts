import assert from 'node:assert/strict'
import { join } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { StoreUnavailable } from '../../src/store/errors.ts'
import type { Store } from '../../src/store/store.ts'
import { addGateway, openHouse, type Client } from '../authority/house.ts'
import { adminOf, makePlace, until, type Place } from '../commands/running.ts'
import { buildGo, type Check, type GoProgram } from './go-program.ts'

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
  await holdProcess(t, client)
  await holdInDoubt(t, client)
})

/** Warder as a process, at its best, and while its database is kept from writing. */
async function holdProcess(t: TestContext, client: GoProgram): Promise<void> {
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
}

/** An authority whose database takes a credential and is then away, so that nobody can tell. */
async function holdInDoubt(t: TestContext, client: GoProgram): Promise<void> {
  let isArmed = false
  const wrap = (store: Store): Store => ({
    ...store,
    async write(work) {
      const done = await store.write(work)
      const isMade = typeof done === 'object' && done !== null && 'shownOnce' in done
      if (!isArmed || !isMade) return done
      isArmed = false
      throw new StoreUnavailable('connection', 'unknown')
    },
  })
  const house = await openHouse({ wrap })
  t.after(house.close)
  const { id } = await addGateway(house)
  isArmed = true
  const env = { ...signInOf(house, new URL(house.url).host), WARDER_GATEWAY: id }
  await tell(t, await client.run('doubt', env))
  assert.equal(isArmed, false)
}

/** What the SDK is told, by the names that its users know. */
function signInOf(client: Client, host: string) {
  return {
    PINGONE_ENVIRONMENT_ID: client.environmentId,
    PINGONE_CLIENT_ID: client.clientId,
    PINGONE_CLIENT_SECRET: client.clientSecret,
    PINGONE_API_SERVICE_HOSTNAME: host,
    PINGONE_AUTH_SERVICE_HOSTNAME: host,
  }
}

/** What its checks of a process need. */
async function environmentOf(place: Place): Promise<Record<string, string>> {
  const { environmentId = '', clientId = '', clientSecret = '' } = adminOf(place)
  const viewer = await place.json('admin add viewer --role viewer')
  const { authority, http } = place.ports
  return {
    ...signInOf({ environmentId, clientId, clientSecret }, `127.0.0.1:${authority}`),
    VIEWER_CLIENT_ID: String(viewer['clientId']),
    VIEWER_CLIENT_SECRET: String(viewer['clientSecret']),
    WARDER_DOOR: `127.0.0.1:${http}`,
  }
}

async function tell(t: TestContext, checks: readonly Check[]): Promise<void> {
  for (const { title, problem } of checks) {
    await t.test(title, () => assert.equal(problem, undefined))
  }
}
