import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { addApiCredential, buyAccessToken } from '../authority/api-clients.ts'
import { addGateway, embedded, openHouse, type House } from '../authority/house.ts'
import { checkMessage } from '../doors/asking.ts'
import { grpcClient, statusOfAnswer } from '../doors/grpc-client.ts'
import { asked } from '../doors/sideband-legs.ts'
import {
  dial,
  headerList,
  hello,
  noIds,
  notify,
  question,
  variables,
  type Value,
} from '../doors/spoe-client.ts'
import { anyPort, gatewayDoor } from '../verifier/running.ts'
import { ask, request } from '../verifier/wire.ts'
import { enrol, startFeedVerifier, stateFolder, type FeedVerifier } from './fleet.ts'

// Access tokens that count only from some addresses, at the doors that are not asked by headers. Those that are stand in
// access-tokens.test.ts.

const both = { ...gatewayDoor, require: 'both' } as const
const listener = { at: anyPort, tls: undefined } as const
const [inside, outside] = ['192.0.2.7', '198.51.100.1']

/** The first leg for a client with a token. */
function requestLeg(token: string, source: object, ...headers: readonly object[]) {
  const { source_ip: _, ...rest } = asked
  return { ...rest, ...source, headers: [{ authorization: `Bearer ${token}` }, ...headers] }
}

const address = (...bytes: readonly number[]) => ({ address: Buffer.from(bytes) })
const sixteen = (text: string) => ({ address: Buffer.from(text.padEnd(32, '0'), 'hex') })

describe('a token that is bound to addresses counts only where the gateway says that one of them asks', () => {
  const folder = stateFolder()
  let house: House
  let verifier: FeedVerifier
  let gateway: string
  let bound: string
  let free: string

  before(async () => {
    house = await openHouse()
    // It is bought from here.
    const allowedAddresses = ['127.0.0.1', '192.0.2.0/24', '2001:db8::/32']
    const { answered } = await addGateway(house, { createCredential: true })
    gateway = String(embedded(answered.body, 'credentials')[0]?.['credential'])
    bound = await buyAccessToken(house, await addApiCredential(house, { allowedAddresses }))
    free = await buyAccessToken(house, await addApiCredential(house))
    verifier = await startFeedVerifier({
      stateFolder: folder.path,
      enrolment: await enrol(house, 'one'),
      doors: { sideband: both, grpc: both, spoe: both },
      listeners: { grpc: listener, spoe: listener },
    })
  })
  after(async () => {
    await verifier.stop()
    await house.close()
    folder.remove()
  })

  test('gRPC: the source of the connection, and no header of the client', async () => {
    const client = grpcClient(verifier.verifier.ports.grpc ?? 0)
    const status = async (token: string, source: string, more: Record<string, string> = {}) => {
      const headers = { authorization: `Bearer ${token}`, ...more }
      const message = checkMessage({ source, headers })
      return statusOfAnswer(await client.check(message, [['client-token', gateway]]))
    }
    try {
      assert.equal(await status(bound, inside), 200)
      assert.equal(await status(bound, '2001:db8::1'), 200)
      assert.equal(await status(bound, '::ffff:192.0.2.7'), 200)
      assert.equal(await status(bound, outside), 401)
      assert.equal(await status(bound, '2001:db9::1'), 401)
      assert.equal(await status(bound, ''), 401)
      assert.equal(await status(bound, '192.0.2.7:443'), 401)
      for (const name of ['x-forwarded-for', 'x-real-ip', 'x-envoy-external-address']) {
        assert.equal(await status(bound, outside, { [name]: inside }), 401, name)
        assert.equal(await status(bound, inside, { [name]: outside }), 200, name)
      }
      assert.equal(await status(free, outside), 200)
      assert.equal(await status(free, ''), 200)
    } finally {
      client.close()
    }
  })

  /** A leg of the sideband protocol. */
  const sideband = async (leg: string, content: object) => {
    const body = JSON.stringify(content)
    const head = request(
      `POST /v1/environments/${house.environmentId}/sideband/${leg} HTTP/1.1`,
      'Host: warder',
      `CLIENT-TOKEN: ${gateway}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
    )
    return ask(verifier.place, Buffer.from(head + body))
  }
  test('sideband: `source_ip`, on both legs', async () => {
    const status = async (token: string, source: object, ...headers: readonly object[]) =>
      (await sideband('request', requestLeg(token, source, ...headers))).status
    assert.equal(await status(bound, { source_ip: inside }), 200)
    assert.equal(await status(bound, { source_ip: '2001:db8::1' }), 200)
    assert.equal(await status(bound, { source_ip: outside }), 401)
    assert.equal(await status(bound, { source_ip: '' }), 401)
    assert.equal(await status(bound, {}), 401)
    const forwarded = { 'x-forwarded-for': inside }
    assert.equal(await status(bound, { source_ip: outside }, forwarded), 401)
    assert.equal(await status(free, { source_ip: outside }), 200)

    const response = (source: string) => ({
      method: asked.method,
      url: asked.url,
      http_version: '1.1',
      response_code: '200',
      response_status: 'OK',
      headers: [],
      request: requestLeg(bound, { source_ip: source }),
    })
    assert.equal((await sideband('response', response(inside))).status, 200)
    assert.equal((await sideband('response', response(outside))).status, 401)
    // What was sealed on the first leg is from where it was asked, whatever the second one says.
    const first = JSON.parse((await sideband('request', response(inside).request)).body)
    const second = { ...response(outside), state: String(first['state']) }
    assert.equal((await sideband('response', second)).status, 200)
  })

  test('SPOE: `src`, and no header of the client', async () => {
    const line = await dial(verifier.verifier.ports.spoe ?? 0)
    line.send(hello())
    await line.frames(1)
    const allows = async (token: string, src: Value | undefined, ...more: [string, string][]) => {
      const hdrs = headerList(['host', 'app.test'], ['authorization', `Bearer ${token}`], ...more)
      line.send(notify(noIds, question(gateway, { src, hdrs })))
      const [ack] = await line.frames(1)
      assert.ok(ack)
      return variables(ack)['allow']
    }
    try {
      assert.equal(await allows(bound, address(192, 0, 2, 7)), true)
      assert.equal(await allows(bound, sixteen('20010db8')), true)
      assert.equal(await allows(bound, sixteen('00000000000000000000ffffc0000207')), true)
      assert.equal(await allows(bound, address(198, 51, 100, 1)), false)
      assert.equal(await allows(bound, sixteen('20010db9')), false)
      // An address is of the type of addresses, not a text that the configuration put together.
      for (const none of [null, undefined, inside, 1]) {
        assert.equal(await allows(bound, none), false, String(none))
      }
      const forwarded: [string, string] = ['x-forwarded-for', inside]
      assert.equal(await allows(bound, address(198, 51, 100, 1), forwarded), false)
      assert.equal(await allows(free, address(198, 51, 100, 1)), true)
    } finally {
      line.close()
    }
  })
})
