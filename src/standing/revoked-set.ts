// The revoked set: exact, off the garbage collector's heap, one writer, any number of reading threads.
//
//   set     = segments, one for each signing key and expiry window, dropped whole when their tokens can be no more
//   segment = one table, or two while it grows: the old one is emptied into the new one a few slots at a time
//   table   = a SharedArrayBuffer of slots, open addressing with linear probing
//   slot    = four 32-bit words; the first is written last, and zero where the slot is empty
//
// Slots are only ever filled. A reader that runs beside the writer finds an id wholly or not at all.

import type { RevocationId } from '../credential/revocation-id.ts'

const wordsPerSlot = 4
const bytesPerSlot = 16
const slotsMin = 256
/** A table that is fuller than this grows; 16 bytes a slot then make between 21 and 32 bytes an id. */
const loadMax = 0.75
const growth = 1.5
/** So that there are two tables for a few inserts only, however rare those are, and none of them waits. */
const slotsMovedPerInsert = 1024

/** Finds ids in tables that another thread may be filling. */
export interface RevokedView {
  readonly has: (id: RevocationId) => boolean
}

/** Makes a view of tables; a table that comes later needs a new view. */
export function viewRevoked(tables: readonly SharedArrayBuffer[]): RevokedView {
  const words = tables.map((table) => new Int32Array(table))
  return {
    has(id) {
      for (const table of words) if (holds(table, id)) return true
      return false
    },
  }
}

/** The one writer of a set. */
export interface RevokedSet {
  readonly entries: number
  readonly bytes: number
  /** The tables as they are now; the list is another one whenever a table has come or gone. */
  readonly tables: readonly SharedArrayBuffer[]
  readonly segments: () => readonly string[]
  /** The ids of a segment. */
  readonly ids: (segment: string) => Iterable<RevocationId>
  /** Whether a segment has an id. */
  readonly has: (id: RevocationId, segment: string) => boolean
  /** Adds an id to a segment; an id that is there already changes nothing. */
  readonly add: (id: RevocationId, segment: string) => void
  /** Puts a segment in the place of the one of that name, made for as many ids as are expected. */
  readonly replace: (segment: string, ids: Iterable<RevocationId>, expected: number) => void
  /** Puts a segment in the place of another one. */
  readonly move: (from: string, to: string) => void
  /** Lets a segment go, because none of its tokens can be accepted any more. */
  readonly drop: (segment: string) => void
}

interface Segment {
  table: Int32Array<SharedArrayBuffer>
  entries: number
  /** The table that is being emptied into the other one, from the slot on that is next. */
  old: Int32Array<SharedArrayBuffer> | undefined
  next: number
}

/** Makes an empty set. */
export function createRevokedSet(): RevokedSet {
  const segments = new Map<string, Segment>()
  let tables: readonly SharedArrayBuffer[] = []

  const relist = () => {
    tables = [...segments.values()].flatMap(({ table, old }) =>
      old ? [table.buffer, old.buffer] : [table.buffer],
    )
  }
  const open = (name: string, expected: number) => {
    const segment = createSegment(expected)
    segments.set(name, segment)
    relist()
    return segment
  }

  return {
    get entries() {
      return sum(segments, ({ entries }) => entries)
    },
    get bytes() {
      return sum(segments, ({ table, old }) => table.byteLength + (old?.byteLength ?? 0))
    },
    get tables() {
      return tables
    },
    segments: () => [...segments.keys()],
    ids: (name) => idsOf(segments.get(name)),
    has(id, name) {
      const segment = segments.get(name)
      return segment !== undefined && isIn(segment, id)
    },
    add(id, name) {
      const segment = segments.get(name) ?? open(name, 0)
      if (addTo(segment, id)) relist()
    },
    replace(name, ids, expected) {
      const segment = createSegment(expected)
      for (const id of ids) addTo(segment, id)
      segments.set(name, segment)
      relist()
    },
    move(from, to) {
      const segment = segments.get(from)
      if (!segment) return
      segments.delete(from)
      segments.set(to, segment)
      relist()
    },
    drop(name) {
      if (segments.delete(name)) relist()
    },
  }
}

