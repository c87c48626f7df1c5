// Loaded into a verifier: the thread that first finds a file called `stuck` in the working folder never ends its turn.
import { renameSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

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
    while (isChosen() || stuck) stuck = true
  }, 10).unref()
}
let stuck = false
