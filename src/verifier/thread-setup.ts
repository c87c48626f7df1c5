import type { MessagePort } from 'node:worker_threads'
import type { Leeway } from '../credential/time.ts'
import type { OutageAnswers } from '../decision/decide.ts'
import { doorNames, type DoorName } from '../decision/question.ts'
import type { DoorSettings } from '../doors/http-door.ts'
import type { FreshnessSource } from './feed/freshness.ts'
import type { Publication } from './publication.ts'
import type { RefusalNote, RefusalSummary } from './refusals.ts'
import type { Use } from './usage.ts'

/** Where a listener of the verifier listens. */
export type ListenAt =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** Certificate and keys in PEM, as they were read. */
export interface TlsMaterial {
  readonly cert: Buffer
  readonly key: Buffer
  readonly clientCa: Buffer | undefined
}

/** What a listener bears before it refuses. */
export interface HookLimits {
  readonly headerBytes: number
  readonly bodyBytes: number
  readonly sockets: number
}

/** The doors that a verifier has, each with its settings; a door that is off is not there. */
export type DoorSettingsByName = Partial<Readonly<Record<DoorName, DoorSettings>>>

/** What the sideband door has beside what all doors have. */
interface SidebandSettings {
  readonly gatewayTypes: readonly string[]
  /** Questions of one credential in a second, as each thread counts them; `undefined` for any number. */
  readonly perSecond: number | undefined
  /** 32 secret bytes that seal `state`; the same on every node that is to understand it. */
  readonly stateKey: Uint8Array
}

interface AuthzenSettings {
  /** The URL by which this decision point is known. */
  readonly identifier: string
  /** How many evaluations one body may ask for. */
  readonly batch: number
}

/** The listeners of a thread: each for a protocol, or for one door alone, which then answers nowhere else. */
export const listenerNames = [
  'http',
  'grpc',
  'spoe',
  ...doorNames.map((door) => `doors.${door}` as const),
] as const
export type ListenerName = (typeof listenerNames)[number]

/** A listener, and what it shows of itself. */
export interface ListenerSetup {
  readonly at: ListenAt
  readonly tls: TlsMaterial | undefined
}

/** One that is not there is off. */
export type ListenerSetups = Readonly<Partial<Record<ListenerName, ListenerSetup>>>
export type Ports = Readonly<Partial<Record<ListenerName, number>>>

/** What all threads of a verifier have in common. */
export interface VerifierSettings {
  readonly listeners: ListenerSetups
  readonly doors: DoorSettingsByName
  /** The credentials of doors that stand for one gateway; `undefined` while there is none to present. */
  readonly bound: Partial<Readonly<Record<DoorName, string | undefined>>>
  readonly sideband: SidebandSettings
  readonly authzen: AuthzenSettings
  readonly limits: HookLimits
  readonly leeway: Leeway
  readonly outage: OutageAnswers
  readonly proofCacheMax: number
  /** Whether anybody wants to know which credentials are used. */
  readonly reportsUsage: boolean
  /** Where it is noted how old what is known is; `undefined` where it cannot be old. */
  readonly freshness: FreshnessSource | undefined
}

/** All that a thread is started with. */
export interface ThreadSetup {
  readonly id: number
  readonly settings: VerifierSettings
  /** Whether other threads listen at the same addresses. */
  readonly reusePort: boolean
  /** Whether none of them does yet, so that nobody else may. */
  readonly isFirst: boolean
  readonly port: MessagePort
  readonly number: Int32Array<SharedArrayBuffer>
  readonly first: Publication | undefined
  /** The memory into which all threads count, each into its own part. */
  readonly counters: SharedArrayBuffer
}

/** What the main thread says to a thread, besides publications. */
export type ToThread =
  | { readonly kind: 'tls'; readonly listener: ListenerName; readonly tls: TlsMaterial }
  | { readonly kind: 'bound'; readonly door: DoorName; readonly token: string | undefined }
  | { readonly kind: 'ping'; readonly number: number }
  | { readonly kind: 'drain' }
  | { readonly kind: 'close' }

/** How many connections there was no room for, by listener. */
export type DroppedConnections = Readonly<Partial<Record<ListenerName, number>>>

/** What a thread says to the main thread. */
export type FromThread =
  | { readonly kind: 'listening'; readonly ports: Ports }
  | { readonly kind: 'applied'; readonly number: number }
  | { readonly kind: 'pong'; readonly number: number }
  | { readonly kind: 'unknown-key' }
  | { readonly kind: 'failed'; readonly listener: ListenerName; readonly code: string }
  | { readonly kind: 'dropped'; readonly connections: DroppedConnections }
  | {
      readonly kind: 'report'
      readonly refusals: readonly RefusalSummary[]
      readonly notes: readonly RefusalNote[]
      readonly uses: readonly Use[]
      readonly proofs: number
    }
