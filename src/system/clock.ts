import process from 'node:process'

/** Where time comes from; handed to every part that needs it, so that a test can hold it still. */
export interface Clock {
  /** Milliseconds since 1970, which steps when somebody sets the machine's time: for `exp`, `nbf` and what people read. */
  readonly wall: () => number
  /** Milliseconds since some moment, the same in all threads, never going back: for ages and deadlines. */
  readonly monotonic: () => number
}

// `performance.now` is the quick one, but counts from the start of its thread.
const threadStart = Number(process.hrtime.bigint()) / 1e6 - performance.now()

/** The machine's own clocks. */
export const systemClock: Clock = Object.freeze({
  wall: () => Date.now(),
  monotonic: () => threadStart + performance.now(),
})
