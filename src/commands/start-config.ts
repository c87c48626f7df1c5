import { readFileSync } from 'node:fs'
import process from 'node:process'
import type { Role } from '../config/checks.ts'
import { isTyped } from '../config/flags.ts'
import { loadConfig, type Loaded } from '../config/load.ts'
import { describeMistake, type Mistake } from '../config/mistake.ts'
import type { Config } from '../config/schema.ts'
import { tell } from './terminal.ts'

/** Loads the configuration of this process. */
export function loadStartConfig(argv: readonly string[], role?: Role): Loaded {
  return loadConfig({
    argv,
    env: process.env,
    cwd: process.cwd(),
    readFile: (path) => readFileSync(path, 'utf8'),
    role,
  })
}

/** Says everything that is wrong with a configuration, and gives the exit code: a mistyped flag is mistyped. */
export function tellMistakes(mistakes: readonly Mistake[]): 1 | 2 {
  for (const mistake of mistakes) tell(describeMistake(mistake))
  return mistakes.some(isTyped) ? 2 : 1
}

/** Reads the configuration that a process starts with, or says what is wrong with it and gives the exit code. */
export function readStartConfig(argv: readonly string[], role?: Role): Config | 1 | 2 {
  const loaded = loadStartConfig(argv, role)
  if (!loaded.ok) return tellMistakes(loaded.mistakes)
  for (const warning of loaded.warnings) tell(`warning: ${describeMistake(warning)}`)
  return loaded.config
}
