import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import process from 'node:process'
import type { TestContext } from 'node:test'

// Where Debian puts servers is not on everybody's path.
const searchPath = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`

/** The environment with every folder in which programs are. */
export const withServers = { ...process.env, PATH: searchPath }

function isMissing(name: string): boolean {
  const looked = spawnSync('sh', ['-c', 'command -v "$0"', name], {
    stdio: 'ignore',
    env: withServers,
  })
  return looked.status !== 0
}

/** Whether programs are there; where one is not, the test is *not run*, or fails in CI if it has to be there. */
export function areInstalled(t: TestContext, programs: readonly string[], inCi = true): boolean {
  const missing = programs.find(isMissing)
  if (missing === undefined) return true
  const why = `not run: ${missing} is not installed`
  if (inCi && (process.env['CI'] ?? '') !== '') assert.fail(why)
  t.skip(why)
  return false
}
