import { isJsonObject, type JsonObject, type JsonValue } from '../../credential/strict-json.ts'
import type { RevokedPresented } from '../revoked-presented.ts'
import type { Use } from '../usage.ts'
import type { Report } from './feed-fleet.ts'
import { never } from './lease.ts'

/** What a verifier reports of itself. */
export interface Status extends Omit<Report, 'isOurs'> {
  /** Where it has come to, by its own account, which a thread of its own may not have yet. */
  readonly place: { readonly epoch: string; readonly revision: number; readonly chain: string }
  readonly usage: readonly Use[]
  readonly revokedPresented: readonly RevokedPresented[]
}

/** Reads a report; `undefined` when it is none. What a verifier has applied is what all of its threads judge by. */
export function readStatus(members: JsonObject): Status | undefined {
  const { revision, epoch, chain, threads, freshness, version } = members
  const leaseMs = readLease(members['expireAfterMs'])
  const isKnown = freshness === 'fresh' || freshness === 'stale' || freshness === 'expired'
  if (!isCount(revision) || !isKnown || typeof version !== 'string') return undefined
  if (typeof epoch !== 'string' || typeof chain !== 'string') return undefined
  if (leaseMs === undefined || !isList(threads) || !threads.every(isCount)) return undefined
  return {
    revision: Math.min(revision, ...threads),
    place: { epoch, revision, chain },
    freshness,
    version: version.slice(0, 64),
    leaseMs,
    usage: listOf(members['usage'], readUse),
    revokedPresented: listOf(members['revokedPresented'], readPresented),
  }
}

/** Longer than any that can be configured, and short enough for its end to be a date. */
const leaseMsMax = 1_000_000_000_000

/** For how long a verifier judges unheard, in milliseconds; `null` for one that never stops. */
export function readLease(value: JsonValue | undefined): number | undefined {
  if (value === null) return never
  if (!isCount(value) || value === 0) return undefined
  return value > leaseMsMax ? never : value
}

function readUse(item: JsonValue): Use | undefined {
  if (!isJsonObject(item)) return undefined
  const { jti, at, source, count } = item
  const whole = typeof jti === 'string' && typeof source === 'string' && isCount(count)
  return whole && typeof at === 'number' ? { jti, at, source, count } : undefined
}

function readPresented(item: JsonValue): RevokedPresented | undefined {
  if (!isJsonObject(item)) return undefined
  const { jti, count } = item
  return typeof jti === 'string' && isCount(count) ? { jti, count } : undefined
}

function listOf<T>(
  value: JsonValue | undefined,
  read: (item: JsonValue) => T | undefined,
): readonly T[] {
  return isList(value) ? value.map(read).filter((item) => item !== undefined) : []
}

const isList = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value)

const isCount = (value: JsonValue | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
