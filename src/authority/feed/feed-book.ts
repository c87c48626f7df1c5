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

export interface FeedBook {
  /** The newest revision that can be told, and the chain up to it. */
  readonly newest: () => { readonly revision: number; readonly chain: string }
  /** Reads what has been written since. */
  readonly readOn: () => Promise<void>
  /**
   * The lines after a revision, for a scope, so many at the most; `undefined` when that is further back than lines are
   * kept, or has never been.
   */
  readonly linesAfter: (
    revision: number,
    scope: Scope,
    most: number,
  ) => Promise<readonly string[] | undefined>
}

const keptMax = 10_000
const pageSize = 500

/** Opens the book at the end of what has been written. */
export async function openFeedBook(store: Store, signer: FeedSigner): Promise<FeedBook> {
  const entries = new Map<number, Entry>()
  let { revision, chain } = await store.read((db) =>
    db.selectFrom('counters').select(['revision', 'chain']).executeTakeFirstOrThrow(),
  )
  let reading: Promise<void> | undefined

  const add = (row: ChangeTable) => {
    entries.set(row.revision, { row, told: undefined, elsewhere: undefined })
    entries.delete(row.revision - keptMax)
    ;({ revision, chain } = row)
  }
  const readPages = async () => {
    for (let more = true; more;) {
      const rows = await readChanges(store, revision, pageSize)
      for (const row of rows) add(row)
      more = rows.length === pageSize
    }
  }
  const lineOf = (entry: Entry, scope: Scope): Promise<string> =>
    isOf(scope, entry.row)
      ? (entry.told ??= signer.sign(changeLine(entry.row.body, entry.row.chain)))
      : (entry.elsewhere ??= signer.sign(elsewhereOf(entry.row)))

  /** Lines of before this process began are read when somebody comes back for them. */
  const readBack = async (after: number) => {
    const oldest = entries.size === 0 ? revision + 1 : Math.min(...entries.keys())
    if (after + 1 >= oldest) return
    for (let from = after; from + 1 < oldest;) {
      const rows = await readChanges(store, from, Math.min(pageSize, oldest - from - 1))
      if (rows.length === 0) return
      for (const row of rows)
        entries.set(row.revision, { row, told: undefined, elsewhere: undefined })
      from = rows.at(-1)?.revision ?? oldest
    }
  }

  return {
    newest: () => ({ revision, chain }),
    async readOn() {
      await reading
      reading ??= readPages().finally(() => {
        reading = undefined
      })
      await reading
    },
    async linesAfter(after, scope, most) {
      if (after > revision || revision - after > keptMax) return undefined
      await readBack(after)
      const lines: Promise<string>[] = []
      for (let at = after + 1; at <= Math.min(revision, after + most); at++) {
        const entry = entries.get(at)
        if (!entry) return undefined
        lines.push(lineOf(entry, scope))
      }
      return Promise.all(lines)
    },
  }
}

function elsewhereOf({ body, chain }: ChangeTable): string {
  const payload = parseJsonObject(Buffer.from(body))
  const change = payload && readChange(payload)
  if (!change) throw new TypeError('a change cannot be read')
  return elsewhereLine(change, digestOfBody(body), chain)
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
