import { isLoopback, isWildcard, printAddress, type Address } from './address.ts'
import { quote } from './secret.ts'
import type { Config } from './schema.ts'

/** Which process a configuration is for. */
export type Role = 'serve' | 'authority' | 'verifier'

/** A contradiction between keys, or with `warning`, something that is allowed but should be known. */
export interface Finding {
  /** The keys that it is about, the one to change first. */
  readonly keys: readonly string[]
  readonly problem: string
  readonly fix: string
  readonly warning?: true
}

interface Listener {
  readonly key: string
  readonly address: Address
  readonly tls: Config['listen']['http']['tls']
}

function listenersOf(config: Config): readonly Listener[] {
  const own = Object.entries(config.doors).flatMap(([name, { listen }]) =>
    listen.address === undefined
      ? []
      : [{ key: `doors.${name}.listen`, address: listen.address, tls: listen.tls }],
  )
  const shared = Object.entries(config.listen).map(([name, { address, tls }]) => ({
    key: `listen.${name}`,
    address,
    tls,
  }))
  return [...shared, ...own]
}

function* database({ database: { kind } }: Config, role: Role | undefined): Iterable<Finding> {
  // Inside "serve" the verifier hears of its own process alone: others on the same database would not wait for it.
  if (role === 'serve' && kind === 'postgres') {
    yield {
      keys: ['database'],
      problem: '"warder serve" is alone with its database, and Postgres is for several',
      fix: 'run "warder authority" and "warder verifier" instead, or name a database with sqlite:',
    }
  }
}

function* times({ freshness }: Config): Iterable<Finding> {
  if (freshness.staleAfter >= freshness.expireAfter) {
    yield {
      keys: ['freshness.expireAfter', 'freshness.staleAfter'],
      problem: 'knowledge would expire before it is stale',
      fix: 'make freshness.expireAfter longer than freshness.staleAfter',
    }
  }
}

function* tlsFiles({ key, tls }: Listener): Iterable<Finding> {
  const half = (tls.cert === undefined) !== (tls.key === undefined)
  const missing = tls.cert === undefined ? 'cert' : 'key'
  const present = tls.cert === undefined ? 'key' : 'cert'
  if (half) {
    yield {
      keys: [`${key}.tls.${present}`, `${key}.tls.${missing}`],
      problem: `TLS needs ${key}.tls.${missing} too`,
      fix: 'name both files, or neither',
    }
  }
  if (tls.clientCa !== undefined && tls.cert === undefined) {
    yield {
      keys: [`${key}.tls.clientCa`, `${key}.tls.cert`],
      problem: 'clients can show a certificate only over TLS',
      fix: `set ${key}.tls.cert and ${key}.tls.key, or leave this out`,
    }
  }
}

function isExposed({ address, tls }: Listener): boolean {
  return address.kind === 'tcp' && tls.cert === undefined && !isLoopback(address.host)
}

function* exposure(config: Config, listener: Listener, role?: Role): Iterable<Finding> {
  const { key } = listener
  const elsewhere = role === (key === 'listen.authority' ? 'verifier' : 'authority')
  if (!isExposed(listener) || key === 'listen.ops' || elsewhere) return
  if (key !== 'listen.authority') {
    yield {
      keys: [key, `${key}.tls.cert`],
      problem: 'other machines reach this address without TLS, and credentials travel over it',
      fix: `set ${key}.tls, or see to it that only gateways beside it can reach it`,
      warning: true,
    }
  } else if (!config.insecure.plaintextListen) {
    yield {
      keys: [key, `${key}.tls.cert`, 'insecure.plaintextListen'],
      problem: 'other machines would reach the authority without TLS',
      fix: `set ${key}.tls.cert and ${key}.tls.key, listen on 127.0.0.1, or set insecure.plaintextListen to true`,
    }
  }
}

function collide(one: Address, other: Address): boolean {
  if (one.kind === 'unix' && other.kind === 'unix') return one.path === other.path
  if (one.kind !== 'tcp' || other.kind !== 'tcp') return false
  const hosts = one.host === other.host || isWildcard(one.host) || isWildcard(other.host)
  return one.port !== 0 && one.port === other.port && hosts
}

function* listeners(config: Config, role?: Role): Iterable<Finding> {
  const all = listenersOf(config)
  for (const [index, listener] of all.entries()) {
    yield* tlsFiles(listener)
    yield* exposure(config, listener, role)
    const taken = all.slice(0, index).find(({ address }) => collide(address, listener.address))
    if (taken !== undefined) {
      yield {
        keys: [listener.key, taken.key],
        problem: `${printAddress(listener.address)} is also where ${taken.key} listens`,
        fix: 'give each an address of its own',
      }
    }
  }
}

const reserved = new Set(['authorization', 'cookie', 'host', 'proxy-authorization'])

