import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { adminOf, makePlace, type Place, type Serving, type Tree } from './running.ts'

suite('explain', () => {
  let place: Place
  let serving: Serving
  /** An administrator called ci. */
  let ci: Record<string, string>

  before(async () => {
    place = await makePlace()
    // For everybody, so that it can be tried from another address too.
    serving = await place.serve(
      `serve --listen-ops 0.0.0.0:${place.ports.ops} --insecure-plaintext-listen true`,
    )
    const admin = await place.json('admin add ci --role environment-admin')
    ci = {
      WARDER_CLIENT_ID: String(admin['clientId']),
      WARDER_CLIENT_SECRET: String(admin['clientSecret']),
      WARDER_ENVIRONMENT: String(adminOf(place)['environmentId']),
    }
  })
  after(async () => {
    await serving.end('SIGKILL')
    place.close()
  })

  const addGateway = async (words: string) => {
    const { gateway, credential } = await place.json(`gateway add ${words}`)
    return {
      gatewayId: String(gateway?.['id']),
      id: String(credential?.['id']),
      token: String(credential?.['credential']),
    }
  }
  const viaVerifier = () => `--verifier http://127.0.0.1:${place.ports.ops}`
  const explain = (stdin: string, more = '') => place.json(`explain - ${more}`.trim(), { stdin })
  /** The status of a question, and the id of the decision. */
  const question = async (token: string) => {
    const original = { uri: '/', method: 'GET', host: 'app.example.test', scheme: 'https' }
    const headers = Object.entries(original).map(([name, value]) => [`x-original-${name}`, value])
    const answer = await fetch(`http://127.0.0.1:${place.ports.http}/auth/nginx`, {
      headers: { ...Object.fromEntries(headers), 'client-token': token },
    })
    return { status: answer.status, id: answer.headers.get('x-warder-decision-id') ?? '' }
  }

  test('a live credential passes every step, at the authority and at the verifier', async () => {
    const { token, id, gatewayId } = await addGateway('live')
    for (const more of ['', viaVerifier()]) {
      const explained = await explain(token, more)
      assert.deepEqual([explained['decision'], explained['reason']], ['allow', 'allowed'])
      assert.equal(typeof explained['revision'], 'number')
      assert.ok(stepsOf(explained).every((step) => step['result'] === 'passed'))
      const text = JSON.stringify(explained)
      assert.ok(text.includes(id) && text.includes(gatewayId))
      assert.ok(!text.includes(token.split('.')[2] ?? token), 'the signature is repeated')
    }
  })

  test('what was revoked is explained with who did it, when, and at which revision', async () => {
    const { token, id } = await addGateway('revoked')
    await place.json(`credential revoke ${id} --gateway revoked`, { env: ci })
    const explained = await explain(token)
    assert.deepEqual([explained['decision'], explained['reason']], ['deny', 'credential-revoked'])
    const { ended } = explained
    assert.equal(ended?.['by'], 'ci')
    const detail = `revoked a moment ago by ci at revision ${String(ended?.['revision'])}`
    assert.deepEqual(failedStep(explained), { step: 'revocation', result: 'failed', detail })

    writeFileSync(join(place.folder, 'revoked.token'), `${token}\n`)
    const { code, out, err } = await place.run('explain --file revoked.token')
    assert.deepEqual([code, err], [0, ''])
    assert.ok(out.startsWith(`deny: credential-revoked\n  ${detail}\n\n`), out)
    assert.ok(!out.includes(token.split('.')[2] ?? token))

    const known = await explain(token, viaVerifier())
    assert.deepEqual([known['reason'], known['ended']], ['credential-revoked', undefined])
  })

  test('a disabled gateway and a deleted one are told with who did it', async () => {
    const disabled = await addGateway('disabled')
    await place.json('gateway disable disabled', { env: ci })
    const deleted = await addGateway('deleted')
    await place.json('gateway delete deleted', { env: ci })
    for (const [token, reason, what] of [
      [disabled.token, 'gateway-disabled', 'its gateway was disabled'],
      [deleted.token, 'gateway-deleted', 'its gateway was deleted'],
    ] as const) {
      const explained = await explain(token)
      assert.equal(explained['reason'], reason)
      assert.match(failedStep(explained)?.['detail'] ?? '', new RegExp(`^${what} .* by ci at rev`))
    }
  })

  test('what proves nothing is explained up to the step that it fails at', async () => {
    const { token } = await addGateway('forged')
    const [head = '', payload = '', signature = ''] = token.split('.')
    const forged = [head, payload, signature.replace(/^./, (one) => (one === 'A' ? 'B' : 'A'))]
    for (const [stdin, step, reason] of [
      [forged.join('.'), 'signature', 'signature-invalid'],
      [`${head}.${payload}`, 'form', 'token-malformed'],
      ['nonsense', 'form', 'token-malformed'],
    ] as const) {
      for (const more of ['', viaVerifier()]) {
        const explained = await explain(stdin, more)
        assert.equal(explained['reason'], reason)
        assert.equal(failedStep(explained)?.['step'], step)
        assert.equal(stepsOf(explained).at(-1)?.['result'], 'not reached')
      }
    }
  })

  test('of a credential of another environment nothing is told but that it is not of this one', async () => {
    await place.json('environment add production')
    const { token, id } = await addGateway('there --environment production')
    await place.json(`credential revoke ${id} --environment production`)
    const explained = await explain(token)
    assert.equal(explained['reason'], 'environment-not-accepted')
    assert.equal(explained['ended'], undefined)
    const there = await explain(token, '--environment production')
    assert.equal(there['reason'], 'credential-revoked')
  })

  test('a refusal of late is explained by the id of its decision', async () => {
    const { token, id, gatewayId } = await addGateway('asked')
    await place.json(`credential revoke ${id} --gateway asked`)
    const { status, id: decision } = await question(token)
    assert.equal(status, 401)
    for (const more of ['', ` ${viaVerifier()}`]) {
      const explained = await place.json(`explain --decision ${decision}${more}`)
      const { reason, door, credentialId, gatewayId: of } = explained
      assert.deepEqual(
        [reason, door, credentialId, of],
        ['credential-revoked', 'nginx', id, gatewayId],
      )
      assert.equal(failedStep(explained)?.['step'], 'revocation')
      // The verifier does not know who it was.
      const by = more === '' ? 'first administrator' : undefined
      assert.equal(explained['ended']?.['by'], by)
    }
    const { out } = await place.run(`explain --decision ${decision}`)
    assert.match(out, /^deny: credential-revoked\n {2}revoked a moment ago by first administrator /)
    const vague = await place.run(`explain --decision ${decision} ${viaVerifier()}`)
    assert.match(vague.out, /^deny: credential-revoked\n {2}see docs\/reference\/reasons\.md\n/)
    const unknown = await place.run('explain --decision nobody-knows')
    assert.equal(unknown.code, 1)
    assert.match(unknown.err, /NOT_FOUND.*\n.*\n.*add --verifier/)
    const there = await place.run(`explain --decision nobody-knows ${viaVerifier()}`)
    assert.match(there.err, /answered 404: this verifier has not refused that of late/)
  })

  test('a token is not taken from the command line, and goes nowhere without TLS', async () => {
    const { token } = await addGateway('typed')
    const typed = await place.run(`explain ${token}`)
    assert.deepEqual([typed.code, typed.out], [2, ''])
    assert.match(typed.err, /pipe it in and write -/)
    assert.ok(!typed.err.includes(token))
    assert.equal((await place.run('explain')).code, 2)
    const plain = await place.run('explain - --verifier http://verifier.example:7090', {
      stdin: token,
    })
    assert.equal(plain.code, 1)
    assert.match(plain.err, /would travel without TLS/)
    const down = await place.run('explain - --verifier http://127.0.0.1:1', { stdin: token })
    assert.match(down.err, /no verifier answers at http:\/\/127\.0\.0\.1:1 /)
  })

  test('who may only read may not ask', async () => {
    const admin = await place.json('admin add reader --role viewer')
    const env = {
      ...ci,
      WARDER_CLIENT_ID: String(admin['clientId']),
      WARDER_CLIENT_SECRET: String(admin['clientSecret']),
    }
    const { code, err } = await place.run('explain -', { env, stdin: 'x' })
    assert.equal(code, 1)
    assert.match(err, /ACCESS_FAILED/)
  })

  test('a verifier explains to its own machine only, and only what is JSON', async (t) => {
    const local = `http://127.0.0.1:${place.ports.ops}/explain`
    assert.equal((await post(local, 'text/plain', '{"token":"x"}')).status, 400)
    assert.equal((await post(local, 'application/json', '{}')).status, 400)
    assert.equal((await post(local, 'application/json', 'x'.repeat(40_000))).status, 400)
    assert.equal((await fetch(local)).status, 405)
    const other = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal)
    if (!other) return t.skip('this machine has no address but its own')
    const away = `http://${other.address}:${place.ports.ops}/explain`
    assert.equal((await post(away, 'application/json', '{"token":"x"}')).status, 403)
  })

  test('no token stands in the log', () => {
    assert.ok(!/eyJ/.test(serving.log()))
  })
})

function stepsOf(explained: Tree): readonly Tree[] {
  return explained['steps'] as unknown as readonly Tree[]
}

function failedStep(explained: Tree): Tree | undefined {
  return stepsOf(explained).find((step) => step['result'] === 'failed')
}

function post(url: string, type: string, body: string): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { 'content-type': type }, body })
}
