import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { clientAudience, clientClaims, gatewayClaims, signToken } from './issuer.ts'
import {
  clientEntry,
  forwardHook,
  gatewayDoor,
  nginxHook,
  runVerifier,
  statusOf,
  trustEntry,
} from './running.ts'
import { ask, exchange, header, request } from './wire.ts'

/** One whose doors take bearers: `/auth/nginx` the gateway's, `/auth/forward` the client's beside the gateway's. */

const { carrier } = gatewayDoor
const bearerDoor = { ...gatewayDoor, carrier: { ...carrier, kind: 'bearer' } } as const
const usual = await runVerifier()
const bearers = await runVerifier({
  settings: { doors: { nginx: bearerDoor, forward: { ...gatewayDoor, require: 'both' } } },
  trust: (folder) => [trustEntry(folder), clientEntry(folder)],
})
after(async () => {
  await Promise.all([usual.stop(), bearers.stop()])
})

const nginx = (...headers: readonly string[]) => nginxHook(undefined, ...headers)
const bearer = (...headers: readonly string[]) => statusOf(bearers.place, nginx(...headers))

const original = (target: string) =>
  request(
    'GET /auth/nginx HTTP/1.1',
    'Host: warder.internal',
    `CLIENT-TOKEN: ${usual.token()}`,
    `X-Original-URI: ${target}`,
    'X-Original-Method: GET',
    'X-Original-Host: app.example.test',
    'X-Original-Scheme: http',
  )
const withQuery = (hook: string, query: string) =>
  hook.replace('/auth/nginx ', `/auth/nginx?${query} `)
const client = (changes = {}) => signToken(bearers.key, clientClaims(changes))
const both = (token: string | undefined, ...lines: readonly string[]) =>
  ask(bearers.place, forwardHook(token, ...lines))

describe('the header of a gateway’s credential', () => {
  test('is found under each accepted name, in any letter case, with spaces around it', async () => {
    const token = usual.token()
    for (const line of [
      `CLIENT-TOKEN: ${token}`,
      `client-token: ${token}`,
      `Client-Token:${token}`,
      `cLiEnT-tOkEn: \t ${token} \t `,
      `PDG-TOKEN: ${token}`,
      `pdg-token: ${token}`,
    ]) {
      assert.equal(await statusOf(usual.place, nginx(line)), 200, line.slice(0, 20))
    }
  })

  test('refuses two copies, whichever of them is good', async () => {
    const good = usual.token()
    const bad = usual.token({ exp: 1 })
    for (const lines of [
      [`CLIENT-TOKEN: ${good}`, `CLIENT-TOKEN: ${good}`],
      [`CLIENT-TOKEN: ${good}`, `client-token: ${bad}`],
      [`CLIENT-TOKEN: ${bad}`, `CLIENT-TOKEN: ${good}`],
      [`CLIENT-TOKEN: ${good}`, `PDG-TOKEN: ${good}`],
      [`CLIENT-TOKEN: ${good}`, `PDG-TOKEN: ${usual.token()}`],
      [`PDG-TOKEN: client-made`, `CLIENT-TOKEN: ${good}`],
      ['CLIENT-TOKEN:', `CLIENT-TOKEN: ${good}`],
      [`CLIENT-TOKEN: ${good}`, 'PDG-TOKEN:'],
      [`CLIENT-TOKEN: ${good},${good}`],
      [`CLIENT-TOKEN: ${good}, ${bad}`],
      [`CLIENT-TOKEN: ${good},`],
      [`CLIENT-TOKEN: ,${good}`],
    ]) {
      for (const hook of [nginx(...lines), forwardHook(undefined, ...lines)]) {
        const answer = await ask(usual.place, hook)
        assert.equal(answer.status, 401)
        assert.equal(header(answer, 'www-authenticate'), 'Bearer error="invalid_token"')
      }
    }
  })

  test('is none under a name that only looks alike', async () => {
    const token = usual.token()
    for (const name of [
      'CLIENT_TOKEN',
      'CLIENT.TOKEN',
      'CLIENTTOKEN',
      'X-CLIENT-TOKEN',
      'CLIENT-TOKEN2',
      'PDG_TOKEN',
      'Authorization',
      'Proxy-Authorization',
    ]) {
      const answer = await ask(usual.place, nginx(`${name}: ${token}`))
      assert.equal(answer.status, 401, name)
      assert.equal(header(answer, 'www-authenticate'), 'Bearer', name)
    }
  })

  test('beside an alias with an underscore counts as it is', async () => {
    assert.equal(await statusOf(usual.place, nginxHook(usual.token(), 'client_token: u')), 200)
  })

  test('is refused with anything around or inside of the token', async () => {
    const token = usual.token()
    const [head = '', payload = '', signature = ''] = token.split('.')
    for (const value of [
      `Bearer ${token}`,
      `bearer ${token}`,
      `"${token}"`,
      `${token};`,
      `${token} ${token}`,
      `${head}.${payload}. ${signature}`,
      `${head}.${payload}.${signature}==`,
      `${head}.${payload}.${signature}\xe9`,
      `\xef\xbb\xbf${token}`,
      `${token}\t.`,
      `${token}.`,
      `${head}.${payload}`,
      'x',
      '.',
      '..',
      '...',
      'null',
    ]) {
      assert.equal(await statusOf(usual.place, nginx(`CLIENT-TOKEN: ${value}`)), 401)
    }
  })

  test('of control characters ends the connection with 400', async () => {
    const token = usual.token()
    for (const value of [
      `${token}\0`,
      `\0${token}`,
      `${token}\rX`,
      `${token}\x01`,
      `${token}\x7f`,
    ]) {
      const { answers, closed } = await exchange(usual.place, nginx(`CLIENT-TOKEN: ${value}`), 2)
      assert.deepEqual([answers.map(({ status }) => status), closed], [[400], true])
    }
  })

  test('folded over two lines is never a credential', async () => {
    const [head = '', payload = '', signature = ''] = usual.token().split('.')
    const folded = nginx(`CLIENT-TOKEN: ${head}.${payload}.`, ` ${signature}`)
    const { answers } = await exchange(usual.place, folded)
    assert.notEqual(answers[0]?.status, 200)
  })

  test('of 60 kB is refused, and one beyond the limit of a head is 431', async () => {
    assert.equal(await statusOf(usual.place, nginx(`CLIENT-TOKEN: ${'a'.repeat(60_000)}`)), 401)
    assert.equal(await statusOf(usual.place, nginx(`CLIENT-TOKEN: ${'.'.repeat(60_000)}`)), 401)
    const answer = await ask(usual.place, nginx(`CLIENT-TOKEN: ${'.'.repeat(100_000)}`))
    assert.equal(answer.status, 431)
  })
})

