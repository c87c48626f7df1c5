// Runs autocannon once as a file describes and prints what it saw. autocannon itself rounds latencies to whole
// milliseconds, so they are counted here.

import { readFileSync } from 'node:fs'
import process from 'node:process'
import autocannon from 'autocannon'
import { bucketQuantile } from '../statistics.ts'
import type { BenchRequest } from '../target.ts'
import type { Load, LoadResult } from './load.ts'

const load = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Load
const bucketMs = 0.01
const latencies = new Uint32Array(1_000_000)
let answered = 0
let other = 0
let connection = 0

function asRequest({ path, headers, body }: BenchRequest) {
  const get = { method: 'GET', path, headers } as const
  return body === undefined ? get : ({ method: 'POST', path, headers, body } as const)
}

const instance = autocannon(
  {
    url: `http://127.0.0.1:${load.port}`,
    connections: load.connections,
    duration: load.seconds,
    // Each connection goes through a share of the tokens of its own; together they go through all.
    setupClient: (client) => {
      const share = load.requests.filter((_, index) => index % load.connections === connection)
      client.setRequests(share.map(asRequest))
      connection += 1
    },
  },
  (error: Error | null, result) => {
    if (error !== null && error !== undefined) throw error
    const seen: LoadResult = {
      answered,
      wrong: other + result.errors,
      seconds: result.duration,
      p50Ms: bucketQuantile(latencies, bucketMs, 0.5),
      p99Ms: bucketQuantile(latencies, bucketMs, 0.99),
    }
    process.stdout.write(JSON.stringify(seen))
  },
)

instance.on('response', (_client, status, _bytes, millis) => {
  if (status === 200) answered += 1
  else other += 1
  const bucket = Math.min(latencies.length - 1, Math.floor(millis / bucketMs))
  latencies[bucket] = (latencies[bucket] ?? 0) + 1
})
