import { setTimeout as delay } from 'node:timers/promises'
import type { RefusalNote } from './refusals.ts'

/** The refusals of late, by the id of the decision. Threads tell them once a second. */
export interface RecentRefusals {
  readonly remember: (notes: readonly RefusalNote[]) => void
  /** Waits once for what threads have not told yet. */
  readonly find: (decisionId: string) => Promise<RefusalNote | undefined>
}

const kept = 10_000
const toldWithinMs = 1200

/** Makes a memory that knows of nothing yet. */
export function createRecentRefusals(): RecentRefusals {
  const byId = new Map<string, RefusalNote>()
  return {
    remember(notes) {
      for (const note of notes) byId.set(note.decisionId, note)
      for (const id of byId.keys()) {
        if (byId.size <= kept) return
        byId.delete(id)
      }
    },
    async find(decisionId) {
      if (!byId.has(decisionId)) await delay(toldWithinMs, undefined, { ref: false })
      return byId.get(decisionId)
    },
  }
}
