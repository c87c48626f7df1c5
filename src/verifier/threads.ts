// The threads that answer, seen from the main thread: it starts them, hands them every publication, replaces those
// that die or are stuck, and ends them without losing a request.

import type { DoorName } from '../decision/question.ts'
import type { StandingFacts } from '../standing/standing.ts'
import type { SafeText } from '../telemetry/safe-text.ts'
import { listenerKey, listenRefused } from './listen-refused.ts'
import { createPublicationNumber, type Publication, type StandingUpdate } from './publication.ts'
import { startThread, type ThreadHandle } from './thread-handle.ts'
import { createThreadWatch } from './thread-watch.ts'
import {
  listenerNames,
  type FromThread,
  type ListenerName,
  type ListenerSetup,
  type ListenerSetups,
  type Ports,
  type ThreadSetup,
  type TlsMaterial,
  type ToThread,
  type VerifierSettings,
} from './thread-setup.ts'

export interface ThreadsParts {
  readonly count: number
  readonly settings: VerifierSettings
  readonly counters: ThreadSetup['counters']
  /** Told of what threads say that is not about their own lives. */
  readonly onMessage: (id: number, message: FromThread) => void
  /** Told when a thread ended that should not have, and of what; another one takes its place. */
  readonly onDeath: (id: number, error: SafeText | undefined) => void
}

interface ThreadState {
  readonly id: number
  readonly listening: boolean
  readonly revision: number | undefined
}

export interface Threads {
  /** Resolves to the ports when every thread listens; rejects with a `ListenRefused` where one cannot. */
  readonly start: () => Promise<Ports>
  /** Puts an update in force; resolves when every thread has said that it judges by it. */
  readonly publish: (update: StandingUpdate) => Promise<void>
  readonly facts: StandingFacts | undefined
  readonly states: () => readonly ThreadState[]
  readonly useTls: (listener: ListenerName, tls: TlsMaterial) => void
  /** Hands over the credential of a door that stands for one gateway. */
  readonly useBound: (door: DoorName, token: string | undefined) => void
  readonly drain: () => void
  readonly close: () => Promise<void>
}

const replaceAfterMs = 100

/** Makes the threads; none runs before `start`. */
export function createThreads(parts: ThreadsParts): Threads {
  const board = createBoard()
  const handles = new Map<number, ThreadHandle>()
  let closing = false

  const living = () => [...handles.values()].filter(({ ended }) => !ended)
  const watch = createThreadWatch(living, () => board.latest)
  const tell = (message: ToThread) => living().forEach((handle) => handle.tell(message))
  const common = createCommon(parts.settings, tell)
  const spawn = (id: number, onFirst?: (message: FromThread | undefined) => void) => {
    const { counters, count, onMessage, onDeath } = parts
    const { number } = board
    const isFirst = handles.size === 0
    const { settings } = common
    const shared = { settings, reusePort: count > 1, number, counters }
    const handle = startThread({
      setup: { ...shared, id, isFirst, first: board.whole() },
      onMessage(message) {
        if (message.kind === 'applied') board.settle(living())
        if (message.kind === 'listening' || message.kind === 'failed') onFirst?.(message)
        // One that takes the place of another tries again until it can listen.
        if (message.kind === 'failed' && !handle.listening && !onFirst) void handle.end()
        onMessage(id, message)
      },
      onEnd(error) {
        onFirst?.(undefined)
        board.settle(living())
        if (closing) return
        onDeath(id, error)
        setTimeout(() => !closing && spawn(id), replaceAfterMs)
      },
    })
    handles.set(id, handle)
  }
  const listens = (id: number) =>
    portsOf(common.settings.listeners, (onFirst) => spawn(id, onFirst))

  return {
    async start() {
      // The first takes the addresses for all.
      const ports = await listens(0)
      common.usePorts(ports)
      await Promise.all(Array.from({ length: parts.count - 1 }, (_, id) => listens(id + 1)))
      return ports
    },
    publish: (update) => watch.until(board.publish(update, living())),
    get facts() {
      return board.facts
    },
    states: () => [...handles.values()].map(board.stateOf),
    useTls: common.useTls,
    useBound: common.useBound,
    drain: () => tell({ kind: 'drain' }),
    async close() {
      closing = true
      watch.close()
      await Promise.all(living().map(({ end }) => end()))
    },
  }
}

