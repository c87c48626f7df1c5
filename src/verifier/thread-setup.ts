import type { MessagePort } from 'node:worker_threads'
import type { Leeway } from '../credential/time.ts'
import type { OutageAnswers } from '../decision/decide.ts'
import type { DoorName } from '../decision/question.ts'
import type { DoorSettings } from '../doors/http-door.ts'
import type { FreshnessSource } from './feed/freshness.ts'
import type { Publication } from './publication.ts'
import type { RefusalSummary } from './refusals.ts'
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

/** The listeners of a thread, each for a protocol. */
export const listenerNames = ['http', 'grpc'] as const
export type ListenerName = (typeof listenerNames)[number]

/** A listener, and what it shows of itself. */
export interface ListenerSetup {
  readonly at: ListenAt
  readonly tls: TlsMaterial | undefined
}

/** One that is not there is off. */
type ListenerSetups = Readonly<Partial<Record<ListenerName, ListenerSetup>>>
export type Ports = Readonly<Partial<Record<ListenerName, number>>>

/** What all threads of a verifier have in common. */
export interface VerifierSettings {
  readonly listeners: ListenerSetups
  readonly doors: DoorSettingsByName
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
  /** Whether other threads listen at the same address. */
  readonly reusePort: boolean
  readonly port: MessagePort
  readonly number: Int32Array<SharedArrayBuffer>
  readonly first: Publication | undefined
  /** The memory into which all threads count, each into its own part. */
  readonly counters: SharedArrayBuffer
}

/** What the main thread says to a thread, besides publications. */
export type ToThread =
  | { readonly kind: 'tls'; readonly listener: ListenerName; readonly tls: TlsMaterial }
  | { readonly kind: 'drain' }
  | { readonly kind: 'close' }

/** What a thread says to the main thread. */
export type FromThread =
  | { readonly kind: 'listening'; readonly ports: Ports }
  | { readonly kind: 'applied'; readonly number: number }
  | { readonly kind: 'unknown-key' }
  | { readonly kind: 'failed'; readonly code: string }
  | {
      readonly kind: 'report'
      readonly refusals: readonly RefusalSummary[]
      readonly uses: readonly Use[]
      readonly proofs: number
    }
