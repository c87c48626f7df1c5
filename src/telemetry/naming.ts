/** What every metric declares. */
export interface Naming {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
}

// What `promtool check metrics` finds fault with, and what our own names promise.
const units =
  /_(ms|us|ns|milliseconds|microseconds|nanoseconds|minutes|hours|days|kb|mb|kib|mib|percent)(_|$)/
const typeWords = /_(counter|gauge|histogram|summary|metric)(_|$)/

function problemsOf({ kind, name, help, labelNames }: Naming): readonly string[] {
  const rules: readonly (readonly [broken: boolean, problem: string])[] = [
    [!/^warder(_[a-z0-9]+)+$/.test(name), 'is warder_ and lower case words with _ between'],
    [
      (kind === 'counter') !== name.endsWith('_total'),
      'ends in _total as a counter, and only then',
    ],
    [units.test(name), 'is in base units: seconds, bytes, ratios'],
    [typeWords.test(name), 'does not name its type'],
    [/_(bucket|count|sum|info|created)$/.test(name), 'does not end as the parts of a histogram do'],
    [
      !/^[A-Z].{10,}[^.\s]$/.test(help),
      'has a help text: a phrase with a capital and no full stop',
    ],
    [labelNames.some((label) => !/^[a-z][a-z_]*$/.test(label)), 'has lower case labels'],
    [labelNames.some((label) => label === 'le' || label === 'quantile'), 'has no reserved label'],
    [labelNames.length !== new Set(labelNames).size, 'has each label once'],
  ]
  return rules.filter(([broken]) => broken).map(([, problem]) => problem)
}

/** Throws where a metric's name, help or labels are not as Prometheus and its users expect them. */
export function assertNaming(naming: Naming): void {
  const problems = problemsOf(naming)
  if (problems.length === 0) return
  throw new TypeError(`a good metric ${problems.join(', ')}: ${naming.name}`)
}
