// The distance of Damerau and Levenshtein in its restricted form: insertions, deletions, replacements, and swaps of two
// neighbours, which is what typing fingers do.
function distance(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, column) => column)]
  const at = (i: number, j: number) => rows[i]?.[j] ?? Infinity
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= to.length; j++) {
      const replaced = at(i - 1, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1)
      const swapped = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      const swap = swapped ? at(i - 2, j - 2) + 1 : Infinity
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, swap))
    }
  }
  return at(from.length, to.length)
}

/** The known word that somebody most likely meant, if any is near enough to say so. */
export function nearest(written: string, known: Iterable<string>): string | undefined {
  if (written.length > 64) return undefined
  const lower = written.toLowerCase()
  let best: string | undefined
  let least = Math.max(1, Math.floor(written.length / 3)) + 1
  for (const word of known) {
    const found = distance(lower, word.toLowerCase())
    if (found < least) {
      best = word
      least = found
    }
  }
  return best
}
