// The feed inside one process. A follower is given the whole standing, then every change in order; the changes that
// are there at one time come together. What it resolves is its acknowledgement: all of its threads judge by it now.
// A follower that rejects is given the whole standing again a second later.

import { setTimeout as pause } from 'node:timers/promises'
import { parseJsonObject } from '../credential/strict-json.ts'
import { readChange, type Change } from '../standing/change.ts'
import type { StandingSnapshot } from '../standing/snapshot.ts'
import type { Store } from '../store/store.ts'
import type { Clock } from '../system/clock.ts'
import type { Log } from '../telemetry/log.ts'
import { failure } from '../telemetry/safe-text.ts'
import type { Fleet } from './fleet.ts'
import { createLocalFleet, type LocalMember } from './local-fleet.ts'
import { readSnapshot } from './snapshot.ts'

/** A verifier in this process. */
export interface LocalFollower {
  readonly name: string
  readonly version: string
  readonly onSnapshot: (snapshot: StandingSnapshot) => Promise<void>
  readonly onChanges: (changes: readonly Change[]) => Promise<void>
}

/** The feed and the fleet of one process. */
export interface LocalFeed extends Fleet {
  /** Begins to feed a follower; it counts as a verifier from now on until it is let go. */
  readonly follow: (follower: LocalFollower) => { readonly close: () => Promise<void> }
  readonly close: () => Promise<void>
}

export interface LocalFeedParts {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
}

const retryMs = 1000
const changesAtOnce = 500

/** Creates the feed of one process. */
export function createLocalFeed({ store, clock, log }: LocalFeedParts): LocalFeed {
  let newest = 0
  const fleet = createLocalFleet(clock, () => newest)
  const followers = new Set<() => Promise<void>>()
  const news = createBell()
  const stopNews = store.onRevision((revision) => {
    newest = revision
    news.ring()
  })

  const feedOnce = async (follower: LocalFollower, member: LocalMember, signal: AbortSignal) => {
    const snapshot = await readSnapshot(store, clock)
    await follower.onSnapshot(snapshot)
    fleet.acknowledge(member, snapshot.revision)
    for (let applied: number = snapshot.revision; !signal.aborted;) {
      const heard = news.next()
      const changes = await readChanges(store, applied)
      if (changes.length > 0) {
        await follower.onChanges(changes)
        applied = changes.at(-1)?.revision ?? applied
        fleet.acknowledge(member, applied)
      } else if (!signal.aborted) {
        await heard
      }
    }
  }
  const feed = async (follower: LocalFollower, member: LocalMember, signal: AbortSignal) => {
    while (!signal.aborted) {
      try {
        await feedOnce(follower, member, signal)
      } catch (error) {
        log.error('a verifier in this process could not follow the feed', { why: failure(error) })
        await pause(retryMs, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  return {
    ...fleet,
    follow(follower) {
      const member = fleet.join(follower.name, follower.version)
      const stop = new AbortController()
      const fed = feed(follower, member, stop.signal)
      const close = async () => {
        followers.delete(close)
        fleet.leave(member)
        stop.abort()
        news.ring()
        await fed
      }
      followers.add(close)
      return { close }
    },
    async close() {
      stopNews()
      await Promise.all([...followers].map((close) => close()))
    },
  }
}

async function readChanges(store: Store, after: number): Promise<readonly Change[]> {
  const rows = await store.read((db) =>
    db
      .selectFrom('changes')
      .select('body')
      .where('revision', '>', after)
      .orderBy('revision')
      .limit(changesAtOnce)
      .execute(),
  )
  return rows.map(({ body }) => {
    const payload = parseJsonObject(Buffer.from(body))
    const change = payload && readChange(payload)
    if (!change) throw new TypeError('a change cannot be read')
    return change
  })
}

/** Wakes everybody who has asked for the next ring. */
function createBell() {
  let next = Promise.withResolvers<void>()
  return {
    next: () => next.promise,
    ring() {
      next.resolve()
      next = Promise.withResolvers<void>()
    },
  }
}
