import { workerData } from 'node:worker_threads'
import { increment, observe } from '../../src/telemetry/shared-cells.ts'
import { decisions, durations, layout, lookups } from './declared.ts'

const { block, thread } = workerData as { block: SharedArrayBuffer; thread: number }
const slice = layout.slice(block, thread)
const allowed = decisions.at({ door: 'nginx', outcome: 'allow' })
const denied = decisions.at({ door: 'forward', outcome: 'deny' })

for (let i = 0; i < 10_000; i++) increment(slice, allowed)
for (let i = 0; i < 1000; i++) increment(slice, denied)
increment(slice, lookups.at({}), 3)
for (const microseconds of [5, 10, 1000, 5000]) {
  observe(slice, durations, durations.at({}), microseconds)
}
