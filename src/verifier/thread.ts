// One of the threads that answer gateways. It judges by the standing that the main thread publishes, does no I/O but
// on its own sockets, and is replaced when it dies.

import { setFlagsFromString } from 'node:v8'
import { parentPort, workerData } from 'node:worker_threads'
import type { View } from '../decision/decide.ts'
import { createProofCache } from '../decision/proof-cache.ts'
import { systemClock } from '../system/clock.ts'
import { createAdmission } from './admission.ts'
import { createFreshnessView } from './freshness-view.ts'
import { createThreadObserver } from './observer.ts'
import { createSubscriber } from './publication.ts'
import { createThreadListeners } from './thread-listeners.ts'
import type { FromThread, ThreadSetup, ToThread } from './thread-setup.ts'

// After a burst, of which much outlives a collection, V8 makes all objects of those kinds among the old ones from then on.
// Those of one request are garbage as soon as it is answered, and would have to be collected at seven tenths more.
setFlagsFromString('--no-allocation-site-pretenuring')

const setup: ThreadSetup = workerData
const main = parentPort
if (!main) throw new TypeError('this file is the inside of a thread')
const say = (message: FromThread) => main.postMessage(message)

const { settings } = setup
const subscriber = createSubscriber({
  port: setup.port,
  number: setup.number,
  first: setup.first,
  onApplied: (number) => say({ kind: 'applied', number }),
})
const cache = createProofCache(settings.proofCacheMax)
const admission = createAdmission(systemClock.monotonic)
const observer = createThreadObserver({ setup, say, cache, clock: systemClock })

const freshness = createFreshnessView(settings.freshness, systemClock)

const view = (): View => ({
  standing: subscriber.standing(),
  freshness: freshness.state(),
  cache,
  leeway: settings.leeway,
  outage: settings.outage,
  admission,
})

const bound = new Map(Object.entries(settings.bound))
const listeners = createThreadListeners({
  settings,
  bound: (door) => bound.get(door),
  hasSockets: setup.id === 0,
  reusePort: setup.reusePort,
  isFirst: setup.isFirst,
  view,
  clock: systemClock,
  observer,
})
void listeners.listen().then(say)

main.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'tls':
      listeners.useTls(message.listener, message.tls)
      break
    case 'bound':
      bound.set(message.door, message.token)
      break
    case 'ping':
      say({ kind: 'pong', number: message.number })
      break
    case 'drain':
      listeners.drain()
      break
    case 'close':
      void close()
  }
})

/** Stops accepting, lets what is being answered be answered, and ends. */
async function close(): Promise<void> {
  observer.close()
  setup.port.close()
  await listeners.close()
  main?.close()
}
