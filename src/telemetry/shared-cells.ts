import { assertNaming } from './naming.ts'

// Counts that several threads keep, in one block of shared memory:
//
//   | thread 0: cell 0, cell 1, … | thread 1: cell 0, cell 1, … | …
//
// Each thread writes its own part alone, with plain writes of whole numbers in doubles; who renders adds the parts up.
// A part fills whole cache lines, so that threads do not slow one another. A thread that replaces another goes on in
// its part, and no count ever falls.

/** The labels of a metric, each with all the values that it can have. */
type Labels = Readonly<Record<string, readonly string[]>>

/** One value for each label. */
type LabelValues<L extends Labels> = { readonly [K in keyof L]: L[K][number] }

/** The part of one thread. */
export type Slice = Float64Array<SharedArrayBuffer>

interface Declaration<L extends Labels> {
  readonly name: string
  readonly help: string
  readonly labels: L
}

interface Family<L extends Labels = Labels> extends Declaration<L> {
  /** The first cell of the labels; found once, at the start, and kept. */
  readonly at: (values: LabelValues<L>) => number
}

/** A count that only grows. */
export interface SharedCounter<L extends Labels = Labels> extends Family<L> {
  readonly kind: 'counter'
}

/** How often durations fell below each of some bounds. */
export interface SharedHistogram<L extends Labels = Labels> extends Family<L> {
  readonly kind: 'histogram'
  /** The upper bounds, in microseconds. */
  readonly bounds: readonly number[]
}

/** One combination of labels and its first cell. */
export interface Place {
  readonly labels: Readonly<Record<string, string>>
  readonly cell: number
}

/** A declared metric with the places of all its combinations. */
export interface Declared {
  readonly metric: SharedCounter | SharedHistogram
  readonly places: readonly Place[]
}

/** The plan of the shared block: the same in every thread, since every thread makes the same declarations. */
export interface Layout {
  readonly counter: <const L extends Labels>(declaration: Declaration<L>) => SharedCounter<L>
  readonly histogram: <const L extends Labels>(
    declaration: Declaration<L> & { readonly bounds: readonly number[] },
  ) => SharedHistogram<L>
  readonly declared: () => readonly Declared[]
  /** Makes the block; from then on nothing can be declared. */
  readonly allocate: (threads: number) => SharedArrayBuffer
  /** The part of one thread, counted from 0. */
  readonly slice: (block: SharedArrayBuffer, thread: number) => Slice
}

const cellsPerLine = 8

function combinations(labels: Labels): readonly Readonly<Record<string, string>>[] {
  let all: readonly Readonly<Record<string, string>>[] = [{}]
  for (const [name, values] of Object.entries(labels)) {
    if (values.length === 0) throw new TypeError(`label ${name} has no values`)
    all = all.flatMap((before) =>
      values.map((value) => Object.assign({}, before, { [name]: value })),
    )
  }
  return all
}

function finder(
  labels: Labels,
  first: number,
  width: number,
): (values: LabelValues<Labels>) => number {
  const names = Object.keys(labels)
  return (values) => {
    let index = 0
    for (const name of names) {
      const known = labels[name] ?? []
      const position = known.indexOf(values[name] ?? '')
      if (position === -1) throw new TypeError(`label ${name} cannot be what was asked for`)
      index = index * known.length + position
    }
    return first + index * width
  }
}

/** Begins a plan of shared metrics. */
export function createLayout(): Layout {
  const declared: Declared[] = []
  let cells = 0
  let fixed = false

  const place = <L extends Labels>(
    kind: 'counter' | 'histogram',
    { name, help, labels }: Declaration<L>,
    width: number,
  ) => {
    if (fixed) throw new TypeError(`${name} is declared after the block was made`)
    assertNaming({ kind, name, help, labelNames: Object.keys(labels) })
    const at = finder(labels, cells, width)
    const places = combinations(labels).map((values) => ({ labels: values, cell: at(values) }))
    cells += places.length * width
    return { family: { name, help, labels, at }, places }
  }
  const perThread = () => Math.ceil(cells / cellsPerLine) * cellsPerLine

  return {
    counter: (declaration) => {
      const { family, places } = place('counter', declaration, 1)
      const metric = { ...family, kind: 'counter' } as const
      declared.push({ metric, places })
      return metric
    },
    histogram: (declaration) => {
      const { bounds } = declaration
      if (bounds.some((bound, index) => bound <= (bounds[index - 1] ?? 0))) {
        throw new TypeError(`the bounds of ${declaration.name} do not grow`)
      }
      // One cell for each bound, one for what lies above all of them, one for the sum.
      const { family, places } = place('histogram', declaration, bounds.length + 2)
      const metric = { ...family, kind: 'histogram', bounds: Object.freeze([...bounds]) } as const
      declared.push({ metric, places })
      return metric
    },
    declared: () => declared,
    allocate: (threads) => {
      fixed = true
      return new SharedArrayBuffer(threads * perThread() * Float64Array.BYTES_PER_ELEMENT)
    },
    slice: (block, thread) => {
      fixed = true
      const bytes = perThread() * Float64Array.BYTES_PER_ELEMENT
      if (block.byteLength % bytes !== 0 || (thread + 1) * bytes > block.byteLength) {
        throw new TypeError('the block was made for other metrics or fewer threads')
      }
      return new Float64Array(block, thread * bytes, perThread())
    },
  }
}

/** Counts one more, or several. */
export function increment(slice: Slice, cell: number, by = 1): void {
  slice[cell] = (slice[cell] ?? 0) + by
}

/** Notes a duration, in microseconds, at a histogram's place. */
export function observe(
  slice: Slice,
  histogram: Pick<SharedHistogram, 'bounds'>,
  cell: number,
  microseconds: number,
): void {
  const { bounds } = histogram
  let bucket = 0
  while (bucket < bounds.length && microseconds > (bounds[bucket] ?? 0)) bucket++
  increment(slice, cell + bucket)
  increment(slice, cell + bounds.length + 1, microseconds)
}
