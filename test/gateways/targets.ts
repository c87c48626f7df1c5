import { readFileSync } from 'node:fs'

/** A target as a client may write it. */
export interface TargetCase {
  readonly target: string
  /** Whether there is nothing about it that a gateway could rightly refuse. */
  readonly isPlain: boolean
}

/** Every target that a client may write, one character for a byte. */
export function targetCases(): readonly TargetCase[] {
  const file = new URL('../cases/targets.json', import.meta.url)
  const cases: readonly TargetCase[] = JSON.parse(readFileSync(file, 'utf8'))
  return cases
}
