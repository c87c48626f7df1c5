/** The middle of some figures and how far they lie apart. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** Median, least and greatest of at least one figure. */
export function spread(figures: readonly number[]): Spread {
  const sorted = figures.toSorted((a, b) => a - b)
  const [min, max] = [sorted.at(0), sorted.at(-1)]
  if (min === undefined || max === undefined || Number.isNaN(max)) {
    throw new TypeError('no figures to take the median of')
  }
  const upper = sorted.at(sorted.length >> 1) ?? max
  const lower = sorted.at((sorted.length - 1) >> 1) ?? min
  return { median: (lower + upper) / 2, min, max }
}

/** Divides round by round: what disturbs a whole round disturbs both sides of its ratio. */
export function ratios(ours: readonly number[], theirs: readonly number[]): Spread {
  if (ours.length !== theirs.length) throw new TypeError('ratios need rounds in pairs')
  return spread(ours.map((figure, round) => figure / (theirs[round] ?? Number.NaN)))
}

/** The value below which `share` (0 to 1) of what a histogram of equal buckets counted lies. */
export function bucketQuantile(buckets: Uint32Array, width: number, share: number): number {
  const total = buckets.reduce((sum, count) => sum + count, 0)
  if (total === 0) throw new TypeError('an empty histogram has no quantile')
  const rank = Math.max(1, Math.ceil(total * share))
  let seen = 0
  const bucket = buckets.findIndex((count) => {
    seen += count
    return seen >= rank
  })
  return (bucket + 1) * width
}
