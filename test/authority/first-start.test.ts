import assert from 'node:assert/strict'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { ensureFirstStart } from '../../src/authority/first-start.ts'
import { AuthorityRefused } from '../../src/authority/settings.ts'
import { openStore } from '../../src/store/open.ts'
import type { Change } from '../../src/standing/change.ts'
import type { Store } from '../../src/store/store.ts'
import { systemClock } from '../../src/system/clock.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { addGateway, embedded, openHouse, settingsFor, claimsOf } from './house.ts'

const settings = settingsFor('http://127.0.0.1:7080')

async function start(store: Store, dataFolder: string) {
  const parts = { store, clock: systemClock, settings, dataFolder, keyEncryptionKey: undefined }
  return ensureFirstStart(parts)
}

async function countsOf(store: Store) {
  return store.read(async (db) => ({
    organizations: (await db.selectFrom('organizations').select('id').execute()).length,
    environments: (await db.selectFrom('environments').select('id').execute()).length,
    administrators: (await db.selectFrom('administrators').select('id').execute()).length,
    signingKeys: (await db.selectFrom('signingKeys').select('kid').execute()).length,
    feedKeys: (await db.selectFrom('feedKeys').select('kid').execute()).length,
    issuers: (await db.selectFrom('issuers').select('name').execute()).length,
  }))
}

const oneOfEach = {
  organizations: 1,
  environments: 1,
  administrators: 1,
  signingKeys: 1,
  feedKeys: 1,
  issuers: 1,
}

function open(t: TestContext) {
  const dataFolder = temporaryFolder(t)
  return { dataFolder, url: `sqlite:${join(dataFolder, 'warder.db')}` }
}

describe('first start', () => {
  test('it makes one of each, writes admin.json for its owner alone, and does nothing the second time', async (t) => {
    const { dataFolder, url } = open(t)
    const store = await openStore({ url })
    assert.equal((await start(store, dataFolder)).first, true)
    const path = join(dataFolder, 'admin.json')
    const admin = readFileSync(path, 'utf8')
    assert.equal(
      Object.keys(JSON.parse(admin) as object).join(' '),
      'authority organizationId environmentId clientId clientSecret',
    )
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal((await start(store, dataFolder)).first, false)
    assert.equal(readFileSync(path, 'utf8'), admin)
    assert.deepEqual(await countsOf(store), oneOfEach)
    const entered = await store.read((db) =>
      db.selectFrom('audit').select('action').orderBy('sequence').execute(),
    )
    assert.deepEqual(
      entered.map(({ action }) => action),
      [
        'issuer.create',
        'key.create',
        'key.create',
        'organization.create',
        'environment.create',
        'administrator.create',
      ],
    )
    await store.close()
  })

  test('folders are made for their owner alone', async (t) => {
    const { dataFolder, url } = open(t)
    const store = await openStore({ url })
    const folder = join(dataFolder, 'data')
    await start(store, folder)
    for (const made of [folder, join(folder, 'keys')]) {
      assert.equal(statSync(made).mode & 0o777, 0o700)
    }
    await store.close()
  })

  test('an audience that is new is made known under the same name', async (t) => {
    const { dataFolder, url } = open(t)
    const store = await openStore({ url })
    await start(store, dataFolder)
    const credentials = { ...settings.credentials, audience: 'https://other.example' }
    for (const _ of [1, 2]) {
      await ensureFirstStart({
        store,
        clock: systemClock,
        settings: { ...settings, credentials },
        dataFolder,
        keyEncryptionKey: undefined,
      })
    }
    const rows = await store.read((db) => db.selectFrom('issuers').select('audience').execute())
    assert.deepEqual(
      new Set(rows.map(({ audience }) => audience)),
      new Set([settings.credentials.audience, 'https://other.example']),
    )
    assert.equal(rows.length, 2)
    await store.close()
  })

  test('after a crash at any write, the next start ends with one of each and an admin.json that works', async (t) => {
    for (let crashAt = 1; crashAt <= 6; crashAt += 1) {
      for (const when of ['before', 'after'] as const) {
        const dataFolder = join(temporaryFolder(t), 'data')
        mkdirSync(dataFolder)
        const url = `sqlite:${join(dataFolder, 'warder.db')}`
        const store = await openStore({ url })
        await start(crashing(store, crashAt, when), dataFolder).catch(() => undefined)
        await store.close()
        const house = await openHouse({ dataFolder })
        assert.deepEqual(await countsOf(house.store), oneOfEach, `${when} ${crashAt}`)
        await house.close()
      }
    }
  })

  test('two processes that start on one empty database make one administrator', async (t) => {
    const { dataFolder, url } = open(t)
    const store = await openStore({ url })
    await Promise.all([start(store, dataFolder), start(store, dataFolder)]).catch(() => undefined)
    await start(store, dataFolder)
    assert.deepEqual(await countsOf(store), oneOfEach)
    await store.close()
    // It buys a token with what is in the file.
    await (await openHouse({ dataFolder })).close()
  })

  test('of two processes with keys of their own one sets the database up, and the other is refused', async (t) => {
    const { dataFolder, url } = open(t)
    const store = await openStore({ url })
    const folders = ['one', 'other'].map((name) => join(dataFolder, name))
    const started = await Promise.allSettled(folders.map((folder) => start(store, folder)))
    const refused = started.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
    assert.equal(refused.length, 1)
    assert.match(String(refused[0]), /AuthorityRefused: another process has set this database up/)
    assert.deepEqual(await countsOf(store), oneOfEach)
    await store.close()
  })

  test('an admin.json that is somebody else’s file is not overwritten', async (t) => {
    const { dataFolder, url } = open(t)
    writeFileSync(join(dataFolder, 'admin.json'), '{"mine":true}')
    const store = await openStore({ url })
    await assert.rejects(start(store, dataFolder), AuthorityRefused)
    assert.equal(readFileSync(join(dataFolder, 'admin.json'), 'utf8'), '{"mine":true}')
    await store.close()
  })

  test('a key under which secrets are kept that is damaged is named, and not made anew', async (t) => {
    const { dataFolder, url } = open(t)
    const store = await openStore({ url })
    await start(store, dataFolder)
    const [name = ''] = readdirSync(join(dataFolder, 'keys'))
    const path = join(dataFolder, 'keys', name)
    for (const damaged of ['', readFileSync(path, 'utf8').slice(0, -3)]) {
      writeFileSync(path, damaged)
      await assert.rejects(start(store, dataFolder), {
        name: 'AuthorityRefused',
        message: `${path} is no key encryption key, which is 32 bytes in base64url: restore it from a backup`,
      })
    }
    rmSync(path)
    await assert.rejects(start(store, dataFolder), /under which the database keeps its secrets/)
    assert.deepEqual(readdirSync(join(dataFolder, 'keys')), [])
    await store.close()
  })

  test('an audience that is that of administrators is refused', async (t) => {
    const { dataFolder, url } = open(t)
    const store = await openStore({ url })
    const audience = `${settings.publicUrl}/v1`
    const credentials = { ...settings.credentials, audience }
    await assert.rejects(
      ensureFirstStart({
        store,
        clock: systemClock,
        settings: { ...settings, credentials },
        dataFolder,
        keyEncryptionKey: undefined,
      }),
      AuthorityRefused,
    )
    await store.close()
  })
})

