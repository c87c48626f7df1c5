// Threads that do not take what they are told. One that has died is seen to have ended; one that is stuck would hold up
// every later acknowledgement, so it is ended too, and another takes its place.

import type { ThreadHandle } from './thread-handle.ts'

type Watched = Pick<ThreadHandle, 'listening' | 'applied' | 'kill'>

export interface ThreadWatch {
  /** Watches until a publication is applied, which it hands back. */
  readonly until: (applied: Promise<void>) => Promise<void>
  readonly close: () => void
}

// Counted in beats, not by a clock: a process that was stopped for a while has beaten once.
const beatMs = 500
const beatsMax = 10

/** Makes a watch over threads, by the number of the latest publication. */
export function createThreadWatch(
  threads: () => readonly Watched[],
  latest: () => number,
): ThreadWatch {
  const late = new Map<Watched, { readonly applied: number; readonly beats: number }>()
  let timer: ReturnType<typeof setInterval> | undefined
  const close = () => {
    clearInterval(timer)
    timer = undefined
    late.clear()
  }
  const allBehind = () =>
    threads().filter(({ listening, applied }) => listening && applied < latest())
  /** Nobody is woken to see that there is nothing to see. */
  const rest = () => {
    if (allBehind().length === 0) close()
  }
  const beat = () => {
    const behind = allBehind()
    if (behind.length === 0) close()
    for (const thread of behind) {
      const { applied } = thread
      const before = late.get(thread)
      const beats = before?.applied === applied ? before.beats + 1 : 1
      late.set(thread, { applied, beats })
      if (beats >= beatsMax) thread.kill()
    }
  }
  return {
    until(applied) {
      timer ??= setInterval(beat, beatMs).unref()
      return applied.finally(rest)
    },
    close,
  }
}
