// A verifier's record of the history: checks what comes, puts it in force, and keeps it on disk. Its position never
// goes back within an epoch, nor to what was signed before.

import type { Step } from '../../standing/change.ts'
import { isWithheld, readFeedLine, type Heartbeat } from '../../standing/feed-line.ts'
import type { SnapshotManifest } from '../../standing/snapshot-body.ts'
import type { Revision } from '../../standing/standing.ts'
import type { JsonValue } from '../../credential/strict-json.ts'
import type { Clock } from '../../system/clock.ts'
import type { StandingKeeper } from '../standing-keeper.ts'
import { checkSnapshot, checkState, follows, type Position } from './base.ts'
import { readFeedKeys, type FeedKeys } from './feed-keys.ts'
import type { HeadFacts, KeptHeartbeat, StateFile } from './state-file.ts'
import { FeedTrouble } from './trouble.ts'

export interface RecordParts {
  readonly pinned: string
  readonly keeper: StandingKeeper
  readonly state: StateFile
  readonly clock: Clock
  /** For how long what is known may be gone by. */
  readonly expireAfterMs: number
  /** Gets a snapshot that is no older than a revision, for the disk to begin anew with. */
  readonly snapshot: (atLeast: Revision) => Promise<ReceivedSnapshot>
  /** The disk did not take something: it is in force all the same, but not acknowledged. */
  readonly onDiskFailure: (error: unknown) => void
}

/** A snapshot as it came. */
interface ReceivedSnapshot {
  readonly manifest: string
  readonly body: Buffer
}

/** A snapshot that the disk is to begin anew with, and what came since it was asked for. */
interface Compaction {
  readonly from: Position
  readonly lines: { readonly line: string; readonly revision: number; readonly chain: string }[]
  snapshot: (ReceivedSnapshot & { readonly place: Position }) | undefined
}

/** Whom what is known was made for. */
type Tenants = Pick<SnapshotManifest, 'organization' | 'environments'>

interface Pending {
  readonly lines: string[]
  readonly steps: Step[]
}

/** What is known, in force and on the disk. */
export class FeedRecord {
  readonly #parts: RecordParts
  #keys: FeedKeys | undefined
  #position: Position | undefined
  #acknowledged: Position | undefined
  /** The revision that the keeper has taken, which every thread judges by unless it is held. */
  #taken: number | undefined
  #last: KeptHeartbeat | undefined
  /** When the authority signed the newest of what is known, by its own clock. */
  #signedAt = 0
  #tenants: Tenants = { organization: '', environments: [] }
  #compaction: Compaction | undefined

  constructor(parts: RecordParts) {
    this.#parts = parts
  }

  get position(): Position | undefined {
    return this.#position
  }

  /** What is in force and on the disk. */
  get acknowledged(): Position | undefined {
    return this.#acknowledged
  }

  get heartbeat(): KeptHeartbeat | undefined {
    return this.#last
  }

  get hasKeys(): boolean {
    return this.#keys !== undefined
  }

