import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { expectMistakes, load, mistakes, type Given } from './loading.ts'

test('every mistake is named in one go, with its line, variable or flag', (t) => {
  const file = `dta: x
listen:
  http: 7070
  gprc: off
workers: many
leeway: { exp: 10m }
staleAfter: 3s
freshness: { staleAfter: 20 }
doors:
  ngnix: {}
  authzen: { require: nobody, headers: [] }
log: loud
region:
data: [a, b]
trust:
  - { issuer: x, audience: [a, 1], jwks: 'ftp://x' }
credentials: { maxPerGateway: '5' }
insecure: { plaintextListen: yes }
listen.grpc: off
`
  const env = { WARDER_WORKERS: '0', WARDER_LISTN_HTTP: 'off' }
  const argv = ['--limits-body-bytes', '1GiB', '--data-folder=x', '--log-level']
  expectMistakes(t, { file, env, argv }, [
    /^warder\.yaml:1:1: there is no key "dta"; did you mean data\?$/,
    /^warder\.yaml:3:9: listen\.http: 7070 is not an address; write host:port/,
    /^warder\.yaml:4:3: there is no key "listen\.gprc"; did you mean grpc\?$/,
    /^warder\.yaml:5:10: workers: "many" is not a whole number; write a number from 1 to 256$/,
    /^warder\.yaml:6:16: leeway\.exp: 10m is out of range; choose from 0s to 5m$/,
    /^warder\.yaml:7:1: there is no key "staleAfter"; did you mean freshness\.staleAfter,/,
    /^warder\.yaml:8:26: freshness\.staleAfter: 20 is not a duration; write a number and its unit/,
    /^warder\.yaml:10:3: there is no key "doors\.ngnix"; did you mean nginx\?$/,
    /^warder\.yaml:11:23: doors\.authzen\.require: "nobody" is not known here; choose from gateway, client, both$/,
    /^warder\.yaml:11:40: doors\.authzen\.headers: the list is empty; name at least one$/,
    /^warder\.yaml:12:6: log: keys should stand here;/,
    /^warder\.yaml:13:8: region: has no value;/,
    /^warder\.yaml:14:7: data: \["a","b"\] is not a path;/,
    /^warder\.yaml:16:28: trust\[0\]\.audience: 1 is not a word/,
    /^warder\.yaml:16:42: trust\[0\]\.jwks: "ftp:\/\/x" is not a path or a URL;/,
    /^warder\.yaml:17:31: credentials\.maxPerGateway: "5" is not a whole number;/,
    /^warder\.yaml:18:30: insecure\.plaintextListen: "yes" is neither true nor false;/,
    /^warder\.yaml:19:1: there is no key "listen\.grpc"; did you mean listen\.grpc, with each part/,
    /^WARDER_WORKERS: workers: 0 is out of range;/,
    /^WARDER_LISTN_HTTP: there is no such setting; did you mean WARDER_LISTEN_HTTP\?$/,
    /^--limits-body-bytes: limits\.bodyBytes: 1GiB is out of range; choose from 1KiB to 64MiB$/,
    /^--data-folder: there is no such flag; remove it$/,
    /^--log-level: has no value;/,
  ])
})

test('mistakes come in the order of the file', (t) => {
  const places = mistakes(t, { file: 'region: 1\nx: 1\nworkers: x\ny: 1\n' })
  assert.deepEqual(
    places.map((line) => line.slice(0, 15)),
    ['warder.yaml:1:9', 'warder.yaml:2:1', 'warder.yaml:3:1', 'warder.yaml:4:1'],
  )
})

test('an alias without an anchor is a mistake wherever it stands', (t) => {
  for (const file of [
    'data: *x',
    'doors: *x',
    'doors: { nginx: *x }',
    'trust: *x',
    'trust: [*x]',
  ]) {
    expectMistakes(t, { file }, [
      /^warder\.yaml:1:\d+: an alias names no anchor; correct the line$/,
    ])
  }
})

