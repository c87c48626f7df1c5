// The keys that may sign the feed. The enrolment pins the thumbprint of the first; each later one was announced in a
// line that an earlier one signed, and so was the retirement of each that no longer counts:
//
//   {"first":{ jwk },"announcements":["line","line",…]}
//
// Whoever was away for a while gets all of it from the authority and can check it alone. What was once announced or
// retired stays so: another record can only add to it.

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
import { readChange, type Step } from '../../standing/change.ts'
import { feedType } from '../../standing/feed-line.ts'

/** The trusted keys, and what proves that they are to be trusted. */
export interface FeedKeys {
  /** The payload of a line that one of the keys signed; `undefined` for any other. */
  readonly open: (line: string) => Buffer | undefined
  /** The same of a line that was checked when it came: its key may have been retired since. */
  readonly openKept: (line: string) => Buffer | undefined
  /** Takes what a line of the feed says of its keys, if anything; false where that cannot be. */
  readonly take: (line: string, step: Step) => Promise<boolean>
  /** Takes what another record announces besides; says what came of it. */
  readonly learn: (record: JsonValue | undefined) => Promise<'more' | 'nothing' | 'untrusted'>
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
  const first = isJsonObject(record) ? record['first'] : undefined
  const root = await importFeedKey(first)
  if (!isJsonObject(first) || root?.thumbprint !== pinned) return undefined
  const keys = createFeedKeys(first, root)
  return (await keys.learn(record)) === 'untrusted' ? undefined : keys
}

function createFeedKeys(first: JsonObject, root: TrustedKey): FeedKeys {
  const known = new Map([[root.thumbprint, root]])
  const retired = new Set<string>()
  const announcements: string[] = []
  const ever = { key: (kid: string | undefined) => known.get(kid ?? '') }
  const now = {
    key: (kid: string | undefined) => (retired.has(kid ?? '') ? undefined : ever.key(kid)),
  }

  const take = async (line: string, step: Step): Promise<boolean> => {
    if (step.kind === 'feed-key-added') {
      const key = await importFeedKey(step.jwk)
      if (!key) return false
      if (known.has(key.thumbprint)) return true
      known.set(key.thumbprint, key)
      announcements.push(line)
    }
    if (step.kind === 'feed-key-retired' && !retired.has(step.kid)) {
      const left = [...known.keys()].filter((kid) => kid !== step.kid && !retired.has(kid))
      // Without a key nothing could ever be heard again.
      if (left.length === 0) return false
      retired.add(step.kid)
      announcements.push(line)
    }
    return true
  }
  const learnLine = async (line: JsonValue): Promise<boolean> => {
    const payload = typeof line === 'string' ? openLine(line, now) : undefined
    const members = payload && parseJsonObject(payload)
    const change = members && readChange(members)
    return typeof line === 'string' && change !== undefined && take(line, change)
  }
  /** The key that signed it may have been retired since: what it says was taken before that. */
  const isKnown = (line: JsonValue) => typeof line === 'string' && announcements.includes(line)

  return {
    open: (line) => openLine(line, now),
    openKept: (line) => openLine(line, ever),
    take,
    async learn(record) {
      const lines = isJsonObject(record) ? record['announcements'] : undefined
      if (!Array.isArray(lines)) return 'untrusted'
      const list: readonly JsonValue[] = lines
      const before = announcements.length
      for (const line of list) {
        if (!isKnown(line) && !(await learnLine(line))) return 'untrusted'
      }
      return announcements.length > before ? 'more' : 'nothing'
    },
    record: () => ({ first, announcements: [...announcements] }),
  }
}

interface Keys {
  readonly key: (kid: string | undefined) => TrustedKey | undefined
}

function openLine(line: string, keys: Keys): Buffer | undefined {
  const compact = parseCompact(line)
  if (typeof compact === 'string' || compact.header['typ'] !== feedType) return undefined
  return typeof authenticate(compact, keys) === 'object' ? compact.payload : undefined
}

/** A feed key goes by its thumbprint, whatever it calls itself. */
async function importFeedKey(jwk: JsonValue | undefined): Promise<TrustedKey | undefined> {
  if (!isJsonObject(jwk)) return undefined
  const set = await importKeySet({ keys: [jwk] }, algorithms)
  const key = set?.keys[0]
  return key?.algorithm === 'EdDSA' ? key : undefined
}
