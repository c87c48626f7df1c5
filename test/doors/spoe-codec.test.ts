import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { mintGatewayCredential } from '../../src/credential/mint.ts'
import { createSpoeSession } from '../../src/doors/spoe.ts'
import { gatewayClaims, keys } from '../credential/installation.ts'
import { gatewayDoor, judgeBy, liveToken, view } from './live-view.ts'
import {
  headerList,
  hello,
  noIds,
  notify,
  question,
  readFrames,
  run,
  variables,
  varint,
} from './spoe-client.ts'
import { ackTo, answersTo, greeted, watched } from './spoe-watched.ts'

const dumps = {
  healthCheck:
    '0100000001000012737570706f727465642d76657273696f6e730803322e300e6d61782d6672616d652d73697a6503fcf0060c6361706162696c697469657308000b6865616c7468636865636b11',
  hello:
    '0100000001000012737570706f727465642d76657273696f6e730803322e300e6d61782d6672616d652d73697a6503fcf0060c6361706162696c6974696573080a706970656c696e696e6709656e67696e652d6964082466653162313965322d313730382d343738362d383231392d643639383963306132363261',
  agentHello:
    '00000040650000000100000776657273696f6e0803322e300e6d61782d6672616d652d73697a6503fcf0060c6361706162696c6974696573080a706970656c696e696e67',
  plain:
    '0300000001000105636865636b0b026964081b37463030303030313a393231365f36423030444345395f3030303005746f6b656e0812474154455741595f43524544454e5449414c066d6574686f64080347455403757269080e2f6170702f68656c6c6f3f713d31037665720803312e3103737263067f0000010573706f727404f6921103647374067f0000010373736c0103736e69000468647273092304686f7374086170702e746573740a757365722d6167656e740770726f62652f310000',
  spoofed:
    '0300000001020105636865636b0b026964081b37463030303030313a393232345f36423030444345395f3030303205746f6b656e0812474154455741595f43524544454e5449414c066d6574686f6408034745540375726908132f6170702f61253246622f2e2e2f783f713d31037665720803312e3103737263067f0000010573706f727404f4931103647374067f0000010373736c0103736e69000468647273099d04686f7374086170702e746573740a757365722d6167656e740770726f62652f3106636f6f6b696503613d3106636f6f6b696503623d3205782d647570013105782d64757001320b782d617574682d757365720773706f6f6665640b785f617574685f7573657205756e6465720d617574686f72697a6174696f6e0842656172657220740a636f6e6e656374696f6e0b582d417574682d557365720000',
  noTarget:
    '0300000001080105636865636b0b026964081b37463030303030313a393235325f36423030444345415f3030303805746f6b656e0812474154455741595f43524544454e5449414c066d6574686f6408074f5054494f4e530375726900037665720803312e3103737263067f0000010573706f727404f2961103647374067f0000010373736c0103736e69000468647273092304686f7374086170702e746573740a757365722d6167656e740770726f62652f310000',
} as const

