// Who a client of the API is. An unknown client, a wrong secret and a wrong address cannot be told apart, by the answer
// or by what it costs. Guesses are slowed down by telling whoever guesses to wait; who has the secret is never told
// to, so that nobody can keep a client out by guessing in its name.

import { isWithin, rangeOf, type AddressRange } from '../credential/address-range.ts'
import type { Store } from '../store/store.ts'
import type { Clock } from '../system/clock.ts'
import type { Log } from '../telemetry/log.ts'
import { createApiClientFinder, type ApiCredentialRow } from './api-client-finder.ts'
import { createApiClientUses } from './api-client-uses.ts'
import { readBasic, type BasicCredentials } from './basic-credentials.ts'
import type { ClientSecrets } from './client-secrets.ts'
import type { FailedAccess } from './failed-access.ts'
import { createGuessLimit } from './guess-limit.ts'
import { oauthRefusal, type Refusal } from './outcome.ts'
import type { RawCall } from './route.ts'

/** A client that has shown its secret. */
export interface ApiClient {
  /** Of its API credential. */
  readonly id: string
  readonly organizationId: string
  readonly clientId: string
  readonly audience: string
  readonly scopes: readonly string[]
  /** Where it may ask from; empty for anywhere. */
  readonly allowedAddresses: readonly string[]
  readonly generation: number
}

/** What becomes of a client that shows who it is. */
type Authentication =
  | { readonly kind: 'client'; readonly client: ApiClient }
  | { readonly kind: 'refused' }
  /** Refused, and to wait before the next attempt. */
  | { readonly kind: 'limited'; readonly seconds: number }

/** The clients of the API. */
export interface ApiClients {
  /** Says who shows these, from an address. */
  readonly authenticate: (shown: BasicCredentials, source: string) => Promise<Authentication>
  readonly close: () => Promise<void>
}

export interface ApiClientParts {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly secrets: ClientSecrets
  readonly onFailed: (failed: FailedAccess) => void
}

const idForm = /^[\x21-\x7e]{1,128}$/

/** Creates what knows clients. */
export function createApiClients(parts: ApiClientParts): ApiClients {
  const { store, clock, log, onFailed } = parts
  // Of their own: who guesses here holds up no administrator.
  const limit = createGuessLimit(clock)
  const find = createApiClientFinder(store)
  const uses = createApiClientUses(store, clock, log)
  return {
    async authenticate({ clientId, secret }, source) {
      // What cannot be a client id is looked for all the same, under a name that nobody has.
      const row = await find(idForm.test(clientId) ? clientId : '-')
      const matched = matchingSecret(parts, row, secret)
      if (row && matched && isAllowedFrom(row, source)) {
        uses.note(row, matched, source)
        return { kind: 'client', client: clientOf(row) }
      }
      const wait = limit.attempt(clientId, source)
      if (wait > 0) return { kind: 'limited', seconds: wait }
      onFailed({
        action: 'token.refused',
        actor: row?.clientId ?? 'unknown',
        target: row?.id ?? 'unknown',
        organizationId: row?.organizationId ?? null,
        environmentId: null,
        source,
      })
      return { kind: 'refused' }
    },
    close: () => uses.close(),
  }
}

/** Both secrets are compared each time, whether there are two, one or none. */
function matchingSecret(
  { secrets, clock }: ApiClientParts,
  row: ApiCredentialRow | undefined,
  secret: string,
): 'current' | 'previous' | undefined {
  const current = secrets.matches(row, secret)
  const previous = secrets.matches(row && previousOf(row, clock.wall()), secret)
  if (current) return 'current'
  return previous ? 'previous' : undefined
}

function previousOf(row: ApiCredentialRow, now: number) {
  const { previousSecretHash: secretHash, previousPepper: pepper, previousExpiresAt } = row
  if (secretHash === null || pepper === null || previousExpiresAt === null) return undefined
  return now < previousExpiresAt ? { secretHash, pepper } : undefined
}

function isAllowedFrom(row: ApiCredentialRow, source: string): boolean {
  const list = readList(row.allowedAddresses)
  return list.length === 0 || isWithin(list.map(keptRange), source)
}

function keptRange(text: string): AddressRange {
  const range = rangeOf(text)
  if (!range) throw new TypeError('a range of addresses is not kept as one')
  return range
}

function clientOf(row: ApiCredentialRow): ApiClient {
  const { id, organizationId, clientId, audience, generation } = row
  const scopes = readList(row.scopes)
  const allowedAddresses = readList(row.allowedAddresses)
  return { id, organizationId, clientId, audience, generation, scopes, allowedAddresses }
}

/** Reads a list of texts as it is kept. */
export function readList(kept: string): readonly string[] {
  if (kept === '[]') return []
  const list: unknown = JSON.parse(kept)
  const texts =
    Array.isArray(list) && list.every((text): text is string => typeof text === 'string')
  if (!texts) throw new TypeError('a list is not kept as one')
  return list
}

/** What a request shows of its client: both parts, or what is wrong with it. */
export type ShownClient =
  | { readonly kind: 'shown'; readonly shown: BasicCredentials }
  | { readonly kind: 'missing'; readonly parameter: 'client_id' | 'client_secret' }
  /** The header is there and says nothing that can be read. */
  | { readonly kind: 'unreadable' }
  | Refusal

/** Reads who a client says it is: from `Authorization: Basic`, or from the body, or the same from both. */
export function readClient({ authorization, body = {} }: RawCall): ShownClient {
  const { client_id: clientId, client_secret: secret } = body
  if (!isTextOrAbsent(clientId) || !isTextOrAbsent(secret)) {
    return oauthRefusal(400, 'invalid_request', 'Client credentials must be text')
  }
  return authorization.length === 0
    ? readBodyClient(clientId, secret)
    : readHeaderClient(authorization, { clientId, secret })
}

function readBodyClient(clientId: string | undefined, secret: string | undefined): ShownClient {
  if (clientId === undefined) return { kind: 'missing', parameter: 'client_id' }
  if (secret === undefined) return { kind: 'missing', parameter: 'client_secret' }
  return { kind: 'shown', shown: { clientId, secret } }
}

interface BodyClient {
  readonly clientId: string | undefined
  readonly secret: string | undefined
}

function readHeaderClient(authorization: readonly string[], body: BodyClient): ShownClient {
  const basic = readBasic(authorization)
  const { clientId = basic?.clientId, secret = basic?.secret } = body
  const same = clientId === basic?.clientId && secret === basic?.secret
  if (!same || authorization.length > 1) {
    return oauthRefusal(400, 'invalid_request', 'More than one method of client authentication')
  }
  return basic ? { kind: 'shown', shown: basic } : { kind: 'unreadable' }
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}
