import assert from 'node:assert/strict'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { adminOf, makePlace, until, type Place, type Serving } from './running.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const token = /^[\w-]+\.[\w-]+\.[\w-]+$/

suite('the first day', () => {
  let place: Place
  let serving: Serving
  /** Everything that nobody may ever read in a log. */
  const secrets: string[] = []

  const addGateway = async (name: string) => {
    const { gateway, credential } = await place.json(`gateway add ${name}`)
    assert.ok(gateway && credential)
    secrets.push(String(credential['credential']))
    return {
      id: String(gateway['id']),
      credentialId: String(credential['id']),
      token: String(credential['credential']),
    }
  }
  const addCredential = async (gateway: string, more = '') => {
    const made = await place.json(`credential add ${gateway}${more}`)
    secrets.push(String(made['credential']))
    return { id: String(made['id']), token: String(made['credential']), made }
  }

  before(async () => {
    place = await makePlace()
    serving = await place.serve()
    secrets.push(String(adminOf(place)['clientSecret']))
  })
  after(async () => {
    await serving.end('SIGKILL')
    place.close()
  })

  test('the first start leaves the administrator in admin.json, for this user alone', async () => {
    const admin = adminOf(place)
    const members = ['authority', 'organizationId', 'environmentId', 'clientId', 'clientSecret']
    assert.deepEqual(Object.keys(admin), members)
    assert.equal(admin['authority'], `http://127.0.0.1:${place.ports.authority}`)
    assert.equal(statSync(join(place.folder, 'data/admin.json')).mode & 0o777, 0o600)
    assert.deepEqual(await (await place.page('/readyz')).json(), { state: 'ready' })
  })

  test('a new credential stands alone on standard output, and is accepted', async () => {
    const { code, out, err } = await place.run('gateway add piped')
    assert.equal(code, 0)
    assert.match(out.trim(), token)
    secrets.push(out.trim())
    assert.match(err, /^gateway [\w-]+ is there; .*\ncredential [\w-]+, shown this once:\n$/)
    assert.equal(await place.ask(out.trim()), 200)
  })

  test('M15 M13: old and new credential count together, and the next question after a revocation is refused', async () => {
    const old = await addGateway('rotated')
    const next = await addCredential('rotated')
    assert.deepEqual(Object.keys(next.made), ['id', 'createdAt', 'credential'])
    assert.deepEqual(await Promise.all([place.ask(old.token), place.ask(next.token)]), [200, 200])

    const revoked = await place.json(`credential revoke ${old.credentialId}`)
    assert.deepEqual([await place.ask(old.token), await place.ask(next.token)], [401, 200])
    const { revokedAt, ...rest } = revoked
    assert.deepEqual(rest, { id: old.credentialId, applied: 1, verifiers: 1, ...warningOf(rest) })
    assert.ok(Math.abs(Date.parse(String(revokedAt)) - Date.now()) < 60_000)

    const again = await place.run(`credential revoke ${old.credentialId} --gateway rotated`)
    assert.deepEqual([again.code, again.out], [1, ''])
    assert.match(again.err, /^warder: NOT_FOUND: .*\n {2}.* it has ended already/)
    const unnamed = await place.run(`credential revoke ${old.credentialId}`)
    assert.equal(unnamed.code, 1)
    assert.match(unnamed.err, /has a live credential .*: it was revoked before/)
    assert.equal(await place.ask(next.token), 200)
  })

  test('a credential is revoked by the file that holds it, or from standard input', async () => {
    const { token: first } = await addGateway('leaked')
    const { token: second } = await addCredential('leaked')
    writeFileSync(join(place.folder, 'leaked.token'), `${first}\n`)
    assert.equal((await place.run('credential revoke --file leaked.token')).code, 0)
    const piped = await place.run('credential revoke --file -', { stdin: second })
    assert.equal(piped.code, 0)
    assert.match(piped.err, /applied by 1 of 1 verifiers/)
    assert.deepEqual([await place.ask(first), await place.ask(second)], [401, 401])
  })

  test('M21: a disabled gateway is refused, and accepted once it is enabled again', async () => {
    const gateway = await addGateway('paused')
    assert.equal(await place.ask(gateway.token), 200)
    const disabled = await place.run('gateway disable paused')
    assert.match(disabled.err, /applied by 1 of 1 verifiers/)
    assert.equal(await place.ask(gateway.token), 401)
    const enabled = await place.json(`gateway enable ${gateway.id}`)
    assert.deepEqual([enabled['id'], enabled['enabled']], [gateway.id, true])
    assert.equal(await place.ask(gateway.token), 200)
  })

  test('an update changes what it names and nothing else', async () => {
    const gateway = await addGateway('described')
    await place.run('gateway update described --description Frankfurt')
    await place.run('gateway disable described')
    const renamed = await place.json('gateway update described --name renamed')
    const { name, description, enabled } = renamed
    assert.deepEqual([name, description, enabled], ['renamed', 'Frankfurt', false])
    assert.equal(await place.ask(gateway.token), 401)
    assert.equal((await place.run('gateway update renamed')).code, 2)
  })

  test('M5: a deleted gateway is gone, and its credentials are refused', async () => {
    const gateway = await addGateway('closed')
    assert.equal(await place.ask(gateway.token), 200)
    assert.deepEqual(await place.json('gateway delete closed'), {
      id: gateway.id,
      applied: 1,
      verifiers: 1,
    })
    assert.equal(await place.ask(gateway.token), 401)
    const [byId, byName, credentials] = await Promise.all(
      [`gateway show ${gateway.id}`, 'gateway show closed', `credential list ${gateway.id}`].map(
        (words) => place.run(words),
      ),
    )
    assert.match(byId?.err ?? '', /NOT_FOUND/)
    assert.match(byName?.err ?? '', /there is no gateway of that name/)
    assert.match(credentials?.err ?? '', /NOT_FOUND/)
    assert.deepEqual([byId?.code, byName?.code, credentials?.code], [1, 1, 1])
  })

  test('M14: the time of use appears after a use, never goes back, and never appears for a refused credential', async () => {
    await addGateway('used')
    const [used, refused] = [await addCredential('used'), await addCredential('used')]
    const timesOf = async () => {
      const list = (await place.json('credential list used')) as unknown as readonly Record<
        string,
        string
      >[]
      return new Map(list.map((each) => [each['id'], each['lastUsedAt']]))
    }
    assert.deepEqual([...(await timesOf()).values()], [undefined, undefined, undefined])
    const broken = refused.token.replace(/.{8}$/, 'AAAAAAAA')
    assert.equal(await place.ask(broken), 401)
    assert.equal(await place.ask(used.token), 200)
    await until(async () => (await timesOf()).get(used.id) !== undefined)
    const first = (await timesOf()).get(used.id) ?? ''
    assert.ok(Math.abs(Date.parse(first) - Date.now()) < 60_000)
    // It is kept to the second, so a use right after the first one may leave it where it is.
    await until(async () => {
      assert.equal(await place.ask(used.token), 200)
      const now = (await timesOf()).get(used.id) ?? ''
      assert.ok(now >= first, 'it went back')
      return now > first
    })
    assert.equal((await timesOf()).get(refused.id), undefined)
  })

  test('M23: a credential that was tampered with, or has no signature, is refused', async () => {
    const { token: whole } = await addGateway('forged')
    const [head = '', payload = '', signature = ''] = whole.split('.')
    const none = Buffer.from('{"alg":"none","typ":"gateway-credential+jwt"}').toString('base64url')
    const other = Buffer.from(payload, 'base64url')
      .toString()
      .replace(/"gatewayId":"[^"]+"/, '"gatewayId":"another"')
    const forged = [
      [head, payload, signature.replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A'))],
      [head, Buffer.from(other).toString('base64url'), signature],
      [none, payload, ''],
    ].map((parts) => parts.join('.'))
    const statuses = await Promise.all(forged.map((each) => place.ask(each)))
    assert.deepEqual(statuses, [401, 401, 401])
    assert.equal(await place.ask(whole), 200)
  })

  test('nothing of one environment is seen in another', async () => {
    const production = await place.json('environment add production')
    assert.match(String(production['id']), uuid)
    await addGateway('here')
    const there = await place.json('gateway add there --environment production')
    secrets.push(String(there['credential']?.['credential']))
    const names = async (more: string) =>
      ((await place.json(`gateway list${more}`)) as unknown as readonly Record<string, string>[])
        .map(({ name }) => name)
        .toSorted((one, other) => String(one).localeCompare(String(other)))
    assert.deepEqual(await names(' --environment production'), ['there'])
    assert.ok(!(await names('')).includes('there'))
    const id = String(there['credential']?.['id'])
    assert.equal((await place.run(`credential revoke ${id}`)).code, 1)
    assert.equal((await place.run(`gateway show ${String(there['gateway']?.['id'])}`)).code, 1)
    const stdin = String(there['credential']?.['credential'])
    const elsewhere = await place.run('credential revoke --file -', { stdin })
    assert.match(elsewhere.err, /of another environment: add --environment/)
    const unknown = await place.run('gateway list --environment nowhere')
    assert.match(unknown.err, /there is no environment of that name/)
  })

  test('administrators have the role that they were given, and end when they are revoked', async () => {
    const admin = await place.json('admin add auditor --role viewer')
    assert.deepEqual(Object.keys(admin), ['id', 'clientId', 'clientSecret'])
    secrets.push(String(admin['clientSecret']))
    const env = {
      WARDER_URL: `http://127.0.0.1:${place.ports.authority}`,
      WARDER_CLIENT_ID: String(admin['clientId']),
      WARDER_CLIENT_SECRET: String(admin['clientSecret']),
      WARDER_ENVIRONMENT: String(adminOf(place)['environmentId']),
      // What the variables say is enough: there is nothing here.
      WARDER_DATA: 'nowhere',
    }
    assert.ok(Array.isArray(await place.json('gateway list', { env })))
    const refused = await place.run('gateway add mine', { env })
    assert.equal(refused.code, 1)
    assert.match(refused.err, /^warder: ACCESS_FAILED: .*\n {2}this needs a role/)
    assert.equal((await place.run(`admin revoke ${String(admin['id'])}`)).code, 0)
    const ended = await place.run('gateway list', { env })
    assert.equal(ended.code, 1)
    assert.match(ended.err, /the client of WARDER_CLIENT_ID may not sign in here/)
    assert.ok(!(refused.err + ended.err).includes(env.WARDER_CLIENT_SECRET))
  })

  test('enrolments and the fleet have the shapes that scripts rely on', async () => {
    const enrolled = await place.json('verifier enrol edge-1')
    assert.deepEqual(Object.keys(enrolled), ['id', 'enrolment'])
    assert.match(String(enrolled['enrolment']), /^wv1\.[\w-]+$/)
    secrets.push(String(enrolled['enrolment']))
    const [fleet, list] = (await Promise.all([
      place.json('fleet'),
      place.json('verifier list'),
    ])) as unknown as readonly (readonly Record<string, unknown>[])[]
    const serve = fleet?.find(({ name }) => name === 'serve')
    assert.equal(typeof serve?.['revision'], 'number')
    assert.equal(serve?.['freshness'], 'fresh')
    assert.deepEqual(
      list?.map(({ name }) => name),
      ['edge-1'],
    )
    const { out } = await place.run('verifier list')
    assert.match(out, /edge-1 +[\da-f-]{36} +/, 'its environments are no JSON')
    assert.equal((await place.run(`verifier revoke ${String(enrolled['id'])}`)).code, 0)
    assert.deepEqual(await place.json('verifier list'), [])
  })

  test('the feed gets another key, and the one of before can be retired', async () => {
    const [first] = (await place.json('key list --feed')) as unknown as readonly { kid: string }[]
    const rotated = await place.json('key rotate --feed')
    assert.deepEqual([rotated['alg'], rotated['state']], ['EdDSA', 'active'])
    assert.equal((await place.run(`key retire ${String(rotated['kid'])} --feed --yes`)).code, 1)
    const retired = await place.json(`key retire ${first?.kid} --feed --yes`)
    assert.deepEqual([retired['state'], retired['applied']], ['retired', 1])
  })

  test('a new key signs at once, and what a retired one has signed is refused', async () => {
    const gateway = await addGateway('keyed')
    const keys = (await place.json('key list')) as unknown as readonly Record<string, unknown>[]
    const kid = String(keys[0]?.['kid'])
    const rotated = await place.json('key rotate')
    assert.deepEqual([rotated['alg'], rotated['state']], ['ES256', 'active'])
    const next = await addCredential('keyed')
    assert.deepEqual([await place.ask(gateway.token), await place.ask(next.token)], [200, 200])
    const unsure = await place.run(`key retire ${kid}`)
    assert.deepEqual([unsure.code, unsure.out], [1, ''])
    assert.match(unsure.err, /^warder: the key .* \d+ live credentials end with it; add --yes/)
    assert.deepEqual([await place.ask(gateway.token), await place.ask(next.token)], [200, 200])
    const retired = await place.json(`key retire ${kid} --yes`)
    assert.equal(retired['state'], 'retired')
    assert.ok(Number(retired['endedCredentials']) > 0)
    assert.deepEqual([await place.ask(gateway.token), await place.ask(next.token)], [401, 200])
  })

  test('errors of the API come with code, message, details and a reason', async () => {
    const { code, out, err } = await place.run('gateway add bad*name')
    assert.deepEqual([code, out], [1, ''])
    assert.match(err, /^warder: INVALID_DATA: name: .* \(INVALID_VALUE\)\n$/)
    await place.json('gateway add twice')
    const twice = await place.run('gateway add twice')
    assert.deepEqual([twice.code, twice.out], [1, ''])
    assert.match(twice.err, /\(UNIQUENESS_VIOLATION\)\n {2}"warder credential add twice" adds/)
  })

  test('the audit is listed with filters, and proven while the authority runs', async () => {
    const entries = (await place.json(
      'audit list --action credential.revoke --limit 2',
    )) as unknown as readonly Record<string, unknown>[]
    assert.equal(entries.length, 2)
    assert.ok(entries.every(({ action }) => action === 'credential.revoke'))
    const { out } = await place.run('audit list --action credential.revoke --limit 2')
    assert.match(out, / {2}first administrator +credential\.revoke /)
    const verdict = await place.json('audit verify')
    assert.equal(verdict['kind'], 'whole')
    assert.ok(Number(verdict['entries']) > entries.length)
  })

  test('no credential and no secret stands in any log', () => {
    const log = serving.log()
    assert.ok(secrets.length > 10)
    for (const secret of secrets) {
      assert.ok(!log.includes(secret), 'a secret was logged')
      assert.ok(!log.includes(secret.split('.').at(-1) ?? secret), 'a part of a secret was logged')
    }
  })
})

function warningOf(answer: Record<string, unknown>) {
  return 'warning' in answer ? { warning: 'only-credential-in-use' } : {}
}
