// One of the threads that answer gateways. It judges by the standing that the main thread publishes, does no I/O but
// on its own sockets, and is replaced when it dies.

import { chmodSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import type { View } from '../decision/decide.ts'
import { createProofCache } from '../decision/proof-cache.ts'
import { createForwardDoor } from '../doors/forward.ts'
import type { HttpDoor } from '../doors/http-door.ts'
import { createNginxDoor } from '../doors/nginx.ts'
import { systemClock } from '../system/clock.ts'
import { createAdmission } from './admission.ts'
import { createFreshnessView } from './freshness-view.ts'
import { createDecisionIds } from './decision-ids.ts'
import { createHookServer, type HookServer } from './hook-server.ts'
import { createThreadObserver } from './observer.ts'
import { createSubscriber } from './publication.ts'
import type {
  DoorSettingsByName,
  FromThread,
  ListenAt,
  ThreadSetup,
  TlsMaterial,
  ToThread,
} from './thread-setup.ts'
import { secureContext } from './tls-files.ts'

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
const admit = createAdmission(systemClock.monotonic)
const observer = createThreadObserver({ setup, say, cache, clock: systemClock })

const freshness = createFreshnessView(settings.freshness, systemClock)

const view = (): View => ({
  standing: subscriber.standing(),
  freshness: freshness.state(),
  cache,
  leeway: settings.leeway,
  outage: settings.outage,
  admit,
})

const http = settings.http && listenHttp(settings.http.at, settings.http.tls)
if (!http) say({ kind: 'listening', port: undefined })

main.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'tls':
      if (http && 'setSecureContext' in http.server) {
        http.server.setSecureContext(secureContext(message.tls))
      }
      break
    case 'drain':
      http?.drain()
      break
    case 'close':
      close()
  }
})

function listenHttp(at: ListenAt, tls: TlsMaterial | undefined): HookServer {
  const hooks = createHookServer({
    doors: createDoors(settings.doors),
    view,
    clock: systemClock,
    nextDecisionId: createDecisionIds(),
    limits: settings.limits,
    tls,
    observer,
  })
  hooks.server.on('error', ({ code = 'UNKNOWN' }: NodeJS.ErrnoException) =>
    say({ kind: 'failed', code }),
  )
  const listening = () => {
    const address = hooks.server.address()
    say({ kind: 'listening', port: typeof address === 'object' ? address?.port : undefined })
  }
  if (at.kind === 'tcp') {
    const { host, port } = at
    hooks.server.listen({ host, port, reusePort: setup.reusePort }, listening)
  } else {
    hooks.server.listen({ path: at.path }, () => {
      chmodSync(at.path, 0o660)
      listening()
    })
  }
  return hooks
}

function createDoors({ nginx, forward }: DoorSettingsByName): ReadonlyMap<string, HttpDoor> {
  const doors = new Map<string, HttpDoor>()
  if (nginx) doors.set('/auth/nginx', createNginxDoor(nginx))
  if (forward) doors.set('/auth/forward', createForwardDoor(forward))
  return doors
}

const lastConnectionsMs = 2000

/** Stops accepting, lets what is being answered be answered, and ends. */
function close(): void {
  observer.close()
  setup.port.close()
  if (!http) {
    main?.close()
    return
  }
  const { server } = http
  const insist = setTimeout(() => server.closeAllConnections(), lastConnectionsMs)
  server.close(() => {
    clearTimeout(insist)
    main?.close()
  })
  server.closeIdleConnections()
}
