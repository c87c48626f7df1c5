import type { Algorithm } from '../credential/algorithm.ts'
import type { TrustedKey } from '../credential/key-ring.ts'
import type { RevokedSet } from '../standing/revoked-set.ts'
import type { Clock } from '../system/clock.ts'
import { watchFile, type Reading } from '../system/watch-file.ts'
import { createFollowedKeys } from './followed-keys.ts'
import { createRefresh, type Refresh } from './key-set-refresh.ts'
import { fetchKeySet, readKeySet, type KeySetReading } from './key-set-source.ts'
import { readRevokedFile, type RevokedFile } from './revoked-file.ts'
import { createRevokedList } from './revoked-list.ts'
import type { TrustReports } from './trust-reports.ts'

/** An outside issuer as the configuration describes it. */
export interface TrustSettings {
  readonly issuer: string
  readonly kind: 'gateway' | 'client'
  /** A path, or a URL of http or https. */
  readonly jwks: string
  readonly audience: readonly string[]
  readonly algorithms: readonly Algorithm[]
  readonly revoked: string | undefined
  readonly typ: string | undefined
  readonly gatewayClaim: string | undefined
}

export interface TrustSourceParts extends TrustReports {
  readonly entry: TrustSettings
  readonly clock: Clock
  readonly random: () => number
  readonly revoked: RevokedSet
  /** Told of each good key set that is read, for those that count together to be chosen. */
  readonly onKeys: () => void
  /** How long a key set that is fetched may be gone by without being fetched again. */
  readonly expireAfterMs: number
  readonly onChange: () => void
}

/** What is known of one outside issuer, from its key set and its list of revoked ids. */
export interface TrustSource {
  readonly entry: TrustSettings
  /** The keys that count. */
  readonly keys: () => readonly TrustedKey[]
  /** The keys that were read last, whether they count or not. */
  readonly latest: () => readonly TrustedKey[]
  /** Lets the keys that were read last count; says whether others did before. */
  readonly accept: () => boolean
  /** Leaves the keys that were read last out, and says why. */
  readonly refuse: (problem: string) => void
  /** Whether the key set was last fetched too long ago to be gone by; a file never was. */
  readonly isOutdated: () => boolean
  readonly keysAgeMs: () => number
  /** Whether the key set and the list have been read at least once. */
  readonly known: () => boolean
  readonly start: () => Promise<void>
  readonly hurry: () => void
  readonly close: () => void
}

/** Makes the source for one entry of `trust`. What is broken changes nothing but what is said of it. */
export function createTrustSource(parts: TrustSourceParts): TrustSource {
  const { entry, onChange } = parts
  const { jwks, algorithms, revoked: path } = entry
  const closing: (() => void)[] = []
  const keys = createFollowedKeys(`key set ${placeOf(jwks)} ${whose(entry)}`, parts)
  let listed = path === undefined
  let refresh: Refresh | undefined

  const take = async (reading: Reading) => void keys.take(await readingOf(reading, algorithms))
  const followUrl = async () => {
    refresh = createRefresh({
      ...parts,
      fetch: async () => keys.take(await fetchKeySet(jwks, algorithms)),
      onOutdated(isOutdated) {
        parts.onOutdated(keys.source, isOutdated)
        onChange()
      },
    })
    await refresh.first()
  }

  return {
    entry,
    keys: () => keys.inForce() ?? [],
    latest: keys.latest,
    accept() {
      const isNews = keys.accept()
      if (isNews) refresh?.renew()
      return isNews
    },
    refuse: keys.refuse,
    isOutdated: () => refresh?.isOutdated() ?? false,
    keysAgeMs: () => refresh?.ageMs() ?? 0,
    known: () => listed && keys.inForce() !== undefined,
    async start() {
      if (path !== undefined) {
        const onRead = () => {
          listed = true
          onChange()
        }
        closing.push(await followList(path, parts, onRead))
      }
      if (isUrl(jwks)) await followUrl()
      else closing.push(await watchInTurn(jwks, take))
    },
    hurry: () => refresh?.hurry(),
    close() {
      refresh?.close()
      for (const close of closing) close()
    },
  }
}

/** Entries may share a file, and one may find it good that the other cannot use. */
const whose = ({ kind, issuer }: TrustSettings) => `for ${kind}s of ${issuer}`

/** Follows a list of revoked ids; resolves when it was looked at for the first time. */
async function followList(
  path: string,
  parts: TrustSourceParts,
  onRead: () => void,
): Promise<() => void> {
  const { entry, clock, revoked: set } = parts
  const source = `revoked list ${path} ${whose(entry)}`
  const onLetGo = (gone: number) => {
    parts.onLetGo(source, gone)
    parts.onChange()
  }
  const list = createRevokedList({ set, segment: `${entry.issuer} ${path}`, clock, onLetGo })
  const close = await watchInTurn(path, (reading) => {
    const file = listOf(reading, entry.issuer)
    parts.onSource(source, file.kind === 'broken' ? file.problem : undefined)
    if (file.kind === 'broken') return list.unread()
    parts.onList(source, file.count, list.take(file.ids(), file.count))
    return onRead()
  })
  return () => {
    close()
    list.close()
  }
}

/** A list that can be gone by, or what is wrong with it. */
function listOf(reading: Reading, issuer: string): RevokedFile {
  return reading.kind === 'content'
    ? readRevokedFile(reading.bytes, issuer)
    : { kind: 'broken', problem: `cannot be read (${reading.code})` }
}

/** Watches a file and has its readings taken one after the other; resolves when the first one was. */
async function watchInTurn(path: string, read: (reading: Reading) => unknown): Promise<() => void> {
  let turn = Promise.resolve()
  const take = (reading: Reading) => {
    turn = turn.then(async () => void (await read(reading)))
    return turn
  }
  const watched = await watchFile({ path, onChange: (reading) => void take(reading) })
  await take(watched.first)
  return () => watched.close()
}

/** A query may hold what is nobody else's business. */
const placeOf = (jwks: string) => (isUrl(jwks) ? jwks.replace(/\?.*/, '') : jwks)

const isUrl = (jwks: string) => /^https?:\/\//i.test(jwks)

async function readingOf(
  reading: Reading,
  algorithms: readonly Algorithm[],
): Promise<KeySetReading> {
  return reading.kind === 'content'
    ? readKeySet(reading.bytes, algorithms)
    : { kind: 'broken', problem: `cannot be read (${reading.code})` }
}