/** What all threads are to know: those that run are told, those that will take their places begin with it. */
function createCommon(first: VerifierSettings, tell: (message: ToThread) => void) {
  let settings = first
  const change = (changed: Partial<VerifierSettings>) => {
    settings = { ...settings, ...changed }
  }
  return {
    get settings() {
      return settings
    },
    useTls: (listener: ListenerName, tls: TlsMaterial) => {
      const setup = settings.listeners[listener]
      if (setup) change({ listeners: { ...settings.listeners, [listener]: { ...setup, tls } } })
      tell({ kind: 'tls', listener, tls })
    },
    useBound: (door: DoorName, token: string | undefined) => {
      change({ bound: { ...settings.bound, [door]: token } })
      tell({ kind: 'bound', door, token })
    },
    /** The ports that listeners have, which those of later threads have too. */
    usePorts: (ports: Ports) => change({ listeners: withPorts(settings.listeners, ports) }),
  }
}

function withPorts(setups: ListenerSetups, ports: Ports): ListenerSetups {
  const changed: Partial<Record<ListenerName, ListenerSetup>> = { ...setups }
  for (const name of listenerNames) {
    const [setup, port] = [setups[name], ports[name]]
    if (setup?.at.kind === 'tcp' && port !== undefined) {
      changed[name] = { ...setup, at: { ...setup.at, port } }
    }
  }
  return changed
}

/** The ports of a thread that is started, once it listens. */
function portsOf(
  setups: ListenerSetups,
  start: (onFirst: (message: FromThread | undefined) => void) => void,
): Promise<Ports> {
  return new Promise((resolve, reject) => {
    start((message) => {
      if (message?.kind === 'listening') resolve(message.ports)
      else reject(refusalOf(setups, message))
    })
  })
}

function refusalOf(setups: ListenerSetups, message: FromThread | undefined): Error {
  const setup = message?.kind === 'failed' ? setups[message.listener] : undefined
  if (message?.kind !== 'failed' || !setup) return new Error('ERR_THREAD_ENDED')
  return listenRefused(listenerKey(message.listener), setup.at, message.code)
}

/** Where publications are made, and where it is known which threads judge by them. */
function createBoard() {
  const number = createPublicationNumber()
  const revisions = new Map<number, number>()
  const revisionsKept = 1000
  let facts: StandingFacts | undefined
  let latest: Publication | undefined
  let waiting: (() => void)[] = []

  const settle = (threads: readonly ThreadHandle[]) => {
    const wanted = latest?.number ?? 0
    if (threads.some(({ applied }) => applied < wanted)) return
    const done = waiting
    waiting = []
    for (const resolve of done) resolve()
  }
  return {
    number,
    settle,
    /** The number of the latest publication. */
    get latest() {
      return latest?.number ?? 0
    },
    get facts() {
      return facts
    },
    /** The publication that a new thread starts with. */
    whole: (): Publication | undefined =>
      facts && latest && { number: latest.number, update: { kind: 'whole', facts } },
    stateOf: ({ id, listening, applied }: ThreadHandle): ThreadState => ({
      id,
      listening,
      revision: revisions.get(applied),
    }),
    publish(update: StandingUpdate, threads: readonly ThreadHandle[]): Promise<void> {
      facts = update.kind === 'whole' ? update.facts : patched(facts, update.patch)
      latest = { number: (latest?.number ?? 0) + 1, update }
      revisions.set(latest.number, facts.revision)
      revisions.delete(latest.number - revisionsKept)
      for (const thread of threads) thread.post(latest)
      Atomics.store(number, 0, latest.number)
      return new Promise((resolve) => {
        waiting.push(resolve)
        settle(threads)
      })
    },
  }
}

function patched(facts: StandingFacts | undefined, patch: Partial<StandingFacts>): StandingFacts {
  if (!facts) throw new TypeError('a patch came before any standing')
  return { ...facts, ...patch }
}