function sum(segments: ReadonlyMap<string, Segment>, of: (segment: Segment) => number): number {
  let total = 0
  for (const segment of segments.values()) total += of(segment)
  return total
}

function* idsOf(segment: Segment | undefined): Generator<RevocationId> {
  // While a segment grows, an id may be in both of its tables.
  for (const table of [segment?.table, segment?.old]) {
    for (let at = 0; at < (table?.length ?? 0); at += wordsPerSlot) {
      const id = table && slotAt(table, at)
      if (id && id.w0 !== 0) yield id
    }
  }
}

function slotAt(table: Int32Array, at: number): RevocationId {
  return {
    w0: table[at] ?? 0,
    w1: table[at + 1] ?? 0,
    w2: table[at + 2] ?? 0,
    w3: table[at + 3] ?? 0,
  }
}

function createSegment(expected: number): Segment {
  const table = createTable(Math.max(slotsMin, Math.ceil(expected / loadMax)))
  return { table, entries: 0, old: undefined, next: 0 }
}

function createTable(slots: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(slots * bytesPerSlot))
}

function isIn({ table, old }: Segment, id: RevocationId): boolean {
  return holds(table, id) || (old !== undefined && holds(old, id))
}

/** Adds an id and says whether that changed which tables there are. */
function addTo(segment: Segment, id: RevocationId): boolean {
  if (segment.old && holds(segment.old, id)) return false
  if (!insert(segment.table, id)) return false
  segment.entries++
  if (segment.old) return moveSome(segment, segment.old)
  if (segment.entries <= slotsOf(segment.table) * loadMax) return false
  segment.old = segment.table
  segment.table = createTable(Math.ceil(slotsOf(segment.old) * growth))
  segment.next = 0
  return true
}

/** Copies the next slots of the old table; true when that was the last of it. */
function moveSome(segment: Segment, old: Int32Array): boolean {
  const end = Math.min(segment.next + slotsMovedPerInsert, slotsOf(old))
  for (; segment.next < end; segment.next++) {
    const at = segment.next * wordsPerSlot
    const id = slotAt(old, at)
    if (id.w0 !== 0) insert(segment.table, id)
  }
  if (end < slotsOf(old)) return false
  segment.old = undefined
  return true
}

const slotsOf = (table: Int32Array) => table.length / wordsPerSlot

/** Spreads over any number of slots, not only powers of two. The second word chooses: the first is never zero. */
function firstSlot(table: Int32Array, id: RevocationId): number {
  return Math.floor(((id.w1 >>> 0) / 2 ** 32) * slotsOf(table))
}

function holds(table: Int32Array, id: RevocationId): boolean {
  let at = firstSlot(table, id) * wordsPerSlot
  for (;;) {
    const w0 = Atomics.load(table, at)
    if (w0 === 0) return false
    if (w0 === id.w0 && sameRest(table, at, id)) return true
    at = at + wordsPerSlot === table.length ? 0 : at + wordsPerSlot
  }
}

function insert(table: Int32Array, id: RevocationId): boolean {
  let at = firstSlot(table, id) * wordsPerSlot
  while (table[at] !== 0) {
    if (table[at] === id.w0 && sameRest(table, at, id)) return false
    at = at + wordsPerSlot === table.length ? 0 : at + wordsPerSlot
  }
  table[at + 1] = id.w1
  table[at + 2] = id.w2
  table[at + 3] = id.w3
  Atomics.store(table, at, id.w0)
  return true
}

function sameRest(table: Int32Array, at: number, id: RevocationId): boolean {
  return table[at + 1] === id.w1 && table[at + 2] === id.w2 && table[at + 3] === id.w3
}
