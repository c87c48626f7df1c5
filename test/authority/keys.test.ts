import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { AuthorityRefused } from '../../src/authority/settings.ts'
import { createRecorder } from './follower.ts'
import {
  addGateway,
  ask,
  buyToken,
  embedded,
  openHouse,
  refused,
  settingsFor,
  type House,
} from './house.ts'
import { addOrganization } from './organizations.ts'

const keysOf = (house: House) => `/v1/organizations/${house.organizationId}/keys`

async function kidOfNew(house: House): Promise<string> {
  const { path } = await addGateway(house)
  const { body } = await house.ask('POST', `${path}/credentials`)
  const [header = ''] = String(body['credential']).split('.')
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }
  return kid
}

describe('signing keys', () => {
  test('a new key is published before it signs, and signs once every verifier has it', async () => {
    const house = await openHouse({ settings: { revocationWaitMs: 50 } })
    const follower = createRecorder('local')
    const given = follower.next()
    house.authority.feed.follow(follower)
    await given
    const old = await kidOfNew(house)
    follower.hold()
    const told = follower.next()
    const rotated = await house.ask('POST', keysOf(house))
    assert.equal(rotated.status, 201)
    await told
    const kid = String(rotated.body['kid'])
    assert.equal(rotated.body['state'], 'next')
    assert.equal(follower.changes.at(-1)?.kind, 'key-added')
    const published = await ask(house.url, 'GET', '/.well-known/jwks.json')
    assert.deepEqual(
      new Set((published.body['keys'] ?? []).map((key) => key['kid'])),
      new Set([old, kid]),
    )
    assert.equal(await kidOfNew(house), old)
    follower.release()
    let state: unknown
    while (state !== 'active') {
      state = (await house.ask('GET', `${keysOf(house)}/${kid}`)).body['state']
    }
    assert.equal(await kidOfNew(house), kid)
    await house.close()
  })

  test('retiring a key ends its credentials and says how many; the last key that signs stays', async () => {
    const house = await openHouse()
    const follower = createRecorder('local')
    const given = follower.next()
    house.authority.feed.follow(follower)
    await given
    const old = await kidOfNew(house)
    const { path, answered } = await addGateway(house, { createCredential: true })
    const gone = await addGateway(house, { createCredential: true })
    await house.ask('DELETE', gone.path)
    const retire = (kid: string, token?: string) =>
      house.ask('POST', `${keysOf(house)}/${kid}/retire`, token === undefined ? {} : { token })
    refused(await retire(old), 400, 'INVALID_DATA', { code: 'CONSTRAINT_VIOLATION', target: 'kid' })
    const rotated = await house.ask('POST', keysOf(house), { body: { alg: 'EdDSA' } })
    assert.equal(rotated.body['state'], 'active')
    const retired = await retire(old)
    assert.equal(retired.status, 200, retired.text)
    assert.equal(retired.headers.get('warder-applied'), '1/1')
    assert.deepEqual([retired.body['state'], retired.body['endedCredentials']], ['retired', 2])
    const change = follower.changes.at(-1)
    assert.ok(change?.kind === 'key-retired' && change.kid === old)
    // The administrator's token was signed by that key, too.
    refused(await house.ask('GET', keysOf(house)), 401, 'ACCESS_FAILED')
    const token = await buyToken(house.url, house)
    const left = await house.ask('GET', `${path}/credentials`, { token })
    assert.equal(left.body['count'], 0)
    const credential = embedded(answered.body, 'credentials')[0]?.['id']
    const dead = `${path}/credentials/${String(credential)}`
    refused(await house.ask('DELETE', dead, { token }), 404, 'NOT_FOUND')
    const { body } = await house.ask('GET', keysOf(house), { token })
    assert.deepEqual(
      embedded(body, 'keys').map(({ state, liveCredentials }) => [state, liveCredentials]),
      [
        ['retired', 0],
        ['active', 0],
      ],
    )
    const again = await retire(old, token)
    assert.deepEqual([again.status, again.headers.get('warder-applied')], [200, '1/1'])
    const kept = await house.store.read((db) =>
      db.selectFrom('signingKeys').select('privateKey').where('kid', '=', old).executeTakeFirst(),
    )
    assert.equal(kept?.privateKey, null)
    await house.close()
  })

  test('a key that is retired before it signs never does', async () => {
    const house = await openHouse({ settings: { revocationWaitMs: 50 } })
    const follower = createRecorder('local')
    const given = follower.next()
    house.authority.feed.follow(follower)
    await given
    follower.hold()
    const { body } = await house.ask('POST', keysOf(house))
    const kid = String(body['kid'])
    assert.equal((await house.ask('POST', `${keysOf(house)}/${kid}/retire`)).status, 200)
    const third = await house.ask('POST', keysOf(house))
    follower.release()
    // The one that came after it is activated after it would have been.
    let state: unknown
    while (state !== 'active') {
      state = (await house.ask('GET', `${keysOf(house)}/${String(third.body['kid'])}`)).body[
        'state'
      ]
    }
    const retired = await house.ask('GET', `${keysOf(house)}/${kid}`)
    assert.deepEqual([retired.body['state'], retired.body['activatedAt']], ['retired', undefined])
    await house.close()
  })

  test('the only key that signs stays, whatever keys a restore has closed', async () => {
    const house = await openHouse()
    const old = await kidOfNew(house)
    const { body } = await house.ask('POST', keysOf(house))
    const kid = String(body['kid'])
    await house.store.write(({ db }) =>
      db.updateTable('signingKeys').set({ privateKey: null }).where('kid', '=', old).execute(),
    )
    const last = await house.ask('POST', `${keysOf(house)}/${kid}/retire`)
    refused(last, 400, 'INVALID_DATA', { code: 'CONSTRAINT_VIOLATION', target: 'kid' })
    assert.equal((await house.ask('POST', `${keysOf(house)}/${old}/retire`)).status, 200)
    const token = await buyToken(house.url, house)
    assert.equal((await house.ask('GET', `${keysOf(house)}/${kid}`, { token })).status, 200)
    await house.close()
  })

  test('keys are looked after by the organization that was there first', async () => {
    const house = await openHouse()
    const other = await addOrganization(house)
    const path = `/v1/organizations/${other.organizationId}/keys`
    const { token } = other
    refused(await house.ask('POST', path, { token }), 403, 'ACCESS_FAILED')
    const { body } = await house.ask('GET', path, { token })
    const kid = String(embedded(body, 'keys')[0]?.['kid'])
    refused(await house.ask('POST', `${path}/${kid}/retire`, { token }), 403, 'ACCESS_FAILED')
    await house.close()
  })

  test('RS256 keys have 3072 bits', async () => {
    const house = await openHouse({
      settings: { credentials: { ...settingsFor('').credentials, algorithm: 'RS256' } },
    })
    const { body } = await ask(house.url, 'GET', '/.well-known/jwks.json')
    const [key] = body['keys'] ?? []
    assert.equal(Buffer.from(String(key?.['n']), 'base64url').length, 384)
    await house.close()
  })

  test('private keys are in the database only as ciphertext, under a root with mode 0600', async () => {
    const house = await openHouse()
    const [row] = await house.store.read((db) => db.selectFrom('signingKeys').selectAll().execute())
    const [, ...rest] = row?.privateKey ?? []
    assert.equal(row?.privateKey?.[0], 1)
    assert.ok(rest.length > 100)
    // Every PKCS #8 key begins with this sequence.
    assert.equal(Buffer.from(rest).includes(Buffer.from('020100', 'hex')), false)
    const folder = join(house.dataFolder, 'keys')
    const [file = ''] = readdirSync(folder)
    assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600)
    await house.close()
  })

  test('a start without the root that the database names is refused, and goes on with it given by hand', async () => {
    const dataFolder = mkdtempSync(join(tmpdir(), 'warder-keys-'))
    const keyEncryptionKey = randomBytes(32).toString('base64url')
    const first = await openHouse({ dataFolder, keyEncryptionKey })
    const kid = await kidOfNew(first)
    await first.close()
    assert.deepEqual(readdirSync(dataFolder).includes('keys'), false)
    await assert.rejects(openHouse({ dataFolder }), AuthorityRefused)
    const second = await openHouse({ dataFolder, keyEncryptionKey })
    assert.equal(await kidOfNew(second), kid)
    await second.close()
    rmSync(dataFolder, { recursive: true })
  })
})