test('when the issuer is called otherwise, credentials under its former name go on counting, and end with their key', async () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'warder-renamed-'))
  await (await openHouse({ dataFolder })).close()
  const credentials = { ...settings.credentials, issuer: 'https://new.test', audience: 'new' }
  const house = await openHouse({ dataFolder, settings: { credentials } })
  const { promise, resolve } = Promise.withResolvers<readonly unknown[]>()
  const changes: Change[] = []
  house.authority.feed.follow({
    name: 'local',
    version: '1',
    onSnapshot: async ({ issuers }) => resolve(issuers),
    onChanges: async (some) => void changes.push(...some),
  })
  const issuers = (await promise) as readonly { name: string; gatewayAudiences: string[] }[]
  assert.deepEqual(
    issuers.map(({ name, gatewayAudiences }) => [name, gatewayAudiences]),
    [
      ['https://new.test', ['new']],
      ['https://warder.test', ['https://warder.test']],
    ],
  )
  const { answered } = await addGateway(house, { createCredential: true })
  const [made] = embedded(answered.body, 'credentials')
  assert.equal(claimsOf(made?.['credential'])['iss'], 'https://new.test')
  const keys = `/v1/organizations/${house.organizationId}/keys`
  const [old] = embedded((await house.ask('GET', keys)).body, 'keys')
  await house.ask('POST', keys)
  await house.ask('POST', `${keys}/${String(old?.['kid'])}/retire`)
  assert.deepEqual(
    changes.flatMap((change) => (change.kind === 'key-retired' ? [change.issuer] : [])),
    ['https://new.test', 'https://warder.test'],
  )
  await house.close()
  rmSync(dataFolder, { recursive: true })
})

/** A store on which the process ends before, or after, its nth write. */
function crashing(store: Store, nth: number, when: 'before' | 'after'): Store {
  let writes = 0
  return {
    ...store,
    async write(work) {
      writes += 1
      if (writes > nth || (writes === nth && when === 'before')) throw new Error('crashed')
      const value = await store.write(work)
      if (writes === nth) throw new Error('crashed')
      return value
    },
  }
}
