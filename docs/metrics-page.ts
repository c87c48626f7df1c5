import { createAuthorityMetrics } from '../src/authority/metrics.ts'
import { createMetrics, type Metrics } from '../src/telemetry/metrics.ts'
import { threadLayout } from '../src/verifier/thread-metrics.ts'
import { createVerifierMetrics } from '../src/verifier/verifier-metrics.ts'

const intro = `# Metrics

Made from what processes register, by \`npm run docs\`. They are at \`/metrics\` of the listener for operations, in the text format of Prometheus.
What only an authority counts is under *authority*; a process that is both has both.
`

interface Row {
  readonly name: string
  readonly kind: string
  readonly labels: readonly string[]
  readonly help: string
}

/** Metrics that note what is declared. */
function noting(rows: Row[]): Metrics {
  const metrics = createMetrics()
  const note = (
    kind: string,
    { name, help, labelNames = [] }: { name: string; help: string; labelNames?: readonly string[] },
  ) => rows.push({ name, kind, labels: labelNames, help })
  return {
    ...metrics,
    counter(declaration) {
      note('counter', declaration)
      return metrics.counter(declaration)
    },
    gauge(declaration, read) {
      note('gauge', declaration)
      return metrics.gauge(declaration, read)
    },
    total(declaration, read) {
      note('counter', declaration)
      metrics.total(declaration, read)
    },
    histogram(declaration) {
      note('histogram', declaration)
      return metrics.histogram(declaration)
    },
    shared(layout, block, threads) {
      for (const { metric } of layout.declared()) {
        note(metric.kind, { ...metric, labelNames: Object.keys(metric.labels) })
      }
      metrics.shared(layout, block, threads)
    },
  }
}

function table(title: string, rows: readonly Row[]): string {
  const lines = rows
    .toSorted((one, other) => one.name.localeCompare(other.name))
    .map(({ name, kind, labels, help }) => {
      const named = labels.length === 0 ? '' : labels.map((label) => `\`${label}\``).join(', ')
      return `| \`${name}\` | ${kind} | ${named} | ${help} |\n`
    })
  return `\n## ${title}\n\n| name | kind | labels | |\n| --- | --- | --- | --- |\n${lines.join('')}`
}

/** The reference page of the metrics. */
export function metricsPage(): string {
  const [verifier, authority]: [Row[], Row[]] = [[], []]
  createVerifierMetrics({
    metrics: noting(verifier),
    threads: { facts: undefined },
    counters: threadLayout.allocate(1),
    workers: 1,
    revoked: () => ({ entries: 0, bytes: 0 }),
    proofs: () => 0,
    link: () => ({
      connected: false,
      authority: undefined,
      reconnects: 0,
      failures: 0,
      stateFailures: 0,
      usageDropped: 0,
    }),
    freshness: { state: () => 'fresh', ageSeconds: () => 0 },
    keysAgeMs: () => 0,
  })
  createAuthorityMetrics(noting(authority))
  return [intro, table('verifier', verifier), table('authority', authority)].join('')
}
