import { readFileSync } from 'node:fs'

/** How many files and connections this process may have open; `Infinity` where nobody can tell. */
export function openFilesMax(): number {
  const soft = /^Max open files\s+(\d+)/m.exec(limits())?.[1]
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft)
}

function limits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8')
  } catch {
    // Only Linux has it.
    return ''
  }
}
