import type { Admission } from '../decision/decide.ts'

const perSecond = 10_000
const burst = 5_000

/**
 * A budget for the signatures of first-seen tokens of one thread. Beyond it they are told to come back, so that a flood
 * of forgeries leaves the processor to those that are known. Where those wait for nobody, tokens that turn out to be live
 * use up nothing: however many come at once, as after a start, they are not what it is against.
 */
export function createAdmission(monotonic: () => number): Admission {
  let left = burst
  let last = monotonic()
  return {
    admit() {
      if (left < 1) {
        const now = monotonic()
        left = Math.min(burst, left + ((now - last) / 1000) * perSecond)
        last = now
        if (left < 1) return false
      }
      left--
      return true
    },
    giveBack: () => void left++,
  }
}
