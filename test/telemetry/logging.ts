import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { setImmediate } from 'node:timers/promises'
import { createLog } from '../../src/telemetry/log.ts'

// Logs far more to standard output than a pipe holds and writes down how that went.

const log = createLog({ level: 'info', fd: 1, now: Date.now })
let longestTurnMs = 0
for (let turn = 0; turn < 300; turn++) {
  const start = performance.now()
  for (let i = 0; i < 200; i++)
    log.info('a line that nobody will ever read', { turn, i, even: i % 2 === 0 })
  await setImmediate()
  longestTurnMs = Math.max(longestTurnMs, performance.now() - start)
}
const heldMb = process.memoryUsage().arrayBuffers / 1e6
const closing = performance.now()
await log.close()
const report = {
  longestTurnMs,
  closeMs: performance.now() - closing,
  dropped: log.dropped(),
  heldMb,
}
writeFileSync(process.argv[2] ?? '', JSON.stringify(report))
