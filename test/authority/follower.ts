import type { LocalFollower } from '../../src/authority/local-feed.ts'
import type { Change } from '../../src/standing/change.ts'
import type { StandingSnapshot } from '../../src/standing/snapshot.ts'

/** A verifier that writes down what it is given, and holds its acknowledgements back when told to. */
export interface Recorder extends LocalFollower {
  readonly snapshots: StandingSnapshot[]
  readonly changes: Change[]
  readonly hold: () => void
  readonly release: () => void
  /** Resolves once something has been given after the call. */
  readonly next: () => Promise<void>
}

/** Makes a recorder; `fail` throws what it returns. */
export function createRecorder(name: string, fail?: () => Error | undefined): Recorder {
  const snapshots: StandingSnapshot[] = []
  const changes: Change[] = []
  let gate: PromiseWithResolvers<void> | undefined
  let given = Promise.withResolvers<void>()
  const take = async () => {
    given.resolve()
    given = Promise.withResolvers()
    const error = fail?.()
    if (error) throw error
    await gate?.promise
  }
  return {
    name,
    version: 'test',
    snapshots,
    changes,
    hold() {
      gate = Promise.withResolvers()
    },
    release() {
      gate?.resolve()
      gate = undefined
    },
    next: () => given.promise,
    async onSnapshot(snapshot) {
      snapshots.push(snapshot)
      await take()
    },
    async onChanges(some) {
      changes.push(...some)
      await take()
    },
  }
}