const contradictions: readonly (readonly [title: string, given: Given, line: RegExp])[] = [
  [
    'stale no sooner than expired',
    { env: { WARDER_FRESHNESS_STALE_AFTER: '1h' } },
    /^WARDER_FRESHNESS_STALE_AFTER: freshness\.expireAfter: knowledge would expire before/,
  ],
  [
    'authority and verifier in one process on Postgres',
    { role: 'serve', env: { WARDER_DATABASE: 'postgres://warder:hunter2@db/warder' } },
    /^WARDER_DATABASE: database: .* run "warder authority" and "warder verifier" instead, or name/,
  ],
  [
    'an authority for other machines without TLS',
    { argv: ['--listen-authority', '0.0.0.0:7080'] },
    /^--listen-authority: listen\.authority: other machines would reach/,
  ],
  [
    'the feed from another machine without TLS',
    { argv: ['--authority=http://10.0.0.1:7080'] },
    /^--authority: authority: the feed would come/,
  ],
  [
    'a certificate without its key',
    { argv: ['--listen-http-tls-cert=c'] },
    /^--listen-http-tls-cert: listen\.http\.tls\.cert: TLS needs listen\.http\.tls\.key too/,
  ],
  [
    'client certificates without TLS',
    { argv: ['--listen-grpc-tls-client-ca=c'] },
    /clients can show a certificate only over TLS/,
  ],
  [
    'a bound credential on a shared listener',
    { env: { WARDER_DOORS_SPOE_BOUND_CREDENTIAL: 'c' } },
    /^WARDER_DOORS_SPOE_BOUND_CREDENTIAL: doors\.spoe\.boundCredential: on a shared listener/,
  ],
  [
    'a bound credential at a door that asks for none',
    { file: 'doors: { grpc: { boundCredential: c, require: client, listen: "127.0.0.1:1" } }' },
    /asks for no credential of a gateway/,
  ],
  [
    'credential and access token in one header',
    { file: 'doors: { forward: { carrier: bearer, require: both } }' },
    /cannot both be the bearer/,
  ],
  [
    'a credential header that has a meaning of its own',
    { env: { WARDER_DOORS_ENVOY_HEADERS: 'Authorization' } },
    /authorization has a meaning of its own/i,
  ],
  [
    'one header name in two spellings',
    { env: { WARDER_DOORS_ENVOY_HEADERS: 'X-A,x-a' } },
    /a name is in the list twice/,
  ],
  [
    'two listeners on one address',
    { argv: ['--listen-grpc=0.0.0.0:7070'] },
    /^--listen-grpc: listen\.grpc: 0\.0\.0\.0:7070 is also where listen\.http listens/,
  ],
  [
    'two enrolments',
    { env: { WARDER_ENROLMENT: 'wv1.AA', WARDER_ENROLMENT_FILE: 'f' } },
    /^WARDER_ENROLMENT_FILE: enrolment\.file: the enrolment is given both/,
  ],
  [
    'a verifier that would know nothing',
    { role: 'verifier' },
    /^default: enrolment: this verifier would know of no credential/,
  ],
  [
    'a verifier that names an authority and has no enrolment',
    { role: 'verifier', argv: ['--authority=https://a'] },
    /an authority sends its feed to nobody without an enrolment/,
  ],
  [
    'one issuer and audience of both kinds',
    {
      file: `trust:
  - { issuer: x, jwks: k, audience: [a, b] }
  - { issuer: x, jwks: k, audience: [c, b], kind: client }`,
    },
    /^warder\.yaml:3:15: trust\[1\]\.issuer: issuer "x" and audience "b" stand in trust\[0\] already, and can be of one kind/,
  ],
  [
    'a type that belongs to the other kind',
    { file: 'trust: [{ issuer: x, jwks: k, audience: a, typ: AT+JWT }]' },
    /trust\[0\]\.typ: "AT\+JWT" is the type of tokens of kind client/,
  ],
  [
    'an outside issuer of the authority’s own name',
    {
      role: 'serve',
      file: `trust:
  - { issuer: x, jwks: k, audience: a }
  - { issuer: 'http://127.0.0.1:7080', jwks: k, audience: a }`,
    },
    /^warder\.yaml:3:15: trust\[1\]\.issuer: "http:\/\/127\.0\.0\.1:7080" is the name under which this authority issues; leave/,
  ],
  [
    'keys from another machine without TLS',
    { file: 'trust: [{ issuer: x, jwks: "http://x.example/k", audience: a }]' },
    /trust\[0\]\.jwks: keys would come from another machine without TLS/,
  ],
  [
    'a trusted issuer without its keys',
    { file: 'trust:\n  - { issuer: x, audience: a }' },
    /^warder\.yaml:2:5: trust\[0\]\.jwks: is missing; add a path or a URL/,
  ],
]

