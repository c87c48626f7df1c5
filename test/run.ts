// Runs all tests that need nothing but Node: in as few processes as keep the cores busy, since starting one
// for each file would take longer than the tests.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { runSideBySide, type Command } from './side-by-side.ts'

/** The folders whose tests start servers, databases and processes of their own; each of the others is quick. */
const heavy = [['authority'], ['feed'], ['verifier'], ['doors', 'store']]

const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
const light = folders.filter((name) => !heavy.flat().includes(name))

function testing(names: readonly string[]): Command {
  const files = names.map((name) => `test/${name}/**/*.test.ts`)
  return [process.execPath, '--test', '--test-isolation=none', ...files]
}

await runSideBySide([...heavy, light].map(testing), {
  ...process.env,
  // Most of a thread's start would be to compile what others have compiled.
  NODE_COMPILE_CACHE: join(import.meta.dirname, '../node_modules/.cache/node'),
})
