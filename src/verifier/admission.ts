/** Says whether the signature of one more token that was not seen before may be verified now. */
export type Admission = () => boolean

const perSecond = 10_000
const burst = 5_000

/**
 * A budget for the signatures of first-seen tokens of one thread. Beyond it they are told to come back, so that a flood
 * of forgeries leaves the processor to those that are known.
 */
export function createAdmission(monotonic: () => number): Admission {
  let left = burst
  let last = monotonic()
  return () => {
    if (left < 1) {
      const now = monotonic()
      left = Math.min(burst, left + ((now - last) / 1000) * perSecond)
      last = now
      if (left < 1) return false
    }
    left--
    return true
  }
}
