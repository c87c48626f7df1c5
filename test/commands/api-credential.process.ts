import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { makePlace, type Place, type Serving } from './running.ts'

suite('API credentials on the command line', () => {
  let place: Place
  let serving: Serving
  const secrets: string[] = []

  before(async () => {
    place = await makePlace()
    serving = await place.serve()
  })
  after(async () => {
    await serving.end('SIGKILL')
    place.close()
  })

  const authority = (path: string) => `http://127.0.0.1:${place.ports.authority}${path}`
  const grant = (clientId: string, secret: string, audience: string) =>
    fetch(authority('/v2/oauth/token'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_id: clientId,
        client_secret: secret,
        grant_type: 'client_credentials',
        audience,
      }),
    })
  const testToken = async (token: string) =>
    (
      await fetch(authority('/v2/oauth/token/test'), {
        headers: { authorization: `Bearer ${token}` },
      })
    ).status

  test('one is added, its secret alone on standard output; it buys a token until it is deleted', async () => {
    const added = await place.run('api-credential add billing --scope read --scope write')
    const secret = added.out.trim()
    secrets.push(secret)
    assert.equal(added.code, 0, added.err)
    assert.match(added.out, /^warder_cs_[\w-]{49}\n$/)
    const [, clientId = '', audience = ''] =
      /^client ([0-9a-f]{32}) of audience (\S+); the secret, shown this once:\n$/.exec(added.err) ??
      []
    const bought = await grant(clientId, secret, audience)
    const { access_token: token, scope } = (await bought.json()) as Record<string, string>
    assert.deepEqual([bought.status, scope], [200, 'read write'])
    assert.equal(await testToken(token ?? ''), 200)

    // The only one is primary: another has to be before it can go.
    const kept = await place.run('api-credential delete billing')
    assert.equal(kept.code, 1)
    assert.match(kept.err, /CONSTRAINT_VIOLATION/)
    const other = await place.json('api-credential add reports')
    secrets.push(String(other['clientSecret']))
    assert.equal((await place.run('api-credential primary reports')).code, 0)
    const gone = await place.json('api-credential delete billing')
    assert.deepEqual([gone['applied'], gone['verifiers']], [1, 1])
    assert.equal((await grant(clientId, secret, audience)).status, 401)
    assert.equal(await testToken(token ?? ''), 401)
    assert.equal((await place.run('api-credential delete billing')).code, 1)
  })

  test('one is renamed, rotated and listed', async () => {
    await place.json('api-credential rename reports nightly')
    const once = await place.json('api-credential rotate nightly --overlap 60 --revoke-tokens')
    secrets.push(String(once['clientSecret']))
    assert.deepEqual([once['applied'], once['verifiers']], [1, 1])
    const listed = await place.run('api-credential list --json')
    const [only] = JSON.parse(listed.out) as Record<string, unknown>[]
    assert.deepEqual(
      [only?.['name'], only?.['primary'], only?.['previousSecretExpiresAt']],
      ['nightly', true, once['previousSecretExpiresAt']],
    )
    assert.equal(only?.['clientSecret'], undefined)
    assert.equal((await place.run('api-credential rotate nightly --overlap soon')).code, 2)
  })

  test('R10: no secret stands in any log, with everything logged', () => {
    assert.equal(secrets.length, 3)
    for (const secret of secrets) assert.ok(!serving.log().includes(secret))
  })
})
