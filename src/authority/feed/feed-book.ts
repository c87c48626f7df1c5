// The lines of the feed, each signed once however many follow, and kept for those that come back after a while.

import { parseJsonObject } from '../../credential/strict-json.ts'
import { readChange } from '../../standing/change.ts'
import { changeLine, digestOfBody, elsewhereLine } from '../../standing/feed-line.ts'
import type { ChangeTable } from '../../store/schema.ts'
import type { Store } from '../../store/store.ts'
import type { FeedSigner } from './feed-signer.ts'
import { isOf, type Scope } from './scope.ts'

/** One change, as it is told to those whose business it is and to all others. */
interface Entry {
  readonly row: ChangeTable
  told: Promise<string> | undefined
  elsewhere: Promise<string> | undefined
}

interface End {
  readonly revision: number
  readonly chain: string
}

const keptMax = 10_000
const pageSize = 500

/** Opens the book at the end of what has been written. */
export async function openFeedBook(store: Store, signer: FeedSigner): Promise<FeedBook> {
  const end = await store.read((db) =>
    db.selectFrom('counters').select(['revision', 'chain']).executeTakeFirstOrThrow(),
  )
  return new FeedBook(store, signer, end)
}

/** The lines of the feed. */
export class FeedBook {
  readonly #store: Store
  readonly #signer: FeedSigner
  readonly #entries = new Map<number, Entry>()
  readonly #start: End
  #end: End
  /** From which revision on there are entries. */
  #oldest: number
  #reading: Promise<void> | undefined

  constructor(store: Store, signer: FeedSigner, end: End) {
    this.#store = store
    this.#signer = signer
    this.#start = end
    this.#end = end
    this.#oldest = end.revision + 1
  }

  /** The newest revision that can be told, and the chain up to it. */
  newest(): End {
    return this.#end
  }

  /** Reads what has been written since. */
  async readOn(): Promise<void> {
    await this.#reading
    this.#reading ??= this.#readPages().finally(() => {
      this.#reading = undefined
    })
    await this.#reading
  }

  /** Whether what somebody has come to is a place in this very history; no for one that is too far back to tell. */
  async holds({ revision, chain }: End): Promise<boolean> {
    // Another process may have told of it before this one has read it.
    if (revision > this.#end.revision) await this.readOn()
    const place = this.#entries.get(revision)?.row ?? this.#start
    return place.revision === revision && place.chain === chain
  }

  /** Whether the lines after a revision are still kept, or can be read again. */
  reaches(after: number): boolean {
    return after <= this.#end.revision && this.#end.revision - after <= keptMax
  }

  /**
   * The lines after a revision, for a scope, so many at the most; `undefined` when that is further back than lines are
   * kept, or has never been.
   */
  async linesAfter(
    after: number,
    scope: Scope,
    most: number,
  ): Promise<readonly string[] | undefined> {
    if (!this.reaches(after)) return undefined
    await this.#readBack(after)
    const lines: Promise<string>[] = []
    for (let at = after + 1; at <= Math.min(this.#end.revision, after + most); at++) {
      const entry = this.#entries.get(at)
      if (!entry) return undefined
      lines.push(this.#lineOf(entry, scope))
    }
    return Promise.all(lines)
  }

  async #readPages(): Promise<void> {
    for (let more = true; more;) {
      const rows = await readChanges(this.#store, this.#end.revision, pageSize)
      if (rows.some(({ kind }) => kind === 'feed-key-retired')) await this.#forgetSigned()
      for (const row of rows) this.#add(row)
      more = rows.length === pageSize
    }
  }

  #add(row: ChangeTable): void {
    this.#entries.set(row.revision, { row, told: undefined, elsewhere: undefined })
    this.#end = row
    for (; this.#oldest <= row.revision - keptMax; this.#oldest++) {
      this.#entries.delete(this.#oldest)
    }
  }

  /** What a retired key has signed, nobody would take any more. */
  async #forgetSigned(): Promise<void> {
    await this.#signer.reload()
    for (const entry of this.#entries.values()) {
      entry.told = undefined
      entry.elsewhere = undefined
    }
  }

  #lineOf(entry: Entry, scope: Scope): Promise<string> {
    const side = isOf(scope, entry.row) ? 'told' : 'elsewhere'
    const kept = entry[side]
    if (kept) return kept
    const { body, chain } = entry.row
    const line = side === 'told' ? changeLine(body, chain) : elsewhereOf(entry.row)
    const signed = this.#signer.sign(line)
    entry[side] = signed
    // What could not be signed is tried anew by whoever asks next.
    signed.catch(() => {
      if (entry[side] === signed) entry[side] = undefined
    })
    return signed
  }

  /** Lines of before this process began are read when somebody comes back for them. */
  async #readBack(after: number): Promise<void> {
    while (after + 1 < this.#oldest) {
      const from = Math.max(after, this.#oldest - 1 - pageSize)
      const rows = await readChanges(this.#store, from, this.#oldest - 1 - from)
      if (rows[0]?.revision !== from + 1) return
      for (const row of rows) {
        this.#entries.set(row.revision, { row, told: undefined, elsewhere: undefined })
      }
      this.#oldest = Math.min(this.#oldest, from + 1)
    }
  }
}

function elsewhereOf({ body, chain, environmentId, organizationId }: ChangeTable): string {
  const payload = parseJsonObject(Buffer.from(body))
  const change = payload && readChange(payload)
  const tenant = environmentId ?? organizationId
  if (!change || tenant === null) throw new TypeError('a change cannot be read')
  return elsewhereLine(change, tenant, { digest: digestOfBody(body), chain })
}

function readChanges(store: Store, after: number, most: number): Promise<readonly ChangeTable[]> {
  return store.read((db) =>
    db
      .selectFrom('changes')
      .selectAll()
      .where('revision', '>', after)
      .orderBy('revision')
      .limit(most)
      .execute(),
  )
}
