// The keys that may sign the feed. The enrolment pins the thumbprint of the first; each later one was announced in a
// line that an earlier one signed:
//
//   {"first":{ jwk },"announcements":["line","line",…]}
//
// Whoever was away for a while gets all of it from the authority and can check it alone.

import { algorithms } from '../../credential/algorithm.ts'
import { parseCompact } from '../../credential/compact.ts'
import type { TrustedKey } from '../../credential/key-ring.ts'
import { importKeySet } from '../../credential/key-set.ts'
import { authenticate } from '../../credential/signature.ts'
import {
  isJsonObject,
  parseJsonObject,
  type JsonObject,
  type JsonValue,
} from '../../credential/strict-json.ts'
import { feedType } from '../../standing/feed-line.ts'

/** The trusted keys, and what proves that they are to be trusted. */
export interface FeedKeys {
  /** The payload of a line that one of the keys signed; `undefined` for any other. */
  readonly open: (line: string) => Buffer | undefined
  /** Trusts a key that was announced in a line of the feed itself. */
  readonly announced: (line: string, jwk: JsonObject) => Promise<void>
  /** What lets another process trust the same keys. */
  readonly record: () => FeedKeyRecord
}

export interface FeedKeyRecord {
  readonly first: JsonObject
  readonly announcements: readonly string[]
}

/** Reads keys that begin with the pinned one; `undefined` when they do not hold together. */
export async function readFeedKeys(
  record: JsonValue | undefined,
  pinned: string,
): Promise<FeedKeys | undefined> {
  if (!isJsonObject(record)) return undefined
  const { first, announcements } = record
  const root = await importFeedKey(first)
  if (!isJsonObject(first) || root?.thumbprint !== pinned) return undefined
  if (!Array.isArray(announcements)) return undefined
  const lines: readonly JsonValue[] = announcements
  const keys = createFeedKeys(first, root)
  for (const line of lines) if (!(await announce(keys, line))) return undefined
  return keys
}

async function announce(keys: FeedKeys, line: JsonValue): Promise<boolean> {
  const payload = typeof line === 'string' ? keys.open(line) : undefined
  const members = payload && parseJsonObject(payload)
  const jwk = members?.['kind'] === 'feed-key-added' ? members['jwk'] : undefined
  if (typeof line !== 'string' || !isJsonObject(jwk)) return false
  await keys.announced(line, jwk)
  return true
}

function createFeedKeys(first: JsonObject, root: TrustedKey): FeedKeys {
  const trusted = new Map([[root.thumbprint, root]])
  const announcements: string[] = []
  const byKid = { key: (kid: string | undefined) => trusted.get(kid ?? '') }
  return {
    open(line) {
      const compact = parseCompact(line)
      if (typeof compact === 'string' || compact.header['typ'] !== feedType) return undefined
      return typeof authenticate(compact, byKid) === 'object' ? compact.payload : undefined
    },
    async announced(line, jwk) {
      const key = await importFeedKey(jwk)
      if (!key) throw new TypeError('a feed key that was announced cannot be used')
      if (trusted.has(key.thumbprint)) return
      trusted.set(key.thumbprint, key)
      announcements.push(line)
    },
    record: () => ({ first, announcements: [...announcements] }),
  }
}

/** A feed key goes by its thumbprint, whatever it calls itself. */
async function importFeedKey(jwk: JsonValue | undefined): Promise<TrustedKey | undefined> {
  if (!isJsonObject(jwk)) return undefined
  const set = await importKeySet({ keys: [jwk] }, algorithms)
  const key = set?.keys[0]
  return key?.algorithm === 'EdDSA' ? key : undefined
}
