// Whether credentials count, for third parties that cannot follow the feed: signed Token Status Lists.
//
//   GET /.well-known/status-list/N → application/statuslist+jwt
//   two bits a credential, the lowest first: 0 valid, 1 revoked for good, 2 suspended for now

import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { deflate } from 'node:zlib'
import { mintStatusList } from '../credential/mint.ts'
import { epochSeconds } from '../credential/time.ts'
import type { Store } from '../store/store.ts'
import type { Clock } from '../system/clock.ts'
import type { AuthoritySettings } from './settings.ts'
import type { SigningKeys } from './signing-keys.ts'
import { placesPerList, statusListUrl } from './status-places.ts'

export interface StatusListParts {
  readonly store: Store
  readonly clock: Clock
  readonly keys: SigningKeys
  readonly settings: AuthoritySettings
}

/** Answers requests for status lists; false for any other. */
export type StatusLists = (request: IncomingMessage, response: ServerResponse) => boolean

/** Two bits hold all of them. */
const bitsPerPlace = 2
const placesPerByte = 8 / bitsPerPlace
const invalid = 1
const suspended = 2

/** As a verifier's knowledge: to be asked for again soon, and not to be relied on after long. */
const ttlSeconds = 15
const lifetimeSeconds = 3600
const keptMs = 1000
const path = /^\/\.well-known\/status-list\/(\d{1,9})$/
const compress = promisify(deflate)

interface Made {
  readonly at: number
  readonly token: Promise<string | undefined>
}

/** Creates what answers for status lists. */
export function createStatusLists(parts: StatusListParts): StatusLists {
  const made = new Map<number, Made>()
  const tokenOf = (list: number) => {
    const now = parts.clock.monotonic()
    const known = made.get(list)
    if (known && now - known.at < keptMs) return known.token
    const making = { at: now, token: makeList(parts, list) }
    made.delete(list)
    made.set(list, making)
    const forget = () => {
      if (made.get(list) === making) made.delete(list)
    }
    // Of lists that are not there, anybody can name any number: they take no room from those that are.
    making.token.then((token) => token ?? forget(), forget)
    for (const [other, { at }] of made) {
      if (now - at < keptMs) break
      made.delete(other)
    }
    return making.token
  }
  return (request, response) => {
    const [target = '', query] = (request.url ?? '').split('?')
    const [, number] = path.exec(target) ?? []
    if (number === undefined) return false
    const refused = refusalOf(request.method, query)
    if (refused !== undefined) answer(response, refused)
    else
      tokenOf(Number(number)).then(
        (token) => answer(response, token === undefined ? 404 : 200, token),
        () => answer(response, 503),
      )
    return true
  }
}

/** How it was at another time is not kept. */
function refusalOf(method: string | undefined, query: string | undefined): number | undefined {
  if (method !== 'GET' && method !== 'HEAD') return 405
  return new URLSearchParams(query).has('time') ? 501 : undefined
}

const headersOf: Readonly<Record<number, Record<string, string>>> = {
  200: { 'content-type': 'application/statuslist+jwt', 'cache-control': `max-age=${ttlSeconds}` },
  405: { allow: 'GET, HEAD' },
  503: { 'retry-after': '1' },
}

function answer(response: ServerResponse, status: number, body = ''): void {
  // Everybody may read it, browsers too.
  response.writeHead(status, {
    'cache-control': 'no-store',
    'access-control-allow-origin': '*',
    'content-length': body.length,
    ...headersOf[status],
  })
  response.end(body)
}

async function makeList(
  { store, clock, keys, settings }: StatusListParts,
  list: number,
): Promise<string | undefined> {
  const now = Math.floor(clock.wall() / 1000)
  const statuses = await readStatuses(store, list * placesPerList)
  if (!statuses) return undefined
  const lst = (await compress(packed(statuses))).toString('base64url')
  return mintStatusList(
    {
      iss: settings.credentials.issuer,
      sub: statusListUrl(settings.publicUrl, list),
      iat: epochSeconds(now),
      exp: epochSeconds(now + lifetimeSeconds),
      ttl: ttlSeconds,
      status_list: { bits: bitsPerPlace, lst },
    },
    keys.signer(),
  )
}

function packed(statuses: ReadonlyMap<number, number>): Buffer {
  const bytes = Buffer.alloc(placesPerList / placesPerByte)
  for (const [place, status] of statuses) {
    const at = Math.floor(place / placesPerByte)
    bytes[at] = (bytes[at] ?? 0) | (status << ((place % placesPerByte) * bitsPerPlace))
  }
  return bytes
}

/** The places that do not count, by their place in the list; `undefined` when there is no such list. */
async function readStatuses(
  store: Store,
  from: number,
): Promise<ReadonlyMap<number, number> | undefined> {
  const rows = await store.read((db) =>
    db
      .selectFrom('statusEntries')
      .leftJoin('credentials', 'credentials.id', 'statusEntries.credentialId')
      .leftJoin('signingKeys', 'signingKeys.kid', 'credentials.kid')
      .leftJoin('gateways', 'gateways.id', 'credentials.gatewayId')
      .leftJoin('environments', 'environments.id', 'credentials.environmentId')
      .select([
        'statusEntries.place',
        'credentials.revokedAt',
        'signingKeys.state',
        'gateways.enabled as gatewayEnabled',
        'gateways.deletedAt as gatewayDeletedAt',
        'environments.enabled as environmentEnabled',
        'environments.deletedAt as environmentDeletedAt',
      ])
      .where('statusEntries.place', '>=', from)
      .where('statusEntries.place', '<', from + placesPerList)
      .execute(),
  )
  if (rows.length === 0) return undefined
  return new Map(rows.map((row) => [row.place - from, statusOf(row)]))
}

interface StatusFacts {
  readonly revokedAt: number | null
  readonly state: string | null
  readonly gatewayEnabled: number | null
  readonly gatewayDeletedAt: number | null
  readonly environmentEnabled: number | null
  readonly environmentDeletedAt: number | null
}

/** A credential that is being made is not there yet, and valid. */
function statusOf(facts: StatusFacts): number {
  const ended = [facts.revokedAt, facts.gatewayDeletedAt, facts.environmentDeletedAt]
  if (facts.state === 'retired' || ended.some((at) => at !== null)) return invalid
  return facts.gatewayEnabled === 0 || facts.environmentEnabled === 0 ? suspended : 0
}
