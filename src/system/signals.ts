import { constants } from 'node:os'
import process from 'node:process'

const watched = ['SIGTERM', 'SIGINT'] as const

/** A signal that asks the process to end. */
export type StopSignal = (typeof watched)[number]

/** What undoes `onStopSignal`. */
export interface StopSignals {
  close(): void
}

/** Calls back at the first signal that asks the process to end; the second one ends it on the spot. */
export function onStopSignal(stop: (signal: StopSignal) => void): StopSignals {
  let stopping = false
  const receive = (signal: StopSignal) => {
    if (stopping) process.exit(128 + constants.signals[signal])
    stopping = true
    stop(signal)
  }
  for (const signal of watched) process.on(signal, receive)
  return {
    close() {
      for (const signal of watched) process.off(signal, receive)
    },
  }
}