describe('a credential in the wrong place', () => {
  test('in the original query is refused, a good one in the header or not', async () => {
    const other = usual.token()
    for (const query of [
      `CLIENT-TOKEN=${other}`,
      `client-token=${other}`,
      `a=b&Client-Token=${other}`,
      `a=b;pdg-token=${other}`,
      `CLIENT%2DTOKEN=${other}`,
      `%43lient-token=${other}`,
      'CLIENT-TOKEN',
      'CLIENT-TOKEN=',
      'x?CLIENT-TOKEN=1&PDG-TOKEN=2',
    ]) {
      assert.equal(await statusOf(usual.place, original(`/app?${query}`)), 401, query)
    }
  })

  test('is none where a name only stands in a value, a path or another name', async () => {
    for (const target of [
      '/app?q=CLIENT-TOKEN',
      '/CLIENT-TOKEN?q=1',
      '/app?my-CLIENT-TOKEN=1',
      '/app?CLIENT-TOKENS=1',
      '/app?%zz=1',
      '/app?',
    ]) {
      assert.equal(await statusOf(usual.place, original(target)), 200, target)
    }
  })

  test('in a cookie is refused, in one line or several, however they were joined', async () => {
    const token = usual.token()
    const other = usual.token()
    for (const cookies of [
      [`Cookie: CLIENT-TOKEN=${other}`],
      [`Cookie: a=1; client-token=${other}`],
      ['Cookie: a=1', `Cookie: PDG-TOKEN=${other}`],
      [`Cookie: a=1, PDG-TOKEN=${other}`],
      [`cookie: a=1;CLIENT%2dTOKEN=${other}; b=2`],
    ]) {
      assert.equal(await statusOf(usual.place, nginxHook(token, ...cookies)), 401)
      assert.equal(await statusOf(usual.place, nginx(...cookies)), 401)
    }
    const harmless = ['Cookie: a=CLIENT-TOKEN; session=x', 'Cookie: b=2']
    assert.equal(await statusOf(usual.place, nginxHook(token, ...harmless)), 200)
  })

  test('on the hook’s own query counts for nothing', async () => {
    const token = usual.token()
    const answer = await ask(usual.place, withQuery(nginx(), `CLIENT-TOKEN=${token}`))
    assert.deepEqual([answer.status, header(answer, 'www-authenticate')], [401, 'Bearer'])
    assert.equal(
      await statusOf(usual.place, withQuery(nginxHook(token), 'q=1&CLIENT-TOKEN=x')),
      200,
    )
  })

  test('in a body is never looked at', async () => {
    const body = `CLIENT-TOKEN=${usual.token()}`
    const hook = nginx(
      `Content-Length: ${body.length}`,
      'Content-Type: application/x-www-form-urlencoded',
    ).replace('GET', 'POST')
    assert.equal(await statusOf(usual.place, `${hook}${body}`), 401)
  })
})

