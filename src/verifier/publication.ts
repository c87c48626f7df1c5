// How a new standing gets from the main thread to the threads that answer.
//
//   main:    fills the shared revoked set → posts the publication to every thread → raises the shared number
//   thread:  before each question compares the number with that of its standing; behind → takes what was posted
//
// From the moment at which the number is raised, no question is judged by an older standing: a thread need not wait
// for its event loop to hear of it. A thread says that it has applied a publication from a turn of its event loop of
// its own, so that whatever it had answered before has been written by then.

import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads'
import {
  createStanding,
  patchStanding,
  type Revision,
  type Standing,
  type StandingFacts,
} from '../standing/standing.ts'

/** What one publication changes: everything, or the facts that it names. */
export type StandingUpdate =
  | { readonly kind: 'whole'; readonly facts: StandingFacts }
  | {
      readonly kind: 'patch'
      readonly patch: Partial<StandingFacts> & { readonly revision: Revision }
    }

export interface Publication {
  readonly number: number
  readonly update: StandingUpdate
}

/** The standing after an update; a patch needs one to build on. */
function applyUpdate(standing: Standing | undefined, update: StandingUpdate): Standing {
  if (update.kind === 'whole') return createStanding(update.facts)
  if (!standing) throw new TypeError('a patch came before any standing')
  return patchStanding(standing, update.patch)
}

/** Makes the memory in which the number of the latest publication stands. */
export function createPublicationNumber(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
}

/** A thread's side. */
export interface Subscriber {
  /** The standing of now. */
  readonly standing: () => Standing | undefined
}

export interface SubscriberParts {
  readonly port: MessagePort
  readonly number: Int32Array<SharedArrayBuffer>
  readonly first: Publication | undefined
  /** Told, in a turn of its own, of the latest publication that this thread judges by. */
  readonly onApplied: (number: number) => void
}

/** Follows the publications that are posted to a port. */
export function createSubscriber({ port, number, first, onApplied }: SubscriberParts): Subscriber {
  let standing = first && applyUpdate(undefined, first.update)
  let applied = first?.number ?? 0
  let told = applied

  const apply = (publication: Publication) => {
    standing = applyUpdate(standing, publication.update)
    applied = publication.number
  }
  const drain = () => {
    for (;;) {
      const received = receiveMessageOnPort(port)
      if (!received) return
      const publication: Publication = received.message
      apply(publication)
    }
  }
  const tell = () => {
    if (told === applied) return
    told = applied
    onApplied(applied)
  }
  port.on('message', (publication: Publication) => {
    apply(publication)
    tell()
  })

  return {
    standing() {
      if (Atomics.load(number, 0) !== applied) {
        drain()
        setImmediate(tell)
      }
      return standing
    },
  }
}
