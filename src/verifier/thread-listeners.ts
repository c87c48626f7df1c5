// The listeners of a thread, one for each protocol. Each is a server of Node's and a few things that every server is
// told; a new protocol is a line in `makers`.

import type { Server } from 'node:net'
import type { View } from '../decision/decide.ts'
import { createEnvoyDoor, envoyPrefix } from '../doors/envoy.ts'
import { createForwardDoor } from '../doors/forward.ts'
import { createGrpcDoor } from '../doors/grpc.ts'
import type { HttpDoor } from '../doors/http-door.ts'
import { createNginxDoor } from '../doors/nginx.ts'
import type { Clock } from '../system/clock.ts'
import { createDecisionIds } from './decision-ids.ts'
import { createGrpcServer } from './grpc-server.ts'
import { createHookServer } from './hook-server.ts'
import { listen } from './listening.ts'
import type { ThreadObserver } from './observer.ts'
import {
  listenerNames,
  type DoorSettingsByName,
  type ListenerName,
  type Ports,
  type TlsMaterial,
  type VerifierSettings,
} from './thread-setup.ts'
import { secureContext } from './tls-files.ts'

/** A server, and what it is told in its life. */
interface Listener {
  readonly server: Server
  /** New questions are better asked elsewhere. */
  readonly drain: () => void
  /** Ends the connections on which nothing is being answered, those that are left once they are such. */
  readonly endIdle: () => void
  /** Ends all connections at once. */
  readonly endAll: () => void
}

export interface ThreadListenersParts {
  readonly settings: VerifierSettings
  /** Whether other threads listen at the same addresses. */
  readonly reusePort: boolean
  readonly view: () => View
  readonly clock: Clock
  readonly observer: ThreadObserver
}

export interface ThreadListeners {
  /** Resolves to the ports when all listen; rejects with the system's error. */
  readonly listen: () => Promise<Ports>
  readonly useTls: (name: ListenerName, tls: TlsMaterial) => void
  readonly drain: () => void
  /** Stops accepting, lets what is being answered be answered, and resolves when every connection has ended. */
  readonly close: () => Promise<void>
}

const lastConnectionsMs = 2000

/** Makes the listeners that the settings ask for; none listens before it is told. */
export function createThreadListeners(parts: ThreadListenersParts): ThreadListeners {
  const setups = parts.settings.listeners
  const listeners = new Map<ListenerName, Listener>()
  for (const name of listenerNames) {
    const setup = setups[name]
    const listener = setup && makers[name](parts, createDecisionIds(), setup.tls)
    if (listener) listeners.set(name, listener)
  }
  return {
    async listen() {
      const ports: Partial<Record<ListenerName, number>> = {}
      for (const [name, { server }] of listeners) {
        const at = setups[name]?.at
        const port = at && (await listen(server, at, parts.reusePort))
        if (port !== undefined) ports[name] = port
      }
      return ports
    },
    useTls(name, tls) {
      const server = listeners.get(name)?.server
      if (server && 'setSecureContext' in server && typeof server.setSecureContext === 'function') {
        server.setSecureContext(secureContext(tls))
      }
    },
    drain() {
      for (const { drain } of listeners.values()) drain()
    },
    async close() {
      await Promise.all([...listeners.values()].map(closeListener))
    },
  }
}

function closeListener({ server, endIdle, endAll }: Listener): Promise<void> {
  return new Promise((resolve) => {
    const insist = setTimeout(endAll, lastConnectionsMs)
    server.close(() => {
      clearTimeout(insist)
      resolve()
    })
    endIdle()
  })
}

type Maker = (
  parts: ThreadListenersParts,
  nextDecisionId: () => string,
  tls: TlsMaterial | undefined,
) => Listener | undefined

const makers: Readonly<Record<ListenerName, Maker>> = {
  http(parts, nextDecisionId, tls) {
    const { doors, limits } = parts.settings
    const { server, drain } = createHookServer({
      ...parts,
      doors: httpDoors(doors),
      prefixed: doors.envoy && { prefix: envoyPrefix, door: createEnvoyDoor(doors.envoy) },
      limits,
      nextDecisionId,
      tls,
    })
    return {
      server,
      drain,
      endIdle: () => server.closeIdleConnections(),
      endAll: () => server.closeAllConnections(),
    }
  },
  grpc(parts, nextDecisionId, tls) {
    const { doors, limits } = parts.settings
    if (!doors.grpc) return undefined
    const door = createGrpcDoor(doors.grpc)
    const { server, drain, endAll } = createGrpcServer({
      ...parts,
      door,
      limits,
      nextDecisionId,
      tls,
    })
    return { server, drain, endIdle: drain, endAll }
  },
}

function httpDoors({ nginx, forward }: DoorSettingsByName): ReadonlyMap<string, HttpDoor> {
  const doors = new Map<string, HttpDoor>()
  if (nginx) doors.set('/auth/nginx', createNginxDoor(nginx))
  if (forward) doors.set('/auth/forward', createForwardDoor(forward))
  return doors
}
