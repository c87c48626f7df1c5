// The listeners of a thread, one for each protocol. Each is a server of Node's and a few things that every server is
// told; a new protocol is a line in `makers`.

import { randomBytes } from 'node:crypto'
import type { Server } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { View } from '../decision/decide.ts'
import { doorNames, type DoorName } from '../decision/question.ts'
import { createAuthzenDoor } from '../doors/authzen.ts'
import type { BodyDoor } from '../doors/body-door.ts'
import { createEnvoyDoor, envoyPrefix } from '../doors/envoy.ts'
import { createForwardDoor } from '../doors/forward.ts'
import { createGrpcDoor } from '../doors/grpc.ts'
import type { HttpDoor } from '../doors/http-door.ts'
import { createNginxDoor } from '../doors/nginx.ts'
import { createSidebandDoor } from '../doors/sideband.ts'
import { createStateSeal } from '../doors/sideband-state.ts'
import type { Clock } from '../system/clock.ts'
import { createDecisionIds } from './decision-ids.ts'
import { createGrpcServer } from './grpc-server.ts'
import { createHookServer } from './hook-server.ts'
import { claim, listen } from './listening.ts'
import type { ThreadObserver } from './observer.ts'
import { createRate } from './rate.ts'
import { createSpoeServer } from './spoe-server.ts'
import {
  listenerNames,
  type DoorSettingsByName,
  type FromThread,
  type ListenerName,
  type ListenerSetups,
  type TlsMaterial,
  type VerifierSettings,
} from './thread-setup.ts'
import { tlsRenewal } from './tls-renewal.ts'
import { createRoom, type Room } from './unfinished.ts'
import { codeOf } from '../system/error-code.ts'

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
  /** Whether none of them does yet, so that nobody else may. */
  readonly isFirst: boolean
  /** Whether Unix sockets, each of which only one thread can have, are this one's. */
  readonly hasSockets: boolean
  /** The credential of a door that stands for one gateway. */
  readonly bound: (door: DoorName) => string | undefined
  readonly view: () => View
  readonly clock: Clock
  readonly observer: ThreadObserver
}

type Listening = Extract<FromThread, { readonly kind: 'listening' | 'failed' }>

export interface ThreadListeners {
  /** Resolves to the ports when all listen, or to the listener that cannot and the code of the system's error. */
  readonly listen: () => Promise<Listening>
  readonly useTls: (name: ListenerName, tls: TlsMaterial) => void
  readonly drain: () => void
  /** Stops accepting, lets what is being answered be answered, and resolves when every connection has ended. */
  readonly close: () => Promise<void>
}

const lastConnectionsMs = 2000
const nobodyComesMs = 500

/** Makes the listeners that the settings ask for; none listens before it is told. */
export function createThreadListeners(parts: ThreadListenersParts): ThreadListeners {
  const setups = parts.settings.listeners
  const listeners = new Map<ListenerName, Listener>()
  const renewals = new Map<ListenerName, (tls: TlsMaterial) => void>()
  const doors = boundTo(parts)
  const room = createRoom(parts.settings.limits)
  for (const name of listenerNames) {
    const setup = setups[name]
    if (!setup || (setup.at.kind === 'unix' && !parts.hasSockets)) continue
    const own = doorNames.find((door) => name === `doors.${door}`)
    const mine = own ? { [own]: doors[own] } : withoutOwn(doors, setups)
    const maker = makers.get(own ?? name) ?? makeHttp
    const listener = maker({ ...parts, doors: mine, room }, createDecisionIds(), setup.tls)
    if (!listener) continue
    listener.server.on('drop', () => parts.observer.droppedConnection(name))
    listeners.set(name, listener)
    renewals.set(name, tlsRenewal(listener.server, setup.tls))
  }
  return {
    async listen() {
      const ports: Partial<Record<ListenerName, number>> = {}
      for (const [name, { server }] of listeners) {
        const at = setups[name]?.at
        if (!at) continue
        try {
          if (parts.isFirst) await claim(at)
          const port = await listen(server, at, parts.reusePort)
          if (port !== undefined) ports[name] = port
        } catch (error) {
          return { kind: 'failed', listener: name, code: codeOf(error) }
        }
      }
      return { kind: 'listening', ports }
    },
    useTls: (name, tls) => renewals.get(name)?.(tls),
    drain() {
      for (const { drain } of listeners.values()) drain()
    },
    async close() {
      const all = [...listeners.values()]
      await Promise.all(all.map(async (listener) => closeListener(listener, parts.clock)))
    },
  }
}

