// The data plane, assembled: a source of what is in force, the threads that answer by it, and the pages that say how
// they are.

import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../system/clock.ts'
import type { Log } from '../telemetry/log.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import type { SafeText } from '../telemetry/safe-text.ts'
import { boundDoors, createBoundCredentials, type BoundFiles } from './bound-credentials.ts'
import { createDropWarning } from './dropped-connections.ts'
import { createFreshnessView, createOutsideView } from './freshness-view.ts'
import { createExplaining } from './explaining.ts'
import { createHealth, type HealthSettings } from './health.ts'
import { listenFor, listenerKey } from './listen-refused.ts'
import { createOpsServer } from './ops-server.ts'
import type { AuthorityLink } from './authority-link.ts'
import { createRecentRefusals, type RecentRefusals } from './recent-refusals.ts'
import { createSources, type Sources } from './sources.ts'
import { threadLayout } from './thread-metrics.ts'
import {
  listenerNames,
  type FromThread,
  type ListenAt,
  type ListenerName,
  type ListenerSetup,
  type ListenerSetups,
  type Ports,
  type TlsMaterial,
  type VerifierSettings,
} from './thread-setup.ts'
import { createThreads, type Threads } from './threads.ts'
import { watchTlsFiles, type TlsFiles } from './tls-files.ts'
import {
  logBrokenSource,
  logMendedSource,
  logDeath,
  logListenerFailure,
  logRefusals,
} from './logging.ts'
import type { Note } from './trust-reports.ts'
import type { TrustSettings } from './trust-source.ts'
import { createVerifierMetrics } from './verifier-metrics.ts'

/** A listener as it is configured. */
export interface ListenerSettings {
  readonly at: ListenAt
  readonly tls: TlsFiles | undefined
}

/** The listeners of the threads as they are configured. */
export type ThreadListenerParts = Readonly<
  Partial<Record<ListenerName, ListenerSettings | undefined>>
>

export interface VerifierParts extends ThreadListenerParts {
  readonly settings: Omit<VerifierSettings, 'listeners' | 'bound' | 'reportsUsage' | 'freshness'>
  /** The files with the credentials of doors that stand for one gateway. */
  readonly bound?: BoundFiles
  readonly health: HealthSettings
  readonly ops: ListenerSettings | undefined
  readonly trust: readonly TrustSettings[]
  readonly authority?: AuthorityLink | undefined
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  /** Where refusals are noted, where another part of the process is asked about them too. */
  readonly recent?: RecentRefusals
  /** Those of the process, where another part of it counts too. */
  readonly metrics?: Metrics
  /** For how long questions are still taken after it was said that no more should come; a second if not told. */
  readonly farewellMs?: number
}

/** A running verifier. */
export interface Verifier {
  readonly ports: Ports & { readonly ops: number | undefined }
  /** Says that it is not ready, answers what is under way, and ends. */
  readonly stop: () => Promise<void>
}

/** How long the sources are waited for before questions are taken. */
const firstReadingMs = 2000
const usualFarewellMs = 1000

type Close = () => unknown

/**
 * Starts a verifier; rejects with a `ListenRefused` when an address cannot be had, and with a `TlsFilesError` when a
 * certificate cannot.
 */
export async function startVerifier(parts: VerifierParts): Promise<Verifier> {
  const closing: Close[] = []
  const closeAll = async () => {
    for (const close of closing.splice(0).toReversed()) await close()
  }
  try {
    return await assemble(parts, closing, closeAll)
  } catch (error) {
    // What has begun would keep the process alive.
    await closeAll()
    throw error
  }
}

async function assemble(
  parts: VerifierParts,
  closing: Close[],
  closeAll: () => Promise<void>,
): Promise<Verifier> {
  const { health: said, clock, log, farewellMs = usualFarewellMs } = parts
  const counters = threadLayout.allocate(said.workers)
  const recent = parts.recent ?? createRecentRefusals()
  const reports = takeReports(parts, recent, () => sources)

  const say: Note = (name, problem) => {
    health.source(name, problem)
    metrics.source(name, problem !== undefined)
  }
  const note = noteTaker(log, say)
  const readTls = tlsReader(note, closing)
  const opsTls = await readTls('listen.ops', parts.ops, (tls) => ops.useTls(tls))
  const listeners = await readListeners(parts, readTls, (name, tls) => threads.useTls(name, tls))
  const { bound: files = {} } = parts

  const threads = createThreads({
    count: said.workers,
    settings: {
      ...parts.settings,
      listeners,
      bound: unbound(files),
      ...linkSettings(parts.authority),
    },
    counters,
    ...reports,
  })
  closing.push(threads.close)
  const sources = createSources({
    ...parts,
    threads,
    note,
    say,
    onKeysRead: (good) => metrics.keySetRefreshed(good),
  })
  closing.push(sources.close)
  const bound = createBoundCredentials({ files, onToken: threads.useBound, onSource: note })
  closing.push(bound.close)
  const { judged, shown } = freshnessViews(parts, threads, sources)
  const known = { ...sources, threads, counters, freshness: shown, proofs: reports.proofs }
  const health = createHealth({ ...known, clock, settings: said })
  const page = parts.metrics ?? createMetrics()
  const metrics = createVerifierMetrics({ ...known, metrics: page, workers: said.workers })
  const ofThreads = { facts: () => threads.facts, freshness: judged, recent, clock }
  const explain = createExplaining({ ...ofThreads, ...parts.settings })
  const ops = createOpsServer({ ...health, metrics: page, tls: opsTls, explain })

  const opsPort = parts.ops && (await listenFor('listen.ops', ops.server, parts.ops.at))
  if (parts.ops) closing.unshift(ops.close)
  // Who asks before anything is known is told so rather than left without an answer.
  await Promise.all([bound.start(), settledWithin(sources.start(), firstReadingMs)])
  const ports = await threads.start()

  const stop = async () => {
    health.draining()
    threads.drain()
    await delay(farewellMs)
    await closeAll()
  }
  return { ports: { ...ports, ops: opsPort }, stop }
}

