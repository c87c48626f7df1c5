import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadConfig } from '../../src/config/load.ts'
import { describeMistake } from '../../src/config/mistake.ts'
import { Secret } from '../../src/config/secret.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { expectMistakes, good, load, mistakes, type Given } from './loading.ts'

const trust = (...entries: readonly string[]) => `trust: [${entries.join(', ')}]`

const refused: readonly (readonly [title: string, given: Given, line: RegExp])[] = [
  [
    'a key without its certificate',
    { argv: ['--listen-ops-tls-key=k'] },
    /^--listen-ops-tls-key: listen\.ops\.tls\.key: TLS needs listen\.ops\.tls\.cert too/,
  ],
  [
    'two listeners on every address, in either spelling',
    { argv: ['--listen-http=[::]:9000', '--listen-grpc=127.0.0.1:9000'] },
    /^--listen-grpc: listen\.grpc: 127\.0\.0\.1:9000 is also where listen\.http listens/,
  ],
  [
    'two listeners on one socket',
    { argv: ['--listen-http=unix:/run/w', '--listen-grpc=unix:/run/w'] },
    /^--listen-grpc: listen\.grpc: unix:\/run\/w is also where listen\.http listens/,
  ],
  [
    'a bound credential on a listener that is off',
    { file: 'doors: { nginx: { boundCredential: c, listen: off } }' },
    /doors\.nginx\.boundCredential: on a shared listener/,
  ],
  [
    'keys from another machine without TLS, in capitals',
    { file: trust('{ issuer: x, jwks: "HTTP://x.example/k", audience: a }') },
    /trust\[0\]\.jwks: keys would come from another machine without TLS/,
  ],
  [
    'the claim of a gateway in tokens of clients',
    { file: trust('{ issuer: x, jwks: k, audience: a, kind: client, gatewayClaim: g }') },
    /trust\[0\]\.gatewayClaim: an access token names no gateway/,
  ],
  [
    'one issuer and audience twice',
    {
      file: trust('{ issuer: x, jwks: k, audience: a }', '{ issuer: x, jwks: l, audience: a }'),
    },
    /trust\[1\]\.issuer: issuer "x" and audience "a" stand in trust\[0\] already, and can be of one entry/,
  ],
  [
    'a name in a list twice',
    { argv: ['--doors-sideband-gateway-types=LDAP,LDAP'] },
    /in the list twice/,
  ],
  ['a tag that nobody knows', { file: 'data: !path x' }, /^warder\.yaml:1:7: this is not YAML/],
]

for (const [title, given, line] of refused) {
  test(`refused: ${title}`, (t) => expectMistakes(t, given, [line]))
}

test('a file in another encoding is named as such, and nothing of it counts', (t) => {
  const cwd = temporaryFolder(t)
  for (const bytes of [
    Buffer.from('\ufeffdata: x\n', 'utf16le'),
    Buffer.from('data: w\xe4rder\n', 'latin1'),
  ]) {
    writeFileSync(join(cwd, 'warder.yaml'), bytes)
    const loaded = loadConfig({ argv: [], env: {}, cwd, readFile: readText })
    assert.ok(!loaded.ok)
    assert.deepEqual(loaded.mistakes.map(describeMistake), [
      'warder.yaml: the file is not UTF-8; save it as UTF-8',
    ])
  }
})

test('names that every object has are no keys', (t) => {
  for (const name of ['constructor', 'toString', '__proto__']) {
    expectMistakes(t, { file: `${name}: 1\nlisten: { ${name}: 1 }` }, [
      new RegExp(`^warder\\.yaml:1:1: there is no key "${name}"`),
      new RegExp(`^warder\\.yaml:2:11: there is no key "listen\\.${name}"`),
    ])
  }
})

test('a bound belongs to what is allowed, and what is beyond it does not', (t) => {
  for (const [key, least, most, ...beyond] of [
    ['workers', '1', '256', '0', '257', '1.5'],
    ['leeway-nbf', '0s', '5m', '300001ms'],
    ['freshness-stale-after', '100ms', '1d', '99ms'],
    ['limits-header-bytes', '8KiB', '1MiB', '8191B', '1048577B'],
  ] as const) {
    const others = ['--freshness-expire-after=30d']
    for (const text of [least, most]) good(t, { argv: [`--${key}=${text}`, ...others] })
    for (const text of beyond) expectMistakes(t, { argv: [`--${key}=${text}`, ...others] }, [/./])
  }
  expectMistakes(t, { file: 'workers: 1.5' }, [/1\.5 is not a whole number/])
})

test('a URL that paths are appended to has no user, password, query, fragment or closing slash', (t) => {
  const said = /^--public-url: publicUrl: "[^"]*" is not a URL; write https:\/\/host/
  for (const rest of ['u@host', ':p@host', 'host?q', 'host#f', 'host/', 'host/path/']) {
    expectMistakes(t, { argv: [`--public-url=https://${rest}`] }, [said])
  }
  good(t, { argv: ['--public-url=https://host/path'] })
})

test('only who serves gateways is warned of doors, and only the authority of its own listener', (t) => {
  const argv = ['--listen-http=0.0.0.0:1', '--listen-ops=0.0.0.0:2']
  const warned = (given: Given) => {
    const loaded = load(t, given)
    assert.ok(loaded.ok)
    return loaded.warnings.map(({ key }) => key)
  }
  assert.deepEqual(warned({ argv, role: 'serve' }), ['listen.http'])
  assert.deepEqual(warned({ argv, role: 'authority' }), [])
  const tls = ['--listen-http-tls-cert=c', '--listen-http-tls-key=k']
  assert.deepEqual(warned({ argv: [...argv, ...tls], role: 'serve' }), [])
  const authority = ['--listen-authority=0.0.0.0:3']
  const env = { WARDER_ENROLMENT: 'wv1.AA' }
  assert.deepEqual(warned({ argv: authority, env, role: 'verifier' }), [])
  expectMistakes(t, { argv: authority, role: 'authority' }, [/^--listen-authority/])
})

test('any number of listeners may leave their port to the system', (t) => {
  good(t, { argv: ['--listen-http=127.0.0.1:0', '--listen-grpc=127.0.0.1:0'] })
})

test('what is quoted is short, and what looks like a token is not', (t) => {
  const token = `eyJhbGciOiJub25lIn0.${'x'.repeat(43)}.y`
  const [line = ''] = mistakes(t, { argv: [`--listen-http=${token}`] })
  assert.match(line, /^--listen-http: listen\.http: "eyJ\*\*\*" is not an address/)
  const [long = ''] = mistakes(t, { argv: [`--listen-http=${'a'.repeat(9000)}`] })
  assert.ok(long.length < 200, long)
})

test('a secret that becomes part of a text is not shown', () => {
  assert.equal(String(new Secret('hunter2')), '[secret]')
})

test('the file of the working folder that is there and cannot be read is a mistake', () => {
  const loaded = loadConfig({ argv: [], env: {}, cwd: '/', readFile: forbidden })
  assert.ok(!loaded.ok)
  assert.match(
    loaded.mistakes.map(describeMistake).join('\n'),
    /^warder\.yaml: .* \(EACCES\); name/,
  )
})

function forbidden(): never {
  throw Object.assign(new Error('no right'), { code: 'EACCES' })
}

function readText(path: string): string {
  return readFileSync(path, 'utf8')
}
