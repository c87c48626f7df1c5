// Writes the feed to everybody who follows: what has happened since they were last here, then each change as it comes,
// and a heartbeat each second. Whoever reads too slowly is cut off rather than buffered for.

import type { ServerResponse } from 'node:http'
import { StoreUnavailable } from '../../store/errors.ts'
import type { Store } from '../../store/store.ts'
import type { Clock } from '../../system/clock.ts'
import { heartbeatLine } from '../../standing/feed-line.ts'
import { isRevision } from '../../standing/standing.ts'
import type { FeedBook } from './feed-book.ts'
import type { Enrolments } from './enrolments.ts'
import type { FeedFleet, FleetVerifier } from './feed-fleet.ts'
import type { FeedSigner } from './feed-signer.ts'
import { scopeKey, type Scope } from './scope.ts'

export interface FeedHubParts {
  readonly store: Store
  readonly clock: Clock
  readonly epoch: string
  readonly book: FeedBook
  readonly signer: FeedSigner
  readonly fleet: FeedFleet
  readonly enrolments: Pick<Enrolments, 'isRevoked' | 'revoked'>
  readonly onError: (error: unknown) => void
}

/** A verifier whose feed is to be written. */
export interface FollowerHere {
  readonly verifier: FleetVerifier
  readonly scope: Scope
  readonly after: number
}

interface Following extends FollowerHere {
  readonly response: ServerResponse
  /** Which of the parts of a second is its own. */
  readonly turn: number
  position: number
  /** Whether lines are being written to it now. */
  busy: boolean
}

const heartbeatMs = 1000
/** In how many parts a second's heartbeats are written, so that never a whole fleet has to wake up at once. */
const turns = 4
const linesAtOnce = 500
const silentMs = 4000
/** What may wait to be read by one follower. */
const waitingBytesMax = 1024 * 1024

/** Writes the feed to all who follow. */
export class FeedHub {
  readonly #parts: FeedHubParts
  readonly #followings = new Set<Following>()
  readonly #underWay = new Set<Promise<void>>()
  readonly #stopNews: () => void
  readonly #timer: NodeJS.Timeout
  /** When heartbeats could be written for the last time, by the monotonic clock, and what went wrong since. */
  #tickedAt: number
  #failure: string | undefined
  #turn = 0
  #nextTurn = 0

  constructor(parts: FeedHubParts) {
    this.#parts = parts
    this.#tickedAt = parts.clock.monotonic()
    this.#stopNews = parts.store.onRevision(() => this.#guard(this.#spread()))
    this.#timer = setInterval(() => this.#guard(this.#tick()), heartbeatMs / turns)
  }

  /** What keeps the feed from running, if anything does. */
  trouble(): string | undefined {
    if (this.#parts.clock.monotonic() - this.#tickedAt <= silentMs) return undefined
    return this.#failure ?? 'feed-silent'
  }

  get followers(): number {
    return this.#followings.size
  }

  /** Writes the feed to a response until it ends; false when the revision is too far back. */
  async follow(follower: FollowerHere, response: ServerResponse): Promise<boolean> {
    const { book, enrolments } = this.#parts
    await book.readOn()
    const reachable = await book.linesAfter(follower.after, follower.scope, 0)
    if (!reachable) return false
    // Who was revoked, or hung up, before standing among those who follow was not there to be dropped.
    if (enrolments.isRevoked(follower.verifier.id) || response.destroyed) {
      response.destroy()
      return true
    }
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
    const turn = this.#nextTurn++ % turns
    const following = { ...follower, response, turn, position: follower.after, busy: false }
    this.#followings.add(following)
    response.on('close', () => this.#followings.delete(following))
    await this.#catchUp(following)
    await this.#beat([following])
    return true
  }

  /** Ends the feed of a verifier whose enrolment was revoked. */
  drop(verifierId: string): void {
    for (const { verifier, response } of this.#followings) {
      if (verifier.id === verifierId) response.destroy()
    }
  }

  async close(): Promise<void> {
    this.#stopNews()
    clearInterval(this.#timer)
    for (const { response } of this.#followings) response.destroy()
    // The database may be closed once this has ended.
    await Promise.all(this.#underWay)
    await this.#parts.fleet.save()
  }

  #guard(work: Promise<void>): void {
    const ended = work.catch(this.#parts.onError).finally(() => this.#underWay.delete(ended))
    this.#underWay.add(ended)
  }

  async #tick(): Promise<void> {
    const turn = this.#turn++ % turns
    try {
      await (turn === 0 ? this.#tickWhole() : this.#beatTurn(turn))
      if (turn !== 0) return
      this.#tickedAt = this.#parts.clock.monotonic()
      this.#failure = undefined
    } catch (error) {
      this.#failure = error instanceof StoreUnavailable ? 'store-unreachable' : 'feed-failing'
      throw error
    }
  }

  /** What is done once a second, besides the heartbeats of the first turn. */
  async #tickWhole(): Promise<void> {
    for (const id of await this.#parts.enrolments.revoked()) this.drop(id)
    await this.#spread()
    await this.#beatTurn(0)
    await this.#parts.fleet.save()
  }

  async #beatTurn(turn: number): Promise<void> {
    const some = [...this.#followings].filter((following) => following.turn === turn)
    if (some.length > 0) await this.#beat(some)
  }

  async #spread(): Promise<void> {
    await this.#parts.book.readOn()
    await Promise.all([...this.#followings].map((following) => this.#catchUp(following)))
  }

  async #catchUp(following: Following): Promise<void> {
    if (following.busy) return
    following.busy = true
    const { book } = this.#parts
    try {
      while (following.position < book.newest().revision && !following.response.destroyed) {
        const lines = await book.linesAfter(following.position, following.scope, linesAtOnce)
        if (lines) this.#write(following, lines)
        else following.response.destroy()
        following.position += lines?.length ?? 0
      }
    } finally {
      following.busy = false
    }
  }

  async #beat(some: readonly Following[]): Promise<void> {
    const { book, store, clock, epoch, signer } = this.#parts
    const { revision, chain } = book.newest()
    if (!isRevision(revision)) return
    const head = await auditHead(store)
    const at = clock.wall()
    for (const group of Map.groupBy(some, ({ scope }) => scopeKey(scope)).values()) {
      const environments = group[0]?.scope.environmentIds ?? []
      const facts = { epoch, revision, chain, at, environments, auditHead: head }
      const line = await signer.sign(heartbeatLine({ kind: 'heartbeat', ...facts }))
      // Who is still being told of changes hears of the revision once it has all of them.
      for (const following of group) {
        if (following.position === revision && !following.busy) this.#write(following, [line])
      }
    }
  }

  #write({ response, verifier }: Following, lines: readonly string[]): void {
    if (response.writableLength > waitingBytesMax) {
      response.destroy()
      return
    }
    response.write(`${lines.join('\n')}\n`)
    this.#parts.fleet.touch(verifier)
  }
}

async function auditHead(store: Store): Promise<string> {
  const { auditHash } = await store.read((db) =>
    db.selectFrom('counters').select('auditHash').executeTakeFirstOrThrow(),
  )
  return auditHash
}
