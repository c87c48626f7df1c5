import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { writeFileAtomic } from '../../system/atomic-file.ts'

const mode = 0o600

/**
 * What tells the processes apart that use one enrolment. It is kept beside the state, since whoever starts from a state
 * may judge by it; where it cannot be kept, each start counts as one more.
 */
export async function readInstance(stateFile: string): Promise<string> {
  const path = `${stateFile}.instance`
  const kept = await readFile(path, 'utf8').catch(() => '')
  if (/^[\w-]{36}$/.test(kept)) return kept
  const instance = randomUUID()
  await writeFileAtomic(path, instance, mode).catch(() => undefined)
  return instance
}