function* door(name: string, settings: Config['doors']['nginx']): Iterable<Finding> {
  const key = `doors.${name}`
  const { listen, boundCredential, carrier, require, headers } = settings
  const alone = listen.address !== undefined && listen.address.kind !== 'off'
  if (boundCredential !== undefined && !alone) {
    yield {
      keys: [`${key}.boundCredential`, `${key}.listen`],
      problem:
        'on a shared listener everybody would be the gateway that this credential stands for',
      fix: `set ${key}.listen to an address that only that gateway reaches`,
    }
  }
  if (boundCredential !== undefined && require === 'client') {
    yield {
      keys: [`${key}.boundCredential`, `${key}.require`],
      problem: 'this door asks for no credential of a gateway',
      fix: `set ${key}.require to gateway or both, or leave this out`,
    }
  }
  if (carrier === 'bearer' && require === 'both') {
    yield {
      keys: [`${key}.carrier`, `${key}.require`],
      problem: 'credential and access token cannot both be the bearer',
      fix: `set ${key}.carrier to client-token`,
    }
  }
  const bad = headers.find((header) => reserved.has(header.toLowerCase()))
  const distinct = new Set(headers.map((header) => header.toLowerCase()))
  if (bad !== undefined || distinct.size < headers.length) {
    yield {
      keys: [`${key}.headers`],
      problem:
        bad === undefined ? 'a name is in the list twice' : `${bad} has a meaning of its own`,
      fix: 'name headers that carry nothing else, each once',
    }
  }
}

function isPlainElsewhere(location: string): boolean {
  if (!/^http:/i.test(location)) return false
  return !isLoopback(new URL(location).hostname)
}

function* authority(config: Config, role: Role | undefined): Iterable<Finding> {
  const { url } = config.authority
  const { value, file } = config.enrolment
  if (url !== undefined && isPlainElsewhere(url) && !config.insecure.plaintextAuthority) {
    yield {
      keys: ['authority', 'insecure.plaintextAuthority'],
      problem: 'the feed would come from another machine without TLS',
      fix: 'write https://, or set insecure.plaintextAuthority to true',
    }
  }
  if (value !== undefined && file !== undefined) {
    yield {
      keys: ['enrolment.file', 'enrolment'],
      problem: 'the enrolment is given both as itself and as a file',
      fix: 'leave one of them out',
    }
  }
  if (role !== 'verifier' || value !== undefined || file !== undefined) return
  if (url !== undefined) {
    yield {
      keys: ['authority', 'enrolment'],
      problem: 'an authority sends its feed to nobody without an enrolment',
      fix: 'set WARDER_ENROLMENT or enrolment.file to what "warder verifier enrol" printed',
    }
  } else if (config.trust.length === 0) {
    yield {
      keys: ['enrolment', 'trust'],
      problem: 'this verifier would know of no credential',
      fix: 'set WARDER_ENROLMENT to what "warder verifier enrol" printed, or list an issuer under trust',
    }
  }
}

const typKinds: Readonly<Record<string, string>> = {
  'gateway-credential+jwt': 'gateway',
  'at+jwt': 'client',
}

type Trusted = Config['trust'][number]

function* trusted(config: Config, trust: Trusted, key: string): Iterable<Finding> {
  const { jwks, kind, typ, gatewayClaim } = trust
  if (isPlainElsewhere(jwks) && !config.insecure.plaintextAuthority) {
    yield {
      keys: [`${key}.jwks`, 'insecure.plaintextAuthority'],
      problem: 'keys would come from another machine without TLS',
      fix: 'write https://, or set insecure.plaintextAuthority to true',
    }
  }
  const typKind = typ === undefined ? undefined : typKinds[typ.toLowerCase()]
  if (typKind !== undefined && typKind !== kind) {
    yield {
      keys: [`${key}.typ`, `${key}.kind`],
      problem: `${quote(typ)} is the type of tokens of kind ${typKind}`,
      fix: `set ${key}.kind to ${typKind}, or correct the typ`,
    }
  }
  if (gatewayClaim !== undefined && kind === 'client') {
    yield {
      keys: [`${key}.gatewayClaim`, `${key}.kind`],
      problem: 'an access token names no gateway',
      fix: 'leave it out, or set kind to gateway',
    }
  }
}

/** Who runs both knows the name of the authority; other verifiers hear it over the feed. */
function* ownName(
  { credentials }: Config,
  { issuer }: Trusted,
  { key, role }: { readonly key: string; readonly role: Role | undefined },
): Iterable<Finding> {
  if (role === 'serve' && issuer === credentials.issuer) {
    yield {
      keys: [`${key}.issuer`, 'credentials.issuer'],
      problem: `${quote(issuer)} is the name under which this authority issues`,
      fix: 'leave this entry out, or give the authority another credentials.issuer',
    }
  }
}

function* trustList(
  config: Config,
  role: Role | undefined,
  places: readonly string[],
): Iterable<Finding> {
  const taken = new Map<string, { readonly key: string; readonly kind: string }>()
  for (const [index, trust] of config.trust.entries()) {
    const key = places[index] ?? 'trust'
    yield* trusted(config, trust, key)
    yield* ownName(config, trust, { key, role })
    for (const audience of trust.audience) {
      const both = JSON.stringify([trust.issuer, audience])
      const other = taken.get(both)
      taken.set(both, other ?? { key, kind: trust.kind })
      if (other === undefined) continue
      const kinds = other.kind === trust.kind ? 'one entry' : 'one kind of token'
      yield {
        keys: [`${key}.issuer`, `${other.key}.issuer`],
        problem: `issuer ${quote(trust.issuer)} and audience ${quote(audience)} stand in ${other.key} already, and can be of ${kinds} only`,
        fix: 'give each its own audience, or remove one',
      }
    }
  }
}

/** Looks for what no key shows alone; `trustKeys` are the names of the entries under `trust`. */
export function* findContradictions(
  config: Config,
  role: Role | undefined,
  trustKeys: readonly string[],
): Iterable<Finding> {
  yield* database(config, role)
  yield* times(config)
  yield* listeners(config, role)
  for (const [name, settings] of Object.entries(config.doors)) yield* door(name, settings)
  yield* authority(config, role)
  yield* trustList(config, role, trustKeys)
}
