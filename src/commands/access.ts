// How a command finds its authority, and as whom it speaks: WARDER_URL, WARDER_CLIENT_ID, WARDER_CLIENT_SECRET and
// WARDER_ENVIRONMENT, and for what these do not say, admin.json in the data folder.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { isLoopback } from '../config/address.ts'
import { url as webAddress } from '../config/kinds.ts'
import { loadConfig } from '../config/load.ts'
import { describeMistake } from '../config/mistake.ts'
import type { Config } from '../config/schema.ts'
import { Secret } from '../config/secret.ts'
import { codeOf } from '../system/error-code.ts'
import { CommandFailed } from './failed.ts'
import type { Order } from './command.ts'
import { readTree, type Tree } from './reading.ts'

/** Where the authority is, and who speaks to it. */
export interface Access {
  /** No slash at the end. */
  readonly url: string
  /** CAs in PEM that may have signed its certificate; the system's where there are none. */
  readonly ca: string | undefined
  readonly environmentId: string
  readonly clientId: string
  readonly clientSecret: Secret
  /** Where this was found, for messages. */
  readonly from: string
}

/** Finds the authority and the client to speak as. */
export function findAccess(order: Order): Access {
  const config = readSettings(order)
  const path = join(config.data, 'admin.json')
  const { env } = process
  const given = {
    url: env['WARDER_URL'] ?? '',
    environmentId: env['WARDER_ENVIRONMENT'] ?? '',
    clientId: env['WARDER_CLIENT_ID'] ?? '',
    clientSecret: env['WARDER_CLIENT_SECRET'] ?? '',
  }
  if ((given.clientId === '') !== (given.clientSecret === '')) {
    throw new CommandFailed(
      'WARDER_CLIENT_ID and WARDER_CLIENT_SECRET belong together: set both, or neither',
    )
  }
  const whole = !Object.values(given).includes('')
  const admin = whole ? {} : readAdmin(path)
  const of = (value: string, name: string) => (value === '' ? memberOf(admin, name, path) : value)
  const url = of(given.url, 'authority').replace(/\/+$/, '')
  checkUrl(url, config)
  return {
    url,
    ca: config.authority.ca === undefined ? undefined : readCa(config.authority.ca),
    environmentId: of(given.environmentId, 'environmentId'),
    clientId: of(given.clientId, 'clientId'),
    clientSecret: new Secret(of(given.clientSecret, 'clientSecret')),
    from: given.clientId === '' ? path : 'WARDER_CLIENT_ID',
  }
}

/** Where a verifier answers for itself, as somebody wrote it. */
export function findVerifier(order: Order, written: string): Pick<Access, 'url' | 'ca'> {
  const config = readSettings(order)
  const url = written.replace(/\/+$/, '')
  const parsed = parseAddress(url)
  if (!parsed) throw new CommandFailed('--verifier is no address: write http://127.0.0.1:7090')
  if (parsed.protocol === 'http:' && !isLoopback(parsed.hostname)) {
    throw new CommandFailed(
      'the token would travel without TLS: a verifier explains to its own machine only, so run this there',
    )
  }
  return { url, ca: config.authority.ca === undefined ? undefined : readCa(config.authority.ca) }
}

/** Messages name the address, so nothing secret may stand in it. */
function parseAddress(written: string): URL | undefined {
  return webAddress.read(written).ok ? new URL(written) : undefined
}

function readSettings(order: Order): Config {
  const data = order.value('data')
  const loaded = loadConfig({
    argv: data === undefined ? [] : [`--data=${data}`],
    env: process.env,
    cwd: process.cwd(),
    readFile: (path) => readFileSync(path, 'utf8'),
  })
  if (loaded.ok) return loaded.config
  throw new CommandFailed(loaded.mistakes.map(describeMistake).join('\n'))
}

function readAdmin(path: string): Tree {
  const admin = readTree(readText(path, fixes))
  if (admin) return admin
  throw new CommandFailed(`${path} is no JSON object: ${fixes}`)
}

const fixes =
  'name the data folder of a running "warder serve" with --data, or set WARDER_URL, WARDER_ENVIRONMENT, ' +
  'WARDER_CLIENT_ID and WARDER_CLIENT_SECRET'

function readCa(path: string): string {
  return readText(path, 'authority.ca has to name a file with certificates in PEM')
}

function readText(path: string, fix: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CommandFailed(`${path} cannot be read (${codeOf(error)}): ${fix}`, { cause: error })
  }
}

function memberOf(admin: Tree, name: string, path: string): string {
  const value = admin[name]
  if (typeof value === 'string' && value !== '') return value
  throw new CommandFailed(`${path} has no "${name}": ${fixes}`)
}

function checkUrl(url: string, { insecure }: Config): void {
  const parsed = parseAddress(url)
  if (!parsed) {
    throw new CommandFailed('WARDER_URL is no address: write http://HOST:PORT or https://HOST:PORT')
  }
  if (parsed.protocol === 'http:' && !isLoopback(parsed.hostname) && !insecure.plaintextAuthority) {
    throw new CommandFailed(
      `the administrator's secret would travel to ${parsed.host} without TLS: ` +
        'write https://, or set WARDER_INSECURE_PLAINTEXT_AUTHORITY=true',
    )
  }
}
