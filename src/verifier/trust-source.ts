import type { Algorithm } from '../credential/algorithm.ts'
import type { TrustedKey } from '../credential/key-ring.ts'
import type { KeySet } from '../credential/key-set.ts'
import type { RevocationId } from '../credential/revocation-id.ts'
import type { Clock } from '../system/clock.ts'
import { watchFile, type Reading } from '../system/watch-file.ts'
import { createRefresh, type Refresh } from './key-set-refresh.ts'
import { fetchKeySet, readKeySet, type KeySetReading } from './key-set-source.ts'
import { readRevokedFile } from './revoked-file.ts'

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

export interface TrustSourceParts {
  readonly entry: TrustSettings
  readonly clock: Clock
  readonly random: () => number
  /** Offered a good key set; false refuses it. */
  readonly takeKeys: (source: string, set: KeySet) => boolean
  readonly takeRevoked: (path: string, ids: Iterable<RevocationId>, count: number) => void
  /** How long a key set that is fetched may be gone by without being fetched again. */
  readonly expireAfterMs: number
  /** Told when a key set has become too old for its tokens to be judged by, and when it is new again. */
  readonly onOutdated: (source: string, isOutdated: boolean) => void
  readonly onChange: () => void
  readonly onSource: (source: string, problem: string | undefined) => void
}

/** What is known of one outside issuer, from its key set and its list of revoked ids. */
export interface TrustSource {
  readonly entry: TrustSettings
  readonly keys: () => readonly TrustedKey[]
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
  const { entry, takeKeys, onChange, onSource } = parts
  const { jwks, algorithms, revoked: path } = entry
  // Entries may share a file, and one may find it good that the other cannot use.
  const whose = `for ${entry.kind}s of ${entry.issuer}`
  const source = `key set ${jwks} ${whose}`
  const closing: (() => void)[] = []
  let keys: readonly TrustedKey[] | undefined
  let listed = path === undefined
  let refresh: Refresh | undefined

  const take = (reading: KeySetReading): boolean => {
    if (reading.kind === 'broken') onSource(source, reading.problem)
    if (reading.kind === 'broken' || !takeKeys(source, reading.set)) return false
    keys = reading.set.keys
    return true
  }
  const takeList = (at: string, reading: Reading) => {
    const list = listOf(reading, entry.issuer)
    onSource(`revoked list ${at} ${whose}`, typeof list === 'string' ? list : undefined)
    if (typeof list === 'string') return
    parts.takeRevoked(at, list.ids(), list.count)
    listed = true
    onChange()
  }
  const watch = async (at: string, read: (reading: Reading) => unknown) => {
    closing.push(await watchInTurn(at, read))
  }
  const follow = async () => {
    refresh = createRefresh({
      ...parts,
      fetch: async () => take(await fetchKeySet(jwks, algorithms)),
      onOutdated: (isOutdated) => parts.onOutdated(source, isOutdated),
    })
    await refresh.first()
  }

  return {
    entry,
    keys: () => keys ?? [],
    isOutdated: () => refresh?.isOutdated() ?? false,
    keysAgeMs: () => refresh?.ageMs() ?? 0,
    known: () => listed && keys !== undefined,
    async start() {
      if (path !== undefined) await watch(path, (reading) => takeList(path, reading))
      if (isUrl(jwks)) await follow()
      else
        await watch(jwks, async (reading) => {
          if (take(await readingOf(reading, algorithms))) onChange()
        })
    },
    hurry: () => refresh?.hurry(),
    close() {
      refresh?.close()
      for (const close of closing) close()
    },
  }
}

/** A list that can be gone by, or what is wrong with it. */
function listOf(reading: Reading, issuer: string) {
  if (reading.kind === 'unreadable') return `cannot be read (${reading.code})`
  const list = readRevokedFile(reading.bytes, issuer)
  if (list.kind === 'broken') return `line ${list.line} is no id`
  // What a full disk or a writer that died leaves behind must not let everybody in again, at a start either.
  return list.isBlank ? 'is empty: write a line that begins with # if nothing is revoked' : list
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

const isUrl = (jwks: string) => /^https?:\/\//i.test(jwks)

async function readingOf(
  reading: Reading,
  algorithms: readonly Algorithm[],
): Promise<KeySetReading> {
  return reading.kind === 'content'
    ? readKeySet(reading.bytes, algorithms)
    : { kind: 'broken', problem: `cannot be read (${reading.code})` }
}
