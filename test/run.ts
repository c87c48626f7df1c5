// Runs all tests that need nothing but Node: in as few processes as keep the cores busy, since starting one
// for each file would take longer than the tests. What one process prints stays together.

import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

/** The folders whose tests start servers, databases and processes of their own; each of the others is quick. */
const heavy = [['authority'], ['feed'], ['verifier'], ['doors', 'store']]

const options = ['--test', '--test-isolation=none']
// Most of a thread's start would be to compile what others have compiled.
const compiled = join(import.meta.dirname, '../node_modules/.cache/node')
const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

function run(names: readonly string[]): Promise<{ readonly code: number; readonly said: string }> {
  const files = names.map((name) => `test/${name}/**/*.test.ts`)
  const child = spawn(process.execPath, [...options, ...files], {
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code: code ?? 1, said })))
}

const light = folders.filter((name) => !heavy.flat().includes(name))
const runs = await Promise.all([...heavy, light].map(run))
for (const { said } of runs) process.stdout.write(said)
process.exitCode = Math.max(...runs.map(({ code }) => code))
