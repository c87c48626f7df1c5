import { parseAddress, urlOf } from './address.ts'
import {
  address,
  choice,
  count,
  database,
  duration,
  listOf,
  path,
  secret,
  size,
  text,
  url,
  urlOrPath,
  yesNo,
} from './kinds.ts'
import { group, key, list, optional, required, type Of, type Shape } from './nodes.ts'

// The one table of everything that can be configured. File, environment, flags, `warder config show` and the reference
// page follow from it.

const word = text('a word without spaces', /^[\x21-\x7e]{1,256}$/)
const headerName = text('a header name', /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/)
const outcome = choice('unavailable', 'deny', 'allow')

const tls = () =>
  group({
    cert: optional(path, 'no TLS', 'Certificate chain in PEM; read again when the file changes.'),
    key: optional(path, 'no TLS', 'Private key in PEM; read again when the file changes.'),
    clientCa: optional(
      path,
      'clients need no certificate',
      'CAs in PEM, one of which must have signed the certificate of every client.',
    ),
  })

const listener = (usual: string, doc: string) =>
  group({ address: key(address, usual, doc), tls: tls() }, 'address')

const addressOf = (name: string, usualPort: number) => (of: Of) => {
  const listening = parseAddress(of(`listen.${name}`) ?? '') ?? { kind: 'off' }
  return urlOf(listening, of(`listen.${name}.tls.cert`) !== undefined, usualPort)
}

const folderOf = (of: Of) => (of('data') ?? '.').replace(/\/+$/, '')

const doorKeys = () => ({
  enabled: key(yesNo, 'true', 'Whether this door answers at all.'),
  carrier: key(
    choice('client-token', 'bearer'),
    'client-token',
    'Where the gateway puts its credential: a header of its own, or `Authorization: Bearer`.',
  ),
  headers: key(
    listOf(headerName),
    'CLIENT-TOKEN,PDG-TOKEN',
    'The header names that may carry the credential where the carrier is `client-token`, and may not stand beside it where it is `bearer`.',
  ),
  require: key(
    choice('gateway', 'client', 'both'),
    'gateway',
    'Whose credential a request needs: the gateway’s, the client’s access token, or both.',
  ),
  environment: optional(
    word,
    'any of the verifier’s',
    'The only environment whose credentials this door accepts.',
  ),
  boundCredential: optional(
    path,
    'none',
    'File with a credential that stands for a gateway that cannot carry one; needs `listen`.',
  ),
  listen: group(
    {
      address: optional(address, 'shared', 'A listener for this door alone.'),
      tls: tls(),
    },
    'address',
  ),
})

const door = () => group(doorKeys())

const trust = list('An outside issuer whose tokens count, with or without an authority.', {
  issuer: required(word, 'The `iss` of its tokens.'),
  kind: key(
    choice('gateway', 'client'),
    'gateway',
    'Whether its tokens are credentials of gateways or access tokens of clients.',
  ),
  jwks: required(urlOrPath, 'Its JWK set: a file, watched, or a URL, fetched now and then.'),
  audience: required(listOf(word), 'The accepted `aud`, one or a list.'),
  algorithms: key(
    listOf(choice('RS256', 'ES256', 'EdDSA', 'Ed25519')),
    'RS256,ES256,EdDSA',
    'The accepted signature algorithms.',
  ),
  revoked: optional(
    path,
    'none revoked',
    'Watched file of revoked ids: one `jti` a line, each line ended; `#` begins a comment at the start of a line or behind a space. What is added counts at once, what is gone is let go after half a minute. Write a new file beside it and rename that. An empty file is taken for damaged: a comment says that nothing is revoked.',
  ),
  typ: optional(word, 'not checked', 'The `typ` that its tokens must have.'),
  gatewayClaim: optional(word, '`gatewayId`, else `sub`', 'The claim that names the gateway.'),
})

