import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Question } from '../../src/decision/question.ts'
import { createForwardDoor } from '../../src/doors/forward.ts'
import type { DoorSettings, HttpDoor } from '../../src/doors/http-door.ts'
import { createNginxDoor } from '../../src/doors/nginx.ts'
import { recordedHooks } from './recorded.ts'

const headers = ['CLIENT-TOKEN', 'PDG-TOKEN']
const byToken: DoorSettings = {
  carrier: { kind: 'client-token', headers },
  require: 'gateway',
  environment: undefined,
}
const byBearer: DoorSettings = { ...byToken, carrier: { kind: 'bearer', headers } }
const forBoth: DoorSettings = { ...byToken, require: 'both' }

const doors = (settings: DoorSettings) => ({
  nginx: createNginxDoor(settings),
  forward: createForwardDoor(settings),
})

/** What a door reads of header lines. */
function read(door: HttpDoor, lines: readonly string[]) {
  const rawHeaders = lines.flatMap((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  return door.read({ method: 'GET', url: '/', rawHeaders })
}

const presented = (text: string) =>
  text.startsWith('credential-') ? { kind: text } : { kind: 'token', token: text }

describe('what a door understands of what a real gateway sent', () => {
  for (const hook of recordedHooks()) {
    test(`${hook.gateway}, ${hook.case}`, () => {
      const lines = hook.lines.slice(1)
      const question = read(doors(byToken)[hook.door], lines)
      assert.deepEqual(question.request, hook.request ?? undefined)
      assert.deepEqual(question.gateway, presented(hook.credential))
      assert.deepEqual(question.client, presented('credential-missing'))
      const bearerAlone = lines.filter((line) => !/^(?:client|pdg)-token:/i.test(line))
      const asBearer = read(doors(byBearer)[hook.door], bearerAlone).gateway
      assert.deepEqual(asBearer, presented(hook.bearer))
      assert.deepEqual(read(doors(forBoth)[hook.door], lines).client, presented(hook.bearer))
    })
  }
})

const nginxLines = [
  'CLIENT-TOKEN: x',
  'X-Original-URI: /a',
  'X-Original-Method: GET',
  'X-Original-Host: app.test',
  'X-Original-Scheme: https',
]
const forwardLines = [
  'CLIENT-TOKEN: x',
  'X-Forwarded-Uri: /a',
  'X-Forwarded-Method: GET',
  'X-Forwarded-Host: app.test',
  'X-Forwarded-Proto: https',
]
const sets = [
  { name: 'nginx', lines: nginxLines },
  { name: 'forward', lines: forwardLines },
] as const

describe('a question is whole or none', () => {
  for (const { name, lines } of sets) {
    const ask = (given: readonly string[]) => read(doors(byToken)[name], given).request
    test(`${name}: with any of its headers missing, empty, twice or under an alias it is none`, () => {
      assert.notEqual(ask(lines), undefined)
      for (const [index, line] of lines.entries()) {
        if (index === 0) continue
        const [header = ''] = line.split(':')
        const instead = (...others: readonly string[]) => lines.toSpliced(index, 1, ...others)
        assert.equal(ask(instead()), undefined, `no ${header}`)
        assert.equal(ask(instead(`${header}:`)), undefined, `empty ${header}`)
        assert.equal(ask(instead(line, line)), undefined, `${header} twice`)
        assert.equal(ask(instead(line, `${header.toLowerCase()}: other`)), undefined)
        assert.equal(ask(instead(line, `${header}:`)), undefined)
        assert.equal(ask(instead(line.replaceAll('-', '_'))), undefined)
        assert.equal(ask(instead(line.replaceAll('-', '.'))), undefined)
        assert.notEqual(ask(instead(line.toUpperCase())), undefined)
        assert.notEqual(ask([...lines, line.replaceAll('-', '_')]), undefined)
      }
    })

    test(`${name}: a list in place of method, host or scheme is none`, () => {
      for (const line of lines.slice(2)) {
        const list = lines.map((each) => (each === line ? `${each}, ${each}` : each))
        assert.equal(ask(list), undefined, line)
      }
    })
  }

  test('no door falls back to the headers of another', () => {
    const forward = forwardLines.slice(1)
    const nginx = nginxLines.slice(1)
    for (const [index] of nginx.entries()) {
      const { nginx: first, forward: second } = doors(byToken)
      assert.equal(read(first, [...nginx.toSpliced(index, 1), ...forward]).request, undefined)
      assert.equal(read(second, [...forward.toSpliced(index, 1), ...nginx]).request, undefined)
    }
  })

  test('what else a gateway may pass on changes nothing', () => {
    const spoofed = [
      'Host: evil.test',
      'Forwarded: for=6.6.6.6;host=evil.test;proto=http',
      'X-Forwarded-Prefix: /evil',
      'X-Forwarded-Port: 1',
      'X-Forwarded-Server: evil.test',
      'X-Original-URL: /evil',
      'X-Rewrite-URL: /evil',
      'X-HTTP-Method-Override: DELETE',
      'X_Forwarded_Uri: /evil',
      'X.Client.Id: evil',
      'X-Warder-Gateway-Id: evil',
    ]
    for (const { name, lines } of sets) {
      const door = doors(byToken)[name]
      assert.deepEqual(read(door, [...spoofed, ...lines]), read(door, lines))
      assert.deepEqual(read(door, [...lines, ...spoofed]), read(door, lines))
    }
  })
})

test('targets and hosts are handed on byte for byte', () => {
  const targets = [
    '/app/a%2Fb%20c/%C3%A9?x=%2F&y=a+b',
    '/app/../admin/x',
    '/app/%2e%2e/admin/x',
    '//app//x/',
    '/app;v=1/x',
    '/app\\..\\admin',
    '/app/%00x',
    '/app/%zz',
    '/app/x#frag',
    '/app/\xc3\xa9',
    '/app/x?',
    '/app?a=1,b=2',
    '*',
  ]
  const host = 'APP.Example.Test.:8080'
  for (const { name, lines } of sets) {
    for (const target of targets) {
      const given = lines.map((line) =>
        line.replace(': /a', `: ${target}`).replace('app.test', host),
      )
      const request = requestOf(read(doors(byToken)[name], given))
      assert.deepEqual([request?.target, request?.host], [target, host])
    }
  }
})

const requestOf = ({ request }: Question) => (typeof request === 'object' ? request : undefined)

const addressOf = (door: HttpDoor, lines: readonly string[]) =>
  requestOf(read(door, lines))?.address

describe('the client’s address', () => {
  test('at forward is the rightmost of X-Forwarded-For, and missing takes nothing away', () => {
    const { forward } = doors(byToken)
    const of = (...lines: readonly string[]) => addressOf(forward, [...forwardLines, ...lines])
    assert.equal(of('X-Forwarded-For: 6.6.6.6, 10.0.0.1, 192.0.2.7'), '192.0.2.7')
    assert.equal(of('X-Forwarded-For: 2001:db8::1'), '2001:db8::1')
    assert.equal(of('X-Forwarded-For: 6.6.6.6, '), undefined)
    assert.equal(of('X-Forwarded-For: 6.6.6.6', 'X-Forwarded-For: 192.0.2.7'), undefined)
    assert.equal(of('X-Real-IP: 6.6.6.6'), undefined)
    assert.notEqual(read(forward, forwardLines).request, undefined)
  })

  test('at nginx is X-Real-IP alone', () => {
    const { nginx } = doors(byToken)
    const of = (...lines: readonly string[]) => addressOf(nginx, [...nginxLines, ...lines])
    assert.equal(of('X-Real-IP: 192.0.2.7', 'X-Forwarded-For: 6.6.6.6'), '192.0.2.7')
    assert.equal(of('X-Real-IP: 6.6.6.6', 'X-Real-IP: 192.0.2.7'), undefined)
    assert.equal(of('X-Real-IP: 6.6.6.6, 192.0.2.7'), undefined)
    assert.equal(of('X-Forwarded-For: 6.6.6.6'), undefined)
  })
})

test('a door that would take both credentials from one header cannot be made', () => {
  assert.throws(() => createNginxDoor({ ...byBearer, require: 'both' }), TypeError)
})

test('AT-36: beside a bearer the credential may not stand in a header of its own too', () => {
  for (const [door, lines] of [
    ['nginx', nginxLines],
    ['forward', forwardLines],
  ] as const) {
    const gatewayOf = (...more: readonly string[]) =>
      read(doors(byBearer)[door], [...lines.slice(1), ...more]).gateway
    const bearer = 'Authorization: Bearer tok'
    for (const name of headers) {
      assert.deepEqual(gatewayOf(bearer, `${name}: tok`), presented('credential-doubled'))
      assert.deepEqual(gatewayOf(`${name}: tok`), presented('credential-missing'))
      assert.deepEqual(gatewayOf(bearer, `${name}:`), presented('tok'))
    }
    assert.deepEqual(gatewayOf(bearer), presented('tok'))
  }
})
