// Threads that do nothing any more. One that has died is seen to have ended; one that is stuck would leave its share of
// all questions without an answer, and hold up every later acknowledgement, so it is ended too, and another takes its
// place.

import type { ThreadHandle } from './thread-handle.ts'

type Watched = Pick<ThreadHandle, 'listening' | 'applied' | 'unanswered' | 'ping' | 'kill'>

export interface ThreadWatch {
  /** Watches until a publication is applied, which it hands back. */
  readonly until: (applied: Promise<void>) => Promise<void>
  readonly close: () => void
}

// Counted in beats, not by a clock: a process that was stopped for a while has beaten once.
const beatMs = 500
const beatsMax = 10
/** How often each thread is asked whether it is there, when nothing else is heard of. */
const pingMs = 5000

/** Makes a watch over threads, by the number of the latest publication. */
export function createThreadWatch(
  threads: () => readonly Watched[],
  latest: () => number,
): ThreadWatch {
  const late = new Map<Watched, { readonly applied: number; readonly beats: number }>()
  let timer: ReturnType<typeof setInterval> | undefined
  const stop = () => {
    clearInterval(timer)
    timer = undefined
    late.clear()
  }
  const allBehind = () =>
    threads().filter(
      ({ listening, applied, unanswered }) => listening && (applied < latest() || unanswered > 0),
    )
  /** Nobody is woken to see that there is nothing to see. */
  const rest = () => {
    if (allBehind().length === 0) stop()
  }
  const beat = () => {
    const behind = allBehind()
    if (behind.length === 0) stop()
    for (const thread of late.keys()) if (!behind.includes(thread)) late.delete(thread)
    for (const thread of behind) {
      const { applied } = thread
      const before = late.get(thread)
      const beats = before?.applied === applied ? before.beats + 1 : 1
      late.set(thread, { applied, beats })
      if (beats >= beatsMax) thread.kill()
    }
  }
  const start = () => {
    timer ??= setInterval(beat, beatMs).unref()
  }
  const pinging = setInterval(() => {
    for (const thread of threads()) if (thread.unanswered === 0) thread.ping()
    start()
  }, pingMs).unref()
  return {
    until(applied) {
      start()
      return applied.finally(rest)
    },
    close() {
      clearInterval(pinging)
      stop()
    },
  }
}