/** Everything that can be configured. */
export const schema = group({
  data: key(
    path,
    './data',
    'Folder of everything that is kept: database, keys, administrator, state.',
  ),
  database: key(
    database,
    {
      says: '`sqlite:` and `warder.db` in `data`',
      text: (of) => `sqlite:${folderOf(of)}/warder.db`,
    },
    'The authority’s database; one with a password has no place on the command line.',
  ),
  listen: group({
    http: listener('127.0.0.1:7070', 'Decisions over HTTP.'),
    grpc: listener('127.0.0.1:7071', 'Decisions over gRPC.'),
    spoe: listener('127.0.0.1:7072', 'Decisions over SPOE.'),
    authority: listener('127.0.0.1:7080', 'Management, tokens, feed and console.'),
    ops: group(
      {
        address: key(
          address,
          {
            says: '`127.0.0.1:7090`; for `warder authority` `127.0.0.1:7091`',
            text: (_, { opsPort }) => `127.0.0.1:${opsPort}`,
          },
          'Health, status and metrics.',
        ),
        tls: tls(),
      },
      'address',
    ),
  }),
  workers: key(
    count(1, 256),
    { says: 'one for each processor', text: (_, { processors }) => String(processors) },
    'Threads that answer gateways.',
  ),
  authority: group(
    {
      url: optional(url, 'what the enrolment says', 'The authority that a verifier follows.'),
      ca: optional(
        path,
        'the system’s',
        'CAs in PEM that may have signed the authority’s certificate.',
      ),
    },
    'url',
  ),
  enrolment: group(
    {
      value: optional(
        secret('an enrolment (wv1.…)', /^wv1\.[A-Za-z0-9_-]+$/),
        'none',
        'What `warder verifier enrol` printed; has no place on the command line.',
      ),
      file: optional(path, 'none', 'File that holds the enrolment.'),
    },
    'value',
  ),
  stateFile: key(
    path,
    { says: '`state` in `data`', text: (of) => `${folderOf(of)}/state` },
    'Where a verifier keeps what it knows, to start without the authority.',
  ),
  freshness: group({
    staleAfter: key(
      duration('100ms', '1d'),
      '15s',
      'Time without a word from the authority after which a verifier says that it is behind.',
    ),
    expireAfter: key(
      duration('200ms', '30d'),
      '1h',
      'Time after which it no longer judges; see `outage.expired`. For a JWK set that is fetched, 15 minutes at the least.',
    ),
  }),
  revocation: group({
    wait: key(
      duration('0s', '1m'),
      '1s',
      'How long a revocation waits for the verifiers to have applied it before it answers.',
    ),
  }),
  outage: group({
    noState: key(outcome, 'unavailable', 'The answer while nothing is known, of all or an issuer.'),
    expired: key(outcome, 'unavailable', 'The answer when what is known is too old.'),
    internalError: key(outcome, 'unavailable', 'The answer when judging failed.'),
  }),
  doors: group({
    nginx: door(),
    forward: door(),
    envoy: door(),
    grpc: door(),
    sideband: group({
      ...doorKeys(),
      gatewayTypes: key(
        listOf(
          choice(
            ...(['API_GATEWAY_INTEGRATION', 'PING_FEDERATE', 'PING_INTELLIGENCE'] as const),
            ...(['LDAP', 'RADIUS', 'AUTHORIZE'] as const),
          ),
        ),
        'API_GATEWAY_INTEGRATION,PING_FEDERATE,PING_INTELLIGENCE,LDAP,RADIUS,AUTHORIZE',
        'The types of gateways that the sideband door accepts, where a credential names its type.',
      ),
      requestsPerSecond: optional(
        count(1, 1_000_000),
        'any number',
        'Questions of one credential in a second, counted by each thread; beyond it 429.',
      ),
      stateKey: optional(
        secret('32 bytes in base64url', /^[A-Za-z0-9_-]{43}$/),
        'drawn at each start',
        'Seals what kits carry to their response leg: the same for all verifiers that a gateway may ask.',
      ),
    }),
    authzen: door(),
    spoe: door(),
  }),
  authzen: group({
    identifier: key(
      url,
      { says: '`verifierUrl`', text: (of) => of('verifierUrl') ?? '' },
      'The `policy_decision_point` that AuthZEN’s discovery names.',
    ),
  }),
  trust,
  leeway: group({
    exp: key(duration('0s', '5m'), '0s', 'How long after its `exp` a token still counts.'),
    nbf: key(duration('0s', '5m'), '60s', 'How far `nbf` and `iat` may lie in the future.'),
  }),
  proofCache: group({
    max: key(count(1, 10_000_000), '100000', 'Proofs of signatures that are kept.'),
  }),
  limits: group({
    headerBytes: key(size('8KiB', '1MiB'), '64KiB', 'Longest head of a request.'),
    bodyBytes: key(size('1KiB', '64MiB'), '1MiB', 'Longest body of a request.'),
    sockets: key(
      count(1, 1_000_000),
      '10000',
      'Open connections of one listener in one worker, fewer where the system allows fewer open files.',
    ),
    batch: key(count(1, 10_000), '100', 'Evaluations in one request.'),
  }),
  publicUrl: key(
    url,
    { says: 'from `listen.authority`', text: addressOf('authority', 7080) },
    'Where clients reach the authority.',
  ),
  verifierUrl: key(
    url,
    { says: 'from `listen.http`', text: addressOf('http', 7070) },
    'Where gateways reach the decisions over HTTP.',
  ),
  credentials: group({
    issuer: key(
      word,
      { says: '`publicUrl`', text: (of) => of('publicUrl') ?? '' },
      'The `iss` of what the authority issues.',
    ),
    audience: key(
      word,
      { says: '`publicUrl`', text: (of) => of('publicUrl') ?? '' },
      'The `aud` of gateway credentials.',
    ),
    algorithm: key(choice('RS256', 'ES256', 'EdDSA'), 'RS256', 'What new signing keys sign with.'),
    maxPerGateway: key(count(1, 100), '5', 'Live credentials of one gateway.'),
    statusList: key(yesNo, 'false', 'Whether new credentials name a Token Status List.'),
  }),
  keyEncryptionKey: optional(
    secret('32 bytes in base64url', /^[A-Za-z0-9_-]{43}$/),
    'made and kept in `keys` in `data`',
    'What the authority encrypts its private keys with; has no place on the command line.',
  ),
  oauth: group({
    accessTokenLifetime: key(duration('1s', '1d'), '1h', 'How long an access token lives.'),
    maxOverlap: key(
      duration('0s', '365d'),
      '30d',
      'How long at most an old secret may be accepted beside its successor.',
    ),
    maxPerOrganization: key(count(1, 1000), '3', 'API credentials of one organization.'),
  }),
  region: key(word, 'local', 'The claim of that name in credentials.'),
  targetGeography: key(word, 'NA', 'The claim of that name in credentials.'),
  targetClusterEnvironment: key(word, 'default', 'The claim of that name in credentials.'),
  log: group({
    level: key(choice('debug', 'info', 'warn', 'error'), 'info', 'The least that is logged.'),
  }),
  insecure: group({
    plaintextAuthority: key(
      yesNo,
      'false',
      'Follow an authority, or fetch a JWK set, on another machine without TLS.',
    ),
    plaintextListen: key(
      yesNo,
      'false',
      'Let the authority listen for other machines without TLS.',
    ),
  }),
})

/** Everything that can be configured, read and complete; durations are in milliseconds, sizes in bytes. */
export type Config = Shape<typeof schema>
