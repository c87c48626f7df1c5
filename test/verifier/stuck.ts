// Loaded into a verifier: the thread that first finds a file called `stuck` in the working folder never ends its turn.
import { renameSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

const never = new Int32Array(new SharedArrayBuffer(4))

function isChosen(): boolean {
  try {
    renameSync('stuck', 'was-stuck')
    return true
  } catch {
    return false
  }
}

if (!isMainThread) {
  setInterval(() => {
    if (isChosen()) Atomics.wait(never, 0, 0)
  }, 10).unref()
}
