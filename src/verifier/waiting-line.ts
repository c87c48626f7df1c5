// What takes long is done after what does not, and in slices between which the sockets are looked at: who needs a
// signature checked first waits for those who do not, and these never wait for more than a slice.

/** Does things one after another, when there is time. */
export interface WaitingLine {
  /** Adds what is to be done; false, and not added, where too much waits already. */
  readonly add: (work: () => void) => boolean
}

const sliceMs = 0.5
/** At a tenth of a millisecond each, a fifth of a second. */
const waitingMax = 2000

/** Makes an empty line. */
export function createWaitingLine(monotonic: () => number): WaitingLine {
  // Each place is empty again once its work is begun: under a flood there is no end at which all could be let go.
  const places = Array.from({ length: waitingMax }, (): (() => void) | undefined => undefined)
  let first = 0
  let waiting = 0
  let isDue = false
  /** Does the first, and says whether there is another. */
  const doFirst = (): boolean => {
    const work = places[first]
    places[first] = undefined
    first = (first + 1) % waitingMax
    waiting -= 1
    work?.()
    return waiting > 0
  }
  const run = () => {
    const end = monotonic() + sliceMs
    let goesOn = true
    while (goesOn) goesOn = doFirst() && monotonic() < end
    isDue = waiting > 0
    if (isDue) setImmediate(run)
  }
  return {
    add(work) {
      if (waiting >= waitingMax) return false
      places[(first + waiting) % waitingMax] = work
      waiting += 1
      if (!isDue) setImmediate(run)
      isDue = true
      return true
    },
  }
}
