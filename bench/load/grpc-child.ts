// Calls a gRPC server as a file describes and prints what it saw. Each connection is a gateway's: it brings one
// credential with every call.

import { readFileSync } from 'node:fs'
import { connect, type ClientHttp2Session } from 'node:http2'
import process from 'node:process'
import { bucketQuantile } from '../statistics.ts'
import { callOf, makeCall, type Call } from './grpc-calls.ts'
import type { Load, LoadResult } from './load.ts'

const streamsPerConnection = 10
const load = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Load
const calls = load.requests.map(callOf)
const connections = Math.max(1, Math.round(load.connections / streamsPerConnection))
const bucketMs = 0.01
const latencies = new Uint32Array(1_000_000)
let answered = 0
let wrong = 0
let running = 0

const began = performance.now()
const end = began + load.seconds * 1000
const sessions = Array.from({ length: connections }, () => connect(`http://127.0.0.1:${load.port}`))

function callAgain(session: ClientHttp2Session, call: Call): void {
  if (performance.now() >= end || session.destroyed) {
    running -= 1
    if (running === 0) finish()
    return
  }
  const at = performance.now()
  makeCall(session, call, (allowed) => {
    if (allowed) answered += 1
    else wrong += 1
    const bucket = Math.min(latencies.length - 1, Math.floor((performance.now() - at) / bucketMs))
    latencies[bucket] = (latencies[bucket] ?? 0) + 1
    callAgain(session, call)
  })
}

function finish(): void {
  const seen: LoadResult = {
    answered,
    wrong,
    seconds: (performance.now() - began) / 1000,
    p50Ms: bucketQuantile(latencies, bucketMs, 0.5),
    p99Ms: bucketQuantile(latencies, bucketMs, 0.99),
  }
  process.stdout.write(JSON.stringify(seen))
  for (const session of sessions) session.close()
}

for (const [at, session] of sessions.entries()) {
  const call = calls[at % calls.length]
  if (!call) throw new TypeError('nothing to call')
  for (let count = 0; count < streamsPerConnection; count++) {
    running += 1
    callAgain(session, call)
  }
}