describe('a bearer', () => {
  test('is read in any letter case of its scheme, with one space or more', async () => {
    const token = bearers.token()
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR']) {
      assert.equal(await bearer(`Authorization: ${scheme} ${token}`), 200)
    }
    assert.equal(await bearer(`authorization: Bearer   ${token}`), 200)
  })

  test('is refused where the scheme, the space or the token is not as it should be', async () => {
    const token = bearers.token()
    for (const value of [
      `Basic ${token}`,
      `Basic ${Buffer.from(`x:${token}`).toString('base64')}`,
      `Bearer${token}`,
      `Bearer\t${token}`,
      `Bearer ${token} ${token}`,
      `Bearer ${token}, Bearer ${token}`,
      `Bearer ${token},Basic eA==`,
      `Bearer token=${token}`,
      `Bearer "${token}"`,
      'Bearer',
      'Bearer ',
      token,
      `Bearer ${token}\xa0`,
      `Bearer \xa0${token}`,
      `\xa0Bearer ${token}`,
    ]) {
      assert.equal(await bearer(`Authorization: ${value}`), 401, value.slice(0, 12))
    }
  })

  test('in two lines is refused, whichever of them is good', async () => {
    const good = `Authorization: Bearer ${bearers.token()}`
    for (const other of [
      good,
      'Authorization: Bearer one',
      'authorization: Basic eA==',
      'Authorization:',
    ]) {
      assert.equal(await bearer(good, other), 401)
      assert.equal(await bearer(other, good), 401)
    }
  })

  test('door does not read the header of its own that it was not set to', async () => {
    const answer = await ask(bearers.place, nginxHook(bearers.token()))
    assert.deepEqual([answer.status, header(answer, 'www-authenticate')], [401, 'Bearer'])
  })
})

describe('a door that asks for gateway and client', () => {
  test('allows both together and names both', async () => {
    const answer = await both(bearers.token(), `Authorization: Bearer ${client()}`)
    assert.equal(answer.status, 200)
    assert.equal(header(answer, 'x-warder-gateway-id'), 'gateway-1')
    assert.equal(header(answer, 'x-warder-subject'), 'client-1')
    assert.equal(header(answer, 'x-warder-scope'), 'read write')
  })

  test('refuses one without the other, or each in the other’s place', async () => {
    const gateway = bearers.token()
    for (const [token, line] of [
      [gateway, 'X: y'],
      [undefined, `Authorization: Bearer ${client()}`],
      [client(), `Authorization: Bearer ${gateway}`],
      [gateway, `Authorization: Bearer ${gateway}`],
      [client(), `Authorization: Bearer ${client()}`],
      [gateway, `Authorization: Bearer ${client({ exp: 1 })}`],
      [gateway, 'Authorization: Basic eA=='],
      [bearers.token({ exp: 1 }), `Authorization: Bearer ${client()}`],
      [bearers.token({ aud: clientAudience }), `Authorization: Bearer ${client()}`],
      [gateway, `Authorization: Bearer ${signToken(bearers.key, gatewayClaims())}`],
    ] as const) {
      assert.equal((await both(token, line)).status, 401)
    }
  })

  test('refuses a client’s token as a gateway’s credential, known or not, and the other way round', async () => {
    const token = client()
    const known = await both(bearers.token(), `Authorization: Bearer ${token}`)
    assert.equal(known.status, 200)
    assert.equal(await bearer(`Authorization: Bearer ${token}`), 401)
    assert.equal(await bearer(`Authorization: Bearer ${token}`), 401)
  })
})
