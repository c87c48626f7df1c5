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
  let line: (() => void)[] = []
  let next = 0
  const run = () => {
    const end = monotonic() + sliceMs
    do line[next++]?.()
    while (next < line.length && monotonic() < end)
    if (next < line.length) {
      setImmediate(run)
      return
    }
    line = []
    next = 0
  }
  return {
    add(work) {
      if (line.length - next >= waitingMax) return false
      if (line.length === 0) setImmediate(run)
      line.push(work)
      return true
    },
  }
}