/** Waits for a turn of the loop in which nobody connects: who waits for a socket that is closed is cut off. */
async function untilNobodyComes(server: Server, { monotonic }: Clock): Promise<void> {
  let came = true
  const note = () => {
    came = true
  }
  server.on('connection', note)
  // The turn that a message began ends without a look at who came.
  await nextTurn()
  const end = monotonic() + nobodyComesMs
  while (came && monotonic() < end) {
    came = false
    await nextTurn()
  }
  server.off('connection', note)
}

async function closeListener(listener: Listener, clock: Clock): Promise<void> {
  const { server, endIdle, endAll } = listener
  await untilNobodyComes(server, clock)
  await new Promise<void>((resolve) => {
    const insist = setTimeout(endAll, lastConnectionsMs)
    server.close(() => {
      clearTimeout(insist)
      resolve()
    })
    endIdle()
  })
}

/** The doors, those that stand for one gateway with what it presents. */
function boundTo({ settings, bound }: ThreadListenersParts): DoorSettingsByName {
  const doors = doorNames.flatMap((name) => {
    const door = settings.doors[name]
    if (!door) return []
    return [[name, name in settings.bound ? { ...door, bound: () => bound(name) } : door] as const]
  })
  return Object.fromEntries(doors)
}

/** The doors that have no listener of their own. */
function withoutOwn(doors: DoorSettingsByName, setups: ListenerSetups): DoorSettingsByName {
  const shared = doorNames.filter((name) => !setups[`doors.${name}`])
  return Object.fromEntries(shared.map((name) => [name, doors[name]]))
}

interface MakerParts extends ThreadListenersParts {
  /** Those that answer at this listener. */
  readonly doors: DoorSettingsByName
  readonly room: Room
}

type Maker = (
  parts: MakerParts,
  nextDecisionId: () => string,
  tls: TlsMaterial | undefined,
) => Listener | undefined

const makeHttp: Maker = (parts, nextDecisionId, tls) => {
  const { doors } = parts
  return createHookServer({
    ...parts,
    doors: httpDoors(doors),
    prefixed: doors.envoy && { prefix: envoyPrefix, door: createEnvoyDoor(doors.envoy) },
    bodyDoors: bodyDoors(parts),
    limits: parts.settings.limits,
    nextDecisionId,
    tls,
  })
}

const makeGrpc: Maker = (parts, nextDecisionId, tls) => {
  if (!parts.doors.grpc) return undefined
  const { server, drain, endAll } = createGrpcServer({
    ...parts,
    door: createGrpcDoor(parts.doors.grpc),
    limits: parts.settings.limits,
    nextDecisionId,
    tls,
  })
  return { server, drain, endIdle: drain, endAll }
}

const makeSpoe: Maker = (parts, nextDecisionId, tls) => {
  if (!parts.doors.spoe) return undefined
  const { server, drain, endConnections, closeAllConnections } = createSpoeServer({
    ...parts,
    settings: parts.doors.spoe,
    sockets: parts.settings.limits.sockets,
    nextDecisionId,
    tls,
  })
  return { server, drain, endIdle: endConnections, endAll: closeAllConnections }
}

/** What is not asked over HTTP. */
const makers: ReadonlyMap<string, Maker> = new Map([
  ['grpc', makeGrpc],
  ['spoe', makeSpoe],
])

function httpDoors({ nginx, forward }: DoorSettingsByName): ReadonlyMap<string, HttpDoor> {
  const doors = new Map<string, HttpDoor>()
  if (nginx) doors.set('/auth/nginx', createNginxDoor(nginx))
  if (forward) doors.set('/auth/forward', createForwardDoor(forward))
  return doors
}

function bodyDoors({ settings, doors, clock }: MakerParts): readonly BodyDoor[] {
  const { sideband, authzen } = doors
  const found: BodyDoor[] = []
  if (sideband) {
    const { gatewayTypes, perSecond, stateKey } = settings.sideband
    const rate =
      perSecond === undefined ? {} : { withinRate: createRate(perSecond, clock.monotonic) }
    const rules = { ...sideband, gatewayTypes: new Set(gatewayTypes), ...rate }
    const states = createStateSeal({ key: stateKey, salt: randomBytes(16) })
    found.push(createSidebandDoor({ settings: rules, states }))
  }
  if (authzen) found.push(createAuthzenDoor({ settings: authzen, ...settings.authzen }))
  return found
}