/** How old what is in force is: as requests are judged by, and as it is shown. */
function freshnessViews(
  { authority, clock }: Pick<VerifierParts, 'authority' | 'clock'>,
  threads: Pick<Threads, 'facts'>,
  sources: Pick<Sources, 'isOutdated' | 'keysAgeMs'>,
) {
  const judged = createFreshnessView(authority?.freshness, clock)
  const isKnown = () => threads.facts !== undefined
  return { judged, shown: authority ? judged : createOutsideView({ ...sources, isKnown }) }
}

/** The doors that stand for one gateway, before its credential is known. */
function unbound(files: BoundFiles) {
  return Object.fromEntries(boundDoors(files).map(([door]) => [door, undefined]))
}

/** What threads need to know of the way to the authority. */
function linkSettings(link: AuthorityLink | undefined) {
  return { reportsUsage: link !== undefined, freshness: link?.freshness }
}

/** Waits for something, but not for long; no timer is left behind. */
async function settledWithin(work: Promise<unknown>, milliseconds: number): Promise<void> {
  let late: NodeJS.Timeout | undefined
  const enough = new Promise<void>((resolve) => {
    late = setTimeout(resolve, milliseconds)
  })
  try {
    await Promise.race([work, enough])
  } finally {
    clearTimeout(late)
  }
}

/** Takes what threads report of themselves. */
function takeReports(
  { log, clock }: Pick<VerifierParts, 'log' | 'clock'>,
  recent: RecentRefusals,
  sources: () => Pick<Sources, 'hurry' | 'used' | 'refused'>,
) {
  const proofs = new Map<number, number>()
  const warnOfDrops = createDropWarning(log, clock.monotonic)
  return {
    proofs: () => sum(proofs.values()),
    onMessage(id: number, message: FromThread) {
      if (message.kind === 'unknown-key') sources().hurry()
      if (message.kind === 'failed') logListenerFailure(log, id, message)
      if (message.kind === 'dropped') warnOfDrops(message.connections)
      if (message.kind !== 'report') return
      if (message.uses.length > 0) sources().used(message.uses)
      sources().refused(message.refusals)
      recent.remember(message.notes)
      proofs.set(id, message.proofs)
      logRefusals(log, message.refusals)
    },
    onDeath(id: number, error: SafeText | undefined) {
      proofs.delete(id)
      logDeath(log, id, error)
    },
  }
}

/** Takes what is wrong with sources, says so and writes it to the log. */
function noteTaker(log: Log, say: Note): Note {
  const read = new Set<string>()
  const broken = new Set<string>()
  return (name, problem) => {
    say(name, problem)
    if (problem !== undefined) {
      broken.add(name)
      logBrokenSource(log, name, problem, read.has(name))
      return
    }
    read.add(name)
    if (broken.delete(name)) logMendedSource(log, name)
  }
}

/** Reads the TLS files of listeners and goes on watching them. */
function tlsReader(note: Note, closing: Close[]) {
  return async (
    name: string,
    listener: ListenerSettings | undefined,
    onChange: (tls: TlsMaterial) => void,
  ): Promise<TlsMaterial | undefined> => {
    if (!listener?.tls) return undefined
    const onProblem = (problem: string | undefined) => note(`TLS of ${name}`, problem)
    const watch = await watchTlsFiles({ files: listener.tls, onChange, onProblem })
    closing.push(watch.close)
    return watch.first
  }
}

type TlsReader = ReturnType<typeof tlsReader>

/** Reads the certificates of the threads' listeners. */
async function readListeners(
  parts: ThreadListenerParts,
  readTls: TlsReader,
  onTls: (name: ListenerName, tls: TlsMaterial) => void,
): Promise<ListenerSetups> {
  const setups: Partial<Record<ListenerName, ListenerSetup>> = {}
  for (const name of listenerNames) {
    const listener = parts[name]
    if (!listener) continue
    const tls = await readTls(listenerKey(name), listener, (changed) => onTls(name, changed))
    setups[name] = { at: listener.at, tls }
  }
  return setups
}

function sum(counts: Iterable<number>): number {
  let total = 0
  for (const count of counts) total += count
  return total
}
