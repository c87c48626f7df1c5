import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { createLayout, increment, observe } from '../../src/telemetry/shared-cells.ts'
import { layout, lookups, decisions, durations } from './declared.ts'

const threads = 4

async function counted(): Promise<SharedArrayBuffer> {
  const block = layout.allocate(threads)
  const workers = Array.from({ length: threads }, async (_, thread) => {
    const worker = new Worker(new URL('counting.ts', import.meta.url), {
      workerData: { block, thread },
    })
    return new Promise((resolve, reject) => {
      worker.on('exit', resolve).on('error', reject)
    })
  })
  assert.deepEqual(await Promise.all(workers), [0, 0, 0, 0])
  return block
}

test('what every thread counts on its own is added up when somebody looks', async () => {
  const metrics = createMetrics()
  metrics.shared(layout, await counted(), threads)
  const lines = (await metrics.render()).split('\n')
  const expected = [
    '# HELP warder_test_decisions_total Decisions by door and outcome',
    '# TYPE warder_test_decisions_total counter',
    'warder_test_decisions_total{door="nginx",outcome="allow"} 40000',
    'warder_test_decisions_total{door="forward",outcome="deny"} 4000',
    'warder_test_lookups_total 12',
    '# TYPE warder_test_duration_seconds histogram',
    'warder_test_duration_seconds_bucket{le="0.000005"} 4',
    'warder_test_duration_seconds_bucket{le="0.00001"} 8',
    'warder_test_duration_seconds_bucket{le="0.001"} 12',
    'warder_test_duration_seconds_bucket{le="+Inf"} 16',
    'warder_test_duration_seconds_sum 0.02406',
    'warder_test_duration_seconds_count 16',
  ]
  for (const line of expected)
    assert.ok(lines.includes(line), `${line} not in\n${lines.join('\n')}`)
  assert.ok(!lines.some((line) => line.includes('door="nginx",outcome="deny"')))
})

test('an unlabelled count shows before anything was counted', async () => {
  const metrics = createMetrics()
  metrics.shared(layout, layout.allocate(1), 1)
  assert.match(await metrics.render(), /^warder_test_lookups_total 0$/m)
})

test('every combination of labels has a cell of its own', () => {
  const slice = layout.slice(layout.allocate(1), 0)
  for (const door of ['nginx', 'forward'] as const) {
    for (const outcome of ['allow', 'deny'] as const)
      increment(slice, decisions.at({ door, outcome }))
  }
  increment(slice, lookups.at({}))
  observe(slice, durations, durations.at({}), 5)
  assert.deepEqual([...slice], [1, 1, 1, 1, 1, 1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0])
})

test('a thread whose declarations differ cannot write into the block', () => {
  const other = createLayout()
  other.counter({ name: 'warder_other_total', help: 'Something else entirely', labels: {} })
  assert.throws(() => layout.slice(other.allocate(1), 0), TypeError)
  assert.throws(() => layout.slice(layout.allocate(2), 2), TypeError)
  assert.throws(
    () => other.counter({ name: 'warder_late_total', help: 'Declared too late', labels: {} }),
    /declared after/,
  )
})

test('one more in a cell makes no garbage', () => {
  const slice = layout.slice(layout.allocate(1), 0)
  const cell = decisions.at({ door: 'nginx', outcome: 'allow' })
  const place = durations.at({})
  const run = (times: number) => {
    for (let i = 0; i < times; i++) {
      increment(slice, cell)
      observe(slice, durations, place, i % 2000)
    }
  }
  run(100_000)
  const before = process.memoryUsage().heapUsed
  run(1_000_000)
  assert.ok(process.memoryUsage().heapUsed - before < 1_000_000)
})

test('gauges are read when somebody looks', async () => {
  const metrics = createMetrics()
  let entries = 1
  metrics.gauge({ name: 'warder_test_entries', help: 'Entries that are there' }, (gauge) =>
    gauge.set(entries),
  )
  const requests = metrics.counter({
    name: 'warder_test_requests_total',
    help: 'Requests by status',
    labelNames: ['status'],
  })
  const spread = { name: 'warder_test_spread_seconds', help: 'Time that it took', buckets: [1, 2] }
  metrics.histogram(spread).observe(1.5)
  requests.inc({ status: '204' })
  entries = 2
  const text = await metrics.render()
  assert.match(text, /^warder_test_entries 2$/m)
  assert.match(text, /^warder_test_requests_total\{status="204"\} 1$/m)
  assert.match(text, /^warder_test_spread_seconds_bucket\{le="2"\} 1$/m)
  assert.match(metrics.contentType, /^text\/plain; version=0\.0\.4/)
})

test('a name, help or label that promtool would find fault with is refused', () => {
  const metrics = createMetrics()
  const help = 'Something worth counting'
  for (const name of [
    'warder_requests',
    'warder_requestsTotal',
    'other_requests_total',
    'warder_wait_milliseconds_total',
    'warder_wait_ms_total',
    'warder_requests_counter_total',
    'warder:requests_total',
  ]) {
    assert.throws(() => metrics.counter({ name, help }), TypeError, name)
  }
  for (const name of [
    'warder_x_total',
    'warder_x_count',
    'warder_x_bucket',
    'warder_cpu_percent',
  ]) {
    assert.throws(() => metrics.gauge({ name, help }), TypeError, name)
  }
  const name = 'warder_fine_total'
  for (const bad of ['', 'lower case', 'Ends with a stop.']) {
    assert.throws(() => metrics.counter({ name, help: bad }), TypeError, bad)
  }
  for (const labelNames of [['le'], ['Door'], ['a', 'a']]) {
    assert.throws(() => metrics.counter({ name, help, labelNames }), TypeError)
  }
  metrics.counter({ name, help, labelNames: ['door'] })
  assert.throws(() => createLayout().counter({ name: 'warder_x', help, labels: {} }), TypeError)
})
