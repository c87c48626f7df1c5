import type { RefusalSummary } from '../refusals.ts'
import { revokedIn, type Presented } from '../revoked-presented.ts'
import type { Use } from '../usage.ts'

interface UsageBatch {
  readonly usage: readonly Use[]
  readonly revokedPresented: readonly Presented[]
}

/** What waits to be told of the use of credentials; bounded, so that a silent authority costs nothing. */
export interface UsageQueue {
  readonly isEmpty: () => boolean
  /** Adds uses and gives the number of those that there was no room for. */
  readonly used: (uses: readonly Use[]) => number
  readonly refused: (refusals: readonly RefusalSummary[]) => void
  readonly take: () => UsageBatch
  /** Takes a batch back that could not be told. */
  readonly giveBack: (batch: UsageBatch) => void
}

const usesMax = 50_000
const usesAtOnce = 2000
const presentedMax = 1000

/** Makes an empty queue. */
export function createUsageQueue(): UsageQueue {
  let waiting: readonly Use[] = []
  let presented = new Map<string, number>()

  const note = (jti: string, count: number) => {
    const known = presented.get(jti)
    if (known !== undefined || presented.size < presentedMax)
      presented.set(jti, (known ?? 0) + count)
  }
  return {
    isEmpty: () => waiting.length === 0 && presented.size === 0,
    used(uses) {
      const all = [...waiting, ...uses]
      waiting = all.slice(0, usesMax)
      return all.length - waiting.length
    },
    refused(refusals) {
      for (const { jti, count } of revokedIn(refusals)) note(jti, count)
    },
    take() {
      const usage = waiting.slice(0, usesAtOnce)
      const revokedPresented = [...presented].map(([jti, count]) => ({ jti, count }))
      waiting = waiting.slice(usesAtOnce)
      presented = new Map()
      return { usage, revokedPresented }
    },
    giveBack({ usage, revokedPresented }) {
      waiting = [...usage, ...waiting].slice(0, usesMax)
      for (const { jti, count } of revokedPresented) note(jti, count)
    },
  }
}
