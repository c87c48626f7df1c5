import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { assertNaming } from './naming.ts'
import type {
  Declared,
  Layout,
  Place,
  SharedCounter,
  SharedHistogram,
  Slice,
} from './shared-cells.ts'

/** A metric that one thread keeps. */
interface MetricDeclaration<L extends string> {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly L[]
}

/** All metrics of a process. */
export interface Metrics {
  readonly counter: <L extends string = never>(declaration: MetricDeclaration<L>) => Counter<L>
  /** A gauge; `read` sets it whenever somebody looks. */
  readonly gauge: <L extends string = never>(
    declaration: MetricDeclaration<L>,
    read?: (gauge: Gauge<L>) => void,
  ) => Gauge<L>
  /** A count that somebody else keeps and that never falls. */
  readonly total: (declaration: MetricDeclaration<never>, read: () => number) => void
  readonly histogram: <L extends string = never>(
    declaration: MetricDeclaration<L> & { readonly buckets: readonly number[] },
  ) => Histogram<L>
  /** Adds all that a layout declares, counted in a block by so many threads. */
  readonly shared: (layout: Layout, block: SharedArrayBuffer, threads: number) => void
  /** The exposition, for `/metrics`. */
  readonly render: () => Promise<string>
  readonly contentType: string
}

interface Sample {
  readonly labels: Record<string, string | number>
  readonly value: number
  readonly metricName: string
}

const microsecondsPerSecond = 1e6

class SharedCounterView extends Counter {
  readonly #samples: () => Sample[]

  constructor({ name, help, labels }: SharedCounter, registry: Registry, samples: () => Sample[]) {
    super({ name, help, labelNames: Object.keys(labels), registers: [registry] })
    this.#samples = samples
  }

  override async get(): ReturnType<Counter['get']> {
    return { ...(await super.get()), values: this.#samples() }
  }
}

class SharedHistogramView extends Histogram {
  readonly #samples: () => Sample[]
  // Asked for name, help and type; its own get() would call back the one below.
  readonly #plain: Histogram

  constructor(
    { name, help, labels, bounds }: SharedHistogram,
    registry: Registry,
    samples: () => Sample[],
  ) {
    const buckets = bounds.map((bound) => bound / microsecondsPerSecond)
    const options = { name, help, labelNames: Object.keys(labels), buckets }
    super({ ...options, registers: [registry] })
    this.#samples = samples
    this.#plain = new Histogram({ ...options, registers: [] })
  }

  override async get(): ReturnType<Histogram['get']> {
    return { ...(await this.#plain.get()), values: this.#samples() }
  }

  // The registry asks this way, where it is there, which the types do not tell.
  async getForPromString(): ReturnType<Histogram['get']> {
    return this.get()
  }
}

type Total = (cell: number) => number

function counterSamples({ name }: SharedCounter, places: readonly Place[], total: Total): Sample[] {
  const samples = places.map(({ labels, cell }) => ({
    labels: { ...labels },
    value: total(cell),
    metricName: name,
  }))
  // Most combinations of several labels never occur.
  const single = Object.keys(places[0]?.labels ?? {}).length < 2
  return single ? samples : samples.filter(({ value }) => value > 0)
}

function histogramSamples(
  histogram: SharedHistogram,
  { labels, cell }: Place,
  total: Total,
): Sample[] {
  const { name, bounds } = histogram
  let count = 0
  const buckets = [...bounds, Infinity].map((bound, index) => {
    count += total(cell + index)
    const le = bound === Infinity ? '+Inf' : bound / microsecondsPerSecond
    return { labels: { ...labels, le }, value: count, metricName: `${name}_bucket` }
  })
  const sum = total(cell + bounds.length + 1) / microsecondsPerSecond
  return [
    ...buckets,
    { labels: { ...labels }, value: sum, metricName: `${name}_sum` },
    { labels: { ...labels }, value: count, metricName: `${name}_count` },
  ]
}

function view({ metric, places }: Declared, registry: Registry, total: Total): void {
  if (metric.kind === 'counter') {
    void new SharedCounterView(metric, registry, () => counterSamples(metric, places, total))
  } else {
    const samples = () => places.flatMap((place) => histogramSamples(metric, place, total))
    void new SharedHistogramView(metric, registry, samples)
  }
}

function totalOf(slices: readonly Slice[]): Total {
  return (cell) => slices.reduce((sum, slice) => sum + (slice[cell] ?? 0), 0)
}

/** Opens the metrics of a process. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const common = <L extends string>(
    kind: 'counter' | 'gauge' | 'histogram',
    { name, help, labelNames = [] }: MetricDeclaration<L>,
  ) => {
    assertNaming({ kind, name, help, labelNames })
    return { name, help, labelNames, registers: [registry] }
  }
  return {
    counter: (declaration) => new Counter(common('counter', declaration)),
    gauge: <L extends string>(
      declaration: MetricDeclaration<L>,
      read?: (gauge: Gauge<L>) => void,
    ) => {
      const gauge: Gauge<L> = new Gauge({
        ...common('gauge', declaration),
        ...(read === undefined ? {} : { collect: () => read(gauge) }),
      })
      return gauge
    },
    total(declaration, read) {
      const counter: Counter = new Counter({
        ...common('counter', declaration),
        collect() {
          counter.reset()
          counter.inc(read())
        },
      })
    },
    histogram: (declaration) =>
      new Histogram({
        ...common('histogram', declaration),
        buckets: [...declaration.buckets],
      }),
    shared: (layout, block, threads) => {
      const slices = Array.from({ length: threads }, (_, thread) => layout.slice(block, thread))
      for (const declared of layout.declared()) view(declared, registry, totalOf(slices))
    },
    render: async () => registry.metrics(),
    contentType: registry.contentType,
  }
}
