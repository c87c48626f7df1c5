import type { Decision } from '../decision/decision.ts'
import type { DoorName } from '../decision/question.ts'
import type { Clock } from '../system/clock.ts'
import { createRefusals } from './refusals.ts'
import type { FromThread } from './thread-setup.ts'

/** What a thread notes of its decisions; nothing here may make a question wait. */
export interface ThreadObserver {
  readonly decided: (door: DoorName, decision: Decision, decisionId: string) => void
  readonly close: () => void
}

export interface ThreadObserverParts {
  readonly say: (message: FromThread) => void
  readonly clock: Clock
}

const reportEveryMs = 1000

/** Makes the observer of a thread. */
export function createThreadObserver({ say, clock }: ThreadObserverParts): ThreadObserver {
  const refusals = createRefusals()
  let askedForKeysAt = Number.NEGATIVE_INFINITY

  const askForKeys = () => {
    const now = clock.monotonic()
    if (now - askedForKeysAt < reportEveryMs) return
    askedForKeysAt = now
    say({ kind: 'unknown-key' })
  }
  const report = () => {
    const summaries = refusals.take()
    if (summaries.length > 0) say({ kind: 'refused', refusals: summaries })
  }
  const timer = setInterval(report, reportEveryMs).unref()

  return {
    decided(door, decision, decisionId) {
      if (decision.kind === 'allow') return
      refusals.add(door, decision, decisionId)
      if (decision.reason === 'key-unknown') askForKeys()
    },
    close() {
      clearInterval(timer)
      report()
    },
  }
}
