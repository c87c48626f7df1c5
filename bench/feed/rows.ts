/** One line of the table: what was reached, and what is to be. */
export interface Figure {
  readonly what: string
  readonly reached: string
  readonly aim: string
  readonly holds: boolean
}

/** A part of the benchmark. */
export interface FeedRow {
  readonly name: string
  readonly about: string
  readonly run: (order: FeedOrder) => Promise<readonly Figure[]>
}

interface FeedOrder {
  /** A folder of the row's own. */
  readonly folder: string
  readonly quick: boolean
  readonly say: (text: string) => void
}

/** The value below which a share of some figures lies. */
export function quantile(figures: readonly number[], share: number): number {
  const sorted = figures.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Milliseconds as a table has them. */
export const inMs = (value: number): string => `${value.toFixed(1)} ms`

/** A figure that has to be at most so much. */
export function atMost(
  what: string,
  value: number,
  limit: number,
  show: (value: number) => string,
): Figure {
  return { what, reached: show(value), aim: `≤ ${show(limit)}`, holds: value <= limit }
}
