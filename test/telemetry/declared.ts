import { createLayout } from '../../src/telemetry/shared-cells.ts'

/** The metrics that the tests count, declared alike in each thread. */
export const layout = createLayout()

/** A count with labels. */
export const decisions = layout.counter({
  name: 'warder_test_decisions_total',
  help: 'Decisions by door and outcome',
  labels: { door: ['nginx', 'forward'], outcome: ['allow', 'deny'] },
})

/** A count without. */
export const lookups = layout.counter({
  name: 'warder_test_lookups_total',
  help: 'Lookups of anything',
  labels: {},
})

/** A histogram of microseconds. */
export const durations = layout.histogram({
  name: 'warder_test_duration_seconds',
  help: 'Time that it took',
  labels: {},
  bounds: [5, 10, 1000],
})
