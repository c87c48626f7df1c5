import { readFileSync } from 'node:fs'
import process from 'node:process'
import type { Role } from '../config/checks.ts'
import { loadConfig } from '../config/load.ts'
import { describeMistake } from '../config/mistake.ts'
import type { Config } from '../config/schema.ts'

/** Reads the configuration that a process starts with, or says everything that is wrong with it. */
export function readStartConfig(argv: readonly string[], role?: Role): Config | undefined {
  const loaded = loadConfig({
    argv,
    env: process.env,
    cwd: process.cwd(),
    readFile: (path) => readFileSync(path, 'utf8'),
    role,
  })
  const findings = loaded.ok ? loaded.warnings : loaded.mistakes
  const word = loaded.ok ? 'warning: ' : ''
  for (const finding of findings) process.stderr.write(`${word}${describeMistake(finding)}\n`)
  return loaded.ok ? loaded.config : undefined
}