for (const [title, given, line] of contradictions) {
  test(`refused: ${title}`, (t) => expectMistakes(t, given, [line]))
}

test('nothing is concluded from a value that could not be read', (t) => {
  const env = { WARDER_FRESHNESS_STALE_AFTER: 'long', WARDER_FRESHNESS_EXPIRE_AFTER: '1s' }
  expectMistakes(t, { env }, [/"long" is not a duration/])
  const file = 'trust:\n  - { issuer: x, audience: a, jwks: 1 }\nenrolment: {'
  expectMistakes(t, { file, role: 'verifier' }, [/^warder\.yaml:3:13: the indentation is wrong/])
})

test('a verifier whose entry under trust is wrong is told what is wrong with it, and not that there is none', (t) => {
  for (const [file, line] of [
    [
      'trust: [{ issuer: x, audience: a, jwks: 1 }]',
      /^warder\.yaml:1:41: trust\[0\]\.jwks: 1 is not/,
    ],
    ['trust: [{ issuer: x, audience: a }]', /^warder\.yaml:1:9: trust\[0\]\.jwks: is missing/],
    ['trust: x', /^warder\.yaml:1:8: trust: a list should stand here/],
  ] as const) {
    expectMistakes(t, { file, role: 'verifier' }, [line])
  }
})

test('what is insecure can be had by saying so, and doors only warn', (t) => {
  const argv = ['--listen-authority=0.0.0.0:1', '--insecure-plaintext-listen']
  const loaded = load(t, { argv: [...argv, '--listen-http=0.0.0.0:2'] })
  assert.ok(loaded.ok)
  assert.deepEqual(
    loaded.warnings.map(({ key }) => key),
    ['listen.http'],
  )
})

test('a file that was asked for must be there; the usual one need not', (t) => {
  expectMistakes(t, { argv: ['--config', 'no.yaml'] }, [
    /^--config: "no\.yaml" cannot be read \(ENOENT\)/,
  ])
  expectMistakes(t, { env: { WARDER_CONFIG: '/' } }, [
    /^WARDER_CONFIG: "\/" cannot be read \(EISDIR\)/,
  ])
})

test('flags that come twice, words that belong to none, and empty ones are mistakes', (t) => {
  expectMistakes(t, { argv: ['stray', '--data', 'a', '--data=b', '--region='] }, [
    /^word 1 behind the command: belongs to no flag/,
    /^--data: is given twice/,
    /^--region: has no value/,
  ])
})

test('no secret shows in a mistake, a setting, or the configuration itself, wherever it was written', (t) => {
  const secret = 'hunter2-hunter2'
  const database = `postgres://warder:${secret}@db/warder`
  const files = [
    `database: postgres://warder:${secret}@db\n@: [`,
    `database: "postgres:/warder:${secret}@db\n`,
    `database: [${secret}]\n`,
    `enrolment: { value: ${secret} }\n`,
    `enrolment: { file: [ wv1.${secret} ] }\n`,
    `data: [ 'x://user:${secret}@host' ]\n`,
    `wv1.${secret}: x\n`,
    `authority: https://user:${secret}@host\n`,
    `trust: [{ issuer: [], jwks: 'https://user:${secret}@host/', audience: a }]\n`,
  ]
  for (const file of files) {
    for (const line of mistakes(t, { file })) assert.ok(!line.includes(secret), line)
  }
  for (const argv of [
    ['--enrolment', `wv1.${secret}`],
    [`--enrolment=wv1.${secret}`],
    ['--enrollment', secret],
    ['--database', database],
    [`--database=postgres://db/warder?password=${secret}`],
    [`wv1.${secret}`],
    ['-key-encryption-key', secret],
    ['--region', 'eu', secret],
  ]) {
    for (const line of mistakes(t, { argv })) assert.ok(!line.includes(secret), line)
  }
  const loaded = load(t, { env: { WARDER_DATABASE: database, WARDER_ENROLMENT: `wv1.${secret}` } })
  const shown = inspect(loaded, { depth: 9, showHidden: true }) + JSON.stringify(loaded)
  assert.ok(loaded.ok && !shown.includes(secret))
  const setting = loaded.settings.find(({ key }) => key === 'database')
  assert.equal(setting?.text, 'postgres://warder:***@db/warder')
})