function recorded(name: keyof typeof dumps): Buffer {
  const bytes = Buffer.from(dumps[name], 'hex')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

describe('what HAProxy was recorded to send', () => {
  test('its health check is greeted, and the connection ended', () => {
    const { session } = watched()
    const greeting = session.take(recorded('healthCheck'))
    assert.equal(greeting.toString('hex'), dumps.agentHello)
    assert.ok(session.ended)
  })

  test('its hello is greeted, and the connection kept', () => {
    const { session } = watched()
    assert.equal(session.take(recorded('hello')).toString('hex'), dumps.agentHello)
    assert.ok(!session.ended && session.greeted)
  })

  test('a plain request is read whole, and the ACK bears its ids', () => {
    const made = greeted()
    const [ack] = answersTo(recorded('plain'), made)
    assert.ok(ack)
    assert.equal(ack.ids, '0001')
    assert.deepEqual(made.questions[0]?.gateway, { kind: 'token', token: 'GATEWAY_CREDENTIAL' })
    assert.deepEqual(made.questions[0]?.request, {
      method: 'GET',
      target: '/app/hello?q=1',
      host: 'app.test',
      scheme: 'http',
      address: '127.0.0.1',
    })
    assert.deepEqual(variables(ack), {
      allow: false,
      status: 401,
      reason: 'the credential is not accepted',
      challenge: 'Bearer error="invalid_token"',
      body: '{"code":"ACCESS_FAILED","message":"the credential is not accepted"}',
      decision_id: 'd1',
      revision: '7',
    })
  })

  test('of spoofed and repeated headers none is taken for what HAProxy says', () => {
    const made = greeted()
    const [ack] = answersTo(recorded('spoofed'), made)
    assert.equal(ack?.ids, '0201')
    assert.equal(made.questions[0]?.client.kind, 'credential-missing')
    assert.deepEqual(made.questions[0]?.request, {
      method: 'GET',
      target: '/app/a%2Fb/../x?q=1',
      host: 'app.test',
      scheme: 'http',
      address: '127.0.0.1',
    })
  })

  test('OPTIONS * has no target and is no complete question', () => {
    const made = greeted()
    const [ack] = answersTo(recorded('noTarget'), made)
    assert.equal(ack?.ids, '0801')
    assert.equal(made.questions[0]?.request, undefined)
  })
})

describe('an ACK', () => {
  test('for a live credential allows, and says who asked', () => {
    const said = ackTo(question(liveToken))
    assert.equal(said['allow'], true)
    assert.equal(said['gateway_name'], 'edge')
    assert.equal(said['decision_id'], 'd1')
    assert.equal(said['revision'], '7')
    for (const name of ['gateway_id', 'environment_id', 'credential_id', 'subject', 'scope']) {
      assert.equal(typeof said[name], 'string', name)
    }
    assert.ok(!('status' in said))
  })

  const refusals: Readonly<Record<string, readonly [Parameters<typeof question>, number]>> = {
    'a missing token': [[null], 401],
    'a token that is not text': [[null, { token: true }], 401],
    'a missing uri': [[liveToken, { uri: undefined }], 400],
    'a missing method': [[liveToken, { method: undefined }], 400],
    'a missing ssl': [[liveToken, { ssl: undefined }], 400],
    'an ssl that is no truth value': [[liveToken, { ssl: 'false' }], 400],
    'missing headers': [[liveToken, { hdrs: undefined }], 400],
    'headers that are text': [[liveToken, { hdrs: 'host' }], 400],
    'no Host': [[liveToken, { hdrs: headerList(['accept', '*/*']) }], 400],
    'two Hosts': [[liveToken, { hdrs: headerList(['host', 'a.test'], ['Host', 'b.test']) }], 400],
    'an empty Host': [[liveToken, { hdrs: headerList(['host', '']) }], 400],
    'a Host that is a list': [[liveToken, { hdrs: headerList(['host', 'a,b']) }], 400],
    'headers without their end': [
      [liveToken, { hdrs: headerList(['host', 'app.test']).subarray(0, -2) }],
      400,
    ],
    'headers with more behind their end': [
      [
        liveToken,
        { hdrs: Buffer.concat([headerList(['host', 'a.test']), headerList(['host', 'b.test'])]) },
      ],
      400,
    ],
    'a credential in the query': [[liveToken, { uri: '/x?client-token=t' }], 401],
    'a credential in a cookie': [
      [liveToken, { hdrs: headerList(['host', 'a.test'], ['cookie', 'CLIENT-TOKEN=t']) }],
      401,
    ],
  }
  for (const [name, [args, status]] of Object.entries(refusals)) {
    test(`refuses ${name} with ${status}`, () => {
      const said = ackTo(question(...args))
      assert.equal(said['allow'], false)
      assert.equal(said['status'], status)
    })
  }

  test('refuses a credential in the first of several cookies', () => {
    const cookies = [['cookie', 'client-token=t'] as const, ['Cookie', 'a=1'] as const]
    const hdrs = headerList(['host', 'a.test'], ...cookies)
    assert.equal(ackTo(question(liveToken, { hdrs }))['allow'], false)
  })

  test('refuses a token that comes twice', () => {
    const one = question(liveToken)
    const twice = Buffer.concat([one, one])
    assert.equal(ackTo(twice)['allow'], false)
  })

  test('reads a credential from `token` and never from the headers', () => {
    const hdrs = headerList(['host', 'a.test'], ['client-token', liveToken])
    assert.equal(ackTo(question(null, { hdrs }))['allow'], false)
  })

  test('refuses where what there is to say does not fit into a frame', async () => {
    const gatewayName = '\u{1F600}'.repeat(180)
    const token = await mintGatewayCredential(gatewayClaims({ gatewayName }), keys.EdDSA)
    for (const [size, allow] of [
      [16_380, true],
      [2300, false],
    ] as const) {
      const made = watched()
      made.session.take(hello([['max-frame-size', size]]))
      const said = ackTo(question(token), made)
      assert.deepEqual([said['allow'], said['gateway_id'] === undefined], [allow, !allow])
    }
  })

  test('refuses a message of another name, and one beside it changes nothing', () => {
    const other = Buffer.concat([run('other'), Buffer.of(1), run('token'), Buffer.of(0x11)])
    assert.equal(ackTo(other)['allow'], false)
    assert.equal(ackTo(Buffer.concat([other, question(liveToken)]))['allow'], true)
  })

  test('refuses what cannot be read, even where an outage would allow', () => {
    const noState = { ...view, standing: undefined }
    const session = createSpoeSession({
      settings: gatewayDoor,
      judge: (asked) => ({ decision: judgeBy(gatewayDoor, noState)(asked), id: 'd' }),
      isDraining: () => false,
    })
    session.take(hello())
    const whole = notify(noIds, question(liveToken))
    const [allowed] = readFrames(session.take(whole)).frames
    assert.ok(allowed && variables(allowed)['allow'] === true)
    const [refused] = readFrames(session.take(notify(noIds, Buffer.from('05636865', 'hex')))).frames
    assert.ok(refused)
    assert.equal(variables(refused)['allow'], false)
    assert.equal(variables(refused)['status'], 400)
  })

  test('echoes stream and frame ids of any size as they came', () => {
    for (const [stream, id] of [
      [0, 0],
      [239, 240],
      [2287, 2288],
      [4_294_967_295, 1_000_000],
    ] as const) {
      const ids = Buffer.concat([varint(stream), varint(id)])
      const [ack] = answersTo(notify(ids, question(liveToken)))
      assert.equal(ack?.ids, ids.toString('hex'))
      assert.equal(ack?.flags, 1)
    }
  })

  test('of a door that stands for one gateway uses its credential and refuses another beside it', () => {
    let held: string | undefined = liveToken
    const bound = greeted({ ...gatewayDoor, bound: () => held })
    assert.equal(ackTo(question(null), bound)['allow'], true)
    assert.equal(ackTo(question(liveToken), bound)['allow'], false)
    held = undefined
    assert.equal(ackTo(question(null), bound)['status'], 401)
  })
})