  /** Takes keys that were announced; says whether there are more of them now. */
  async takeKeys(record: JsonValue): Promise<boolean> {
    if (this.#keys) {
      const learnt = await this.#keys.learn(record)
      if (learnt === 'untrusted') throw new FeedTrouble('untrusted')
      // The lines of a new key would not verify on the disk without it.
      if (learnt === 'more') await this.touch()
      return learnt === 'more'
    }
    this.#keys = await readFeedKeys(record, this.#parts.pinned)
    if (!this.#keys) throw new FeedTrouble('untrusted')
    return true
  }

  /** Takes what is on the disk; says what is wrong with it, or that there is nothing. */
  async load(): Promise<'loaded' | 'nothing' | { readonly problem: string }> {
    const { state, keeper, pinned } = this.#parts
    const found = await state.load()
    if (found.kind === 'nothing') return 'nothing'
    if (found.kind === 'broken') return { problem: found.problem }
    const checked = await checkState(found.state, pinned)
    if (!checked) return { problem: 'does not verify' }
    await keeper.load(checked.standing)
    if (checked.steps.length > 0) await keeper.apply(checked.steps)
    if (!(await keeper.remember(found.state.former))) return { problem: 'does not verify' }
    this.#keys = checked.keys
    this.#tenants = checked.manifest
    this.#position = checked.position
    this.#last = found.state.heartbeat
    this.#signedAt = Math.max(checked.manifest.at, found.state.heartbeat.at)
    this.#acknowledged = checked.position
    this.#taken = checked.position.revision
    return 'loaded'
  }

  async takeSnapshot(manifestLine: string, body: Buffer): Promise<void> {
    const { state, keeper } = this.#parts
    const checked = this.#keys && checkSnapshot(this.#keys, manifestLine, body)
    if (!checked) throw new FeedTrouble('untrusted')
    const { epoch, revision, chain } = checked.manifest
    if (goesBack(this.#position, this.#signedAt, checked.manifest)) throw new FeedTrouble('older')
    const position = { epoch, revision, chain }
    // The audit of another epoch may rightly lack what this one's had.
    if (this.#last && epoch !== this.#position?.epoch) this.#last = { ...this.#last, auditHead: '' }
    await keeper.load(checked.standing)
    this.#taken = revision
    this.#position = position
    this.#signedAt = Math.max(this.#signedAt, checked.manifest.at)
    this.#tenants = checked.manifest
    this.#compaction = undefined
    const beginning = { manifest: manifestLine, body, lines: [], former: keeper.former() }
    const kept = await this.#keep(state.begin(beginning, this.#head()))
    this.#acknowledged = kept ? position : undefined
  }

  /** Takes lines that came together; gives the last heartbeat among them. */
  async takeLines(lines: readonly string[]): Promise<Heartbeat | undefined> {
    const wasHeard = this.#last !== undefined
    const heartbeat = await this.#takeAll(lines)
    // Without it, what is on the disk could be no start without the authority.
    if (!wasHeard && heartbeat) await this.touch()
    return heartbeat
  }

  /** Writes the last heartbeat down. */
  async touch(): Promise<void> {
    if (this.#acknowledged === undefined) return
    const { state } = this.#parts
    await this.#keep(state.touch(this.#head()))
    await this.#finishCompaction()
    if (state.isLong() && !this.#compaction) void this.#compact()
  }

  async #takeAll(lines: readonly string[]): Promise<Heartbeat | undefined> {
    const pending: Pending = { lines: [], steps: [] }
    let heartbeat: Heartbeat | undefined
    try {
      for (const line of lines) {
        const taken = await this.#takeLine(line, pending)
        // It confirms what is in force, so that what came before it has to be.
        if (taken) await this.#flush(pending)
        heartbeat = taken ? this.#takeHeartbeat(taken) : heartbeat
      }
    } finally {
      // What came before the first line that is wrong is right.
      await this.#flush(pending)
    }
    return heartbeat
  }

  async #takeLine(line: string, pending: Pending): Promise<Heartbeat | undefined> {
    const payload = this.#keys?.open(line)
    if (!payload || !this.#position) throw new FeedTrouble('untrusted')
    const read = readFeedLine(payload, this.#position.chain)
    if (read?.kind === 'heartbeat') return read
    if (!read || !follows(this.#position, read.step)) throw new FeedTrouble('gap')
    const { step, chain } = read
    const { organization, environments } = this.#tenants
    if (isWithheld(step, [organization, ...environments])) throw new FeedTrouble('gap')
    if (!(await this.#keys?.take(line, step))) throw new FeedTrouble('untrusted')
    pending.lines.push(line)
    this.#compaction?.lines.push({ line, revision: step.revision, chain })
    pending.steps.push(step)
    this.#position = { epoch: step.epoch, revision: step.revision, chain }
    return undefined
  }

  #takeHeartbeat(heartbeat: Heartbeat): Heartbeat {
    if (!this.#position) throw new TypeError('there is nothing to confirm')
    const { epoch, revision, chain } = this.#position
    // What is known was made for other environments.
    if (heartbeat.environments.join() !== this.#tenants.environments.join())
      throw new FeedTrouble('gap')
    if (heartbeat.epoch !== epoch) throw new FeedTrouble('gap')
    if (heartbeat.revision < revision) throw new FeedTrouble('older')
    if (heartbeat.revision > revision || heartbeat.chain !== chain) throw new FeedTrouble('gap')
    // What could not be taken is in no thread, and only a snapshot mends that.
    if (this.#taken !== revision) throw new FeedTrouble('gap')
    const { clock, expireAfterMs } = this.#parts
    this.#signedAt = Math.max(this.#signedAt, heartbeat.at)
    const { at, auditHead } = heartbeat
    this.#last = { arrivedWall: clock.wall(), at, expireAfterMs, auditHead }
    return heartbeat
  }

  async #flush(pending: Pending): Promise<void> {
    const [lines, steps] = [pending.lines.splice(0), pending.steps.splice(0)]
    if (lines.length === 0) return
    const { state, keeper } = this.#parts
    const position = this.#position
    // Once a line is missing on the disk, only a snapshot makes it whole again.
    const isWhole = this.#acknowledged !== undefined
    this.#taken = undefined
    const [kept] = await Promise.all([
      isWhole ? this.#keep(state.append(lines)) : false,
      keeper.apply(steps),
    ])
    this.#taken = position?.revision
    this.#acknowledged = kept ? position : undefined
    await this.#finishCompaction()
  }

  /** Gets a snapshot beside everything else; what comes meanwhile goes behind it. */
  async #compact(): Promise<void> {
    const from = this.#position
    if (!from) return
    const compaction: Compaction = { from, lines: [], snapshot: undefined }
    this.#compaction = compaction
    try {
      const received = await this.#parts.snapshot(from.revision)
      const checked = this.#keys && checkSnapshot(this.#keys, received.manifest, received.body)
      if (!checked) throw new FeedTrouble('untrusted')
      compaction.snapshot = { ...received, place: checked.manifest }
    } catch {
      // The log goes on growing, and it is tried again.
      if (this.#compaction === compaction) this.#compaction = undefined
    }
  }

  /** Once what is known reaches as far as the snapshot, and is the same history. */
  async #finishCompaction(): Promise<void> {
    const compaction = this.#compaction
    if (!compaction?.snapshot || !this.#position || this.#acknowledged === undefined) return
    const { manifest, body, place } = compaction.snapshot
    if (this.#position.revision < place.revision) return
    this.#compaction = undefined
    const lines = linesBehind(compaction, place)
    if (!lines) return
    const { state, keeper } = this.#parts
    const beginning = { manifest, body, lines, former: keeper.former() }
    const kept = await this.#keep(state.begin(beginning, this.#head()))
    if (!kept) this.#acknowledged = undefined
  }

  #head(): HeadFacts {
    if (!this.#keys || !this.#position) throw new TypeError('there is nothing to write down')
    const { epoch, revision } = this.#position
    const heartbeat = this.#last ?? nothingHeard
    return { epoch, revision, heartbeat, keys: this.#keys.record() }
  }

  async #keep(write: Promise<void>): Promise<boolean> {
    try {
      await write
      return true
    } catch (error) {
      this.#parts.onDiskFailure(error)
      return false
    }
  }
}

const nothingHeard: KeptHeartbeat = { arrivedWall: 0, at: 0, expireAfterMs: 0, auditHead: '' }

/** What came behind a snapshot; `undefined` when it is of another history. */
function linesBehind(
  { from, lines }: Compaction,
  { epoch, revision, chain }: Position,
): readonly string[] | undefined {
  const at = lines.find((line) => line.revision === revision) ?? from
  if (epoch !== from.epoch || at.revision !== revision || at.chain !== chain) return undefined
  return lines.filter((line) => line.revision > revision).map(({ line }) => line)
}

/**
 * Within an epoch revisions only grow, and one revision has one history; another epoch has to be signed later than what
 * is known.
 */
function goesBack(
  position: Position | undefined,
  signedAt: number,
  next: Position & { readonly at: number },
): boolean {
  if (!position) return false
  if (position.epoch === next.epoch) {
    const forks = next.revision === position.revision && next.chain !== position.chain
    return next.revision < position.revision || forks
  }
  return next.at < signedAt
}
